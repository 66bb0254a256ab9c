//! I8, nothing leaks: what comes down to a device is what its person may see. Every answer is taken apart to the last byte
//! and searched for everything that the world knows and this person must not.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldseal_server::store::Statement;
use fieldseal_tests::world::word;
use fieldseal_tests::{Phone, TestServer, World};
use serde_json::{Value, json};
use sync_core::model::DocumentId;

/// All that answers hold: their text, and whatever is written in it as base64 or as JSON inside a text.
struct Haystack(Vec<u8>);

impl Haystack {
    fn of(answers: &[String]) -> Self {
        let mut all = Self(Vec::new());
        for answer in answers {
            all.take(&serde_json::from_str(answer).unwrap());
        }
        all
    }

    fn take(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.take(value)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.put(name.as_bytes());
                    self.take(value);
                }
            }
            Value::String(text) => {
                self.put(text.as_bytes());
                if let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
                {
                    self.take(&inner);
                }
                if let Ok(bytes) = STANDARD.decode(text) {
                    self.put(&bytes);
                }
            }
            other => self.put(other.to_string().as_bytes()),
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        self.0.push(0);
    }

    fn has(&self, secret: &str) -> bool {
        let has = |bytes: &[u8]| self.0.windows(bytes.len()).any(|here| here == bytes);
        // Hashes and ids stand inside of changes as bytes.
        let raw = hex::decode(secret.replace('-', "")).unwrap_or_default();
        has(secret.as_bytes()) || (raw.len() >= 16 && has(&raw))
    }
}

fn statement(sql: &'static str) -> Statement {
    Statement {
        name: "SECRETS",
        sql,
    }
}

/// What names a document and everything in it: by the document.
const NAMES: [&str; 7] = [
    "SELECT document_id, hash AS bytes, NULL AS text FROM changes",
    "SELECT document_id, document_id AS bytes, NULL AS text FROM documents",
    "SELECT document_id, NULL AS bytes, sample_id AS text FROM samples",
    "SELECT document_id, NULL AS bytes, sheet_no AS text FROM samples",
    "SELECT document_id, NULL AS bytes, seal_no AS text FROM sample_seals",
    "SELECT document_id, NULL AS bytes, entry_id AS text FROM entries",
    "SELECT document_id, NULL AS bytes, ruling_id AS text FROM rulings",
];

/// Everything by which a visit could be told.
fn names_of(server: &TestServer, visit: DocumentId) -> Vec<String> {
    let mut names = Vec::new();
    server.runtime.block_on(async {
        let mut db = server.app.store.read().await.unwrap();
        for sql in NAMES {
            for row in db.all(&statement(sql), Vec::new()).await.unwrap() {
                if row.get::<Option<DocumentId>>("document_id").ok().flatten() != Some(visit) {
                    continue;
                }
                names.extend(
                    row.get::<Option<Vec<u8>>>("bytes")
                        .unwrap()
                        .map(hex::encode),
                );
                names.extend(row.get::<Option<String>>("text").unwrap());
            }
        }
    });
    assert!(names.len() > 20, "{names:?}");
    names
}

/// One team's work, with a word in it that stands nowhere else.
struct Work {
    owner: &'static str,
    visit: DocumentId,
    word: String,
}

fn works(w: &World, owner: &'static str, campaign: &str, at: &str, task: &str) -> (Phone, Work) {
    let mut phone = w.phone(owner);
    phone.works_in(campaign);
    let visit = phone.enters(at);
    let word = format!("机密-{owner}-{campaign}");
    phone.draws_with(task, json!({ "lot_no": format!("{word}-批") }));
    phone.client.splice_notes(visit, 0, 0, &word).unwrap();
    phone.syncs();
    w.minutes(5);
    (phone, Work { owner, visit, word })
}

/// Two provinces, three bodies, five teams, each at another door and with another product, so that no ruling of one names
/// another.
fn worked() -> (World, Vec<(Phone, Work)>) {
    let w = World::with(TestServer::start(), &["bodies", "shanghai", "shanxi"]);
    let all = vec![
        works(&w, "陈", "SH-2025-01", "塑业", "S1"),
        works(&w, "王", "JC-2025-01", "铸造", "T1"),
        works(&w, "李", "JC-2025-01", "消防", "T6"),
        works(&w, "刘", "JC-2025-01", "服饰", "T7"),
        works(&w, "赵", "YC-2025-01", "加油站", "Y1"),
    ];
    (w, all)
}

/// What nobody in these teams may learn: names of people, enterprises, products, campaigns and bodies of others.
fn foreign(reader: &str) -> &'static [&'static str] {
    match reader {
        "林" => &[
            "泽州示例铸造",
            "911405250000B1E536",
            "晋城示例五金店",
            "921405020000B2F60D",
            "高平示例服饰",
            "911405810000B3G78L",
            "盐湖示例加油站",
            "911408020000D1L24W",
            "永济示例消防",
            "911408810000D2M31Y",
            "盐湖示例商超",
            "921408020000D3N495",
            "检查井盖",
            "电动车头盔",
            "学生服",
            "车用汽油",
            "灭火器",
            "电动车充电器",
            "JC-2025-01",
            "SX-2025-01",
            "YC-2025-01",
            "王建国",
            "赵敏",
            "李华",
            "孙丽",
            "刘洋",
            "杨静",
            "钱进",
            "晋阳示例检测",
            "911401000000E2Q67Y",
            "济宁示例检验所",
            "123708000000E1P5X8",
            "晋城示例市市场监督管理局",
        ],
        "孙" => &[
            "学生服",
            "车用汽油",
            "灭火器",
            "电动车充电器",
            "延长线插座",
            "家用燃气灶",
            "食品接触塑料",
            "SX-2025-01",
            "YC-2025-01",
            "SH-2025-01",
            "王建国",
            "赵敏",
            "刘洋",
            "杨静",
            "钱进",
            "陈晨",
            "林琳",
            "济宁示例检验所",
            "申城示例质检",
            "上海示例市市场监督管理局",
        ],
        "杨" => &[
            "检查井盖",
            "车用汽油",
            "灭火器",
            "电动车充电器",
            "延长线插座",
            "家用燃气灶",
            "食品接触塑料",
            "YC-2025-01",
            "SH-2025-01",
            "王建国",
            "赵敏",
            "李华",
            "孙丽",
            "钱进",
            "陈晨",
            "林琳",
            "晋阳示例检测",
            "申城示例质检",
        ],
        // On no team: whoever only receives samples learns of no visit, task or enterprise.
        "钱" => &[
            "泽州示例铸造",
            "高平示例服饰",
            "永济示例消防",
            "检查井盖",
            "电动车头盔",
            "学生服",
            "车用汽油",
            "JC-2025-01",
            "王建国",
            "李华",
            "刘洋",
            "陈晨",
        ],
        _ => &[],
    }
}

#[test]
fn a_device_is_told_nothing_of_what_lies_outside_its_teams() {
    let (w, all) = worked();
    let mates = [
        ("林", &["陈"][..]),
        ("孙", &["李"]),
        ("杨", &["刘"]),
        ("钱", &[]),
    ];
    for (reader, mates) in mates {
        let phone = w.phone(reader);
        phone.syncs();
        let heard = Haystack::of(&phone.network.heard());
        for (_, work) in &all {
            let mine = mates.contains(&work.owner);
            assert_eq!(heard.has(&work.word), mine, "{reader}: {}", work.word);
            for name in names_of(&w.server, work.visit) {
                if mine {
                    continue;
                }
                assert!(
                    !heard.has(&name),
                    "{reader} was told {name} of {}",
                    work.owner
                );
            }
            // The search finds what is there.
            let named = heard.has(&work.visit.to_string());
            assert_eq!(named, mine, "{reader} and the visit of {}", work.owner);
            assert_eq!(phone.client.visit(work.visit).is_ok(), mine);
        }
        for secret in foreign(reader) {
            assert!(!heard.has(secret), "{reader} was told {secret}");
        }
    }
}

#[test]
fn whoever_left_a_team_is_told_nothing_more_and_keeps_no_copy() {
    let (w, all) = worked();
    let left = w.phone("孙");
    left.syncs();
    let (mate, work) = all.iter().find(|(_, work)| work.owner == "李").unwrap();
    assert!(left.client.visit(work.visit).is_ok());
    let roster = json!({ "members": [w.id("user", "李")] });
    let path = format!("/v1/teams/{}", w.id("team", "乙组"));
    w.call("PATCH", "admin", &path, roster).expect(200);
    let before = left.network.heard().len();
    let later = "机密-离组以后";
    mate.client.splice_notes(work.visit, 0, 0, later).unwrap();
    let sample = mate.draws_with("T5", json!({ "lot_no": "离组以后" }));
    mate.syncs();
    left.syncs();
    let gone = left.client.visit(work.visit);
    assert_eq!(gone.unwrap_err().code, "visit.unknown");
    let heard = Haystack::of(&left.network.heard()[before..]);
    let anew = w.phone("孙");
    anew.syncs();
    let told_anew = Haystack::of(&anew.network.heard());
    for secret in [later, "离组以后", &sample.to_string(), "李华"] {
        assert!(
            !heard.has(secret),
            "the phone of one who left was told {secret}"
        );
        assert!(!told_anew.has(secret), "a new phone was told {secret}");
    }
    assert!(!told_anew.has(&work.word));
    for name in names_of(&w.server, work.visit) {
        // That the visit itself is no longer theirs may be said by its id.
        if name != work.visit.to_string() {
            assert!(!told_anew.has(&name), "a new phone was told {name}");
        }
    }
    // Of what was once theirs to do, nothing is told but that it is no longer.
    for task in anew.client.tasks().unwrap() {
        assert_eq!(word(&task.record["state"]), "reassigned", "{task:?}");
        assert_eq!(task.record["enterprises"], json!([]), "{task:?}");
    }
}

#[test]
fn a_task_given_to_another_body_is_told_to_its_new_team_and_no_longer_to_the_old_one() {
    let (w, _all) = worked();
    let had = w.phone("孙");
    had.syncs();
    let before = had.network.heard().len();
    w.assigns("T6", "济宁", Some("丙组"));
    had.syncs();
    let id = w.id("task", "T6");
    let state = |phone: &Phone| {
        let tasks = phone.client.tasks().unwrap();
        let task = tasks.into_iter().find(|it| it.id == id);
        task.map(|it| (word(&it.record["state"]), it.record["enterprises"].clone()))
    };
    // They keep what sheets that they drew for it are judged by, and no longer where it is done.
    let moved = Some(("reassigned".to_owned(), json!([])));
    assert_eq!(state(&had), moved);
    let heard = Haystack::of(&had.network.heard()[before..]);
    for secret in ["刘洋", "杨静", "济宁示例检验所", &w.id("team", "丙组")] {
        assert!(!heard.has(secret), "the old team was told {secret}");
    }
    let anew = w.phone("孙");
    anew.syncs();
    assert_eq!(state(&anew), moved);
    let has = w.phone("杨");
    has.syncs();
    assert_eq!(state(&has).unwrap().0, "assigned");
}

#[test]
fn a_ruling_tells_of_the_entry_that_won_its_number_and_nothing_else() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    let won = a.enters("铸造");
    a.draws_with("T1", json!({ "lot_no": "机密批号" }));
    a.client.splice_notes(won, 0, 0, "机密备注").unwrap();
    a.syncs();
    w.minutes(30);
    let lost = b.enters("铸造");
    let sample = b.draws("T5");
    b.syncs();
    b.syncs();
    assert_eq!(w.standings(lost), ["excess"]);
    assert_eq!(w.validity(sample), "duplicate");
    assert!(!b.client.rulings(lost).unwrap().is_empty());
    let heard = Haystack::of(&b.network.heard());
    for secret in [
        "机密批号",
        "机密备注",
        "王建国",
        "赵敏",
        &w.id("user", "王"),
        &w.id("task", "T1"),
    ] {
        assert!(!heard.has(secret), "the loser was told {secret}");
    }
    for ruling in w.rulings(won) {
        let id = ruling["ruling_id"].as_str().unwrap();
        assert!(!heard.has(id), "the loser was told a ruling on the winner");
    }
}
