//! What rows of the audit trail speak of, by their names: people and visits of a page by one query each, whatever else there
//! is once. What a reader may not see keeps its id, and leads nowhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;
use sync_core::model::{
    CampaignId, DeviceId, DocumentId, EnterpriseId, Millis, OrganisationId, ProductRuleId,
    SampleId, TaskId, TeamId, UserId,
};
use sync_core::wording::in_list;
use uuid::Uuid;

use super::acts;
use crate::console::desk::Desk;
use crate::console::regions;
use crate::console::sheets::{Cell, code, link, text};
use crate::console::when::minute;
use crate::problem::Problem;
use crate::services::audit::AuditEventRow;
use crate::store::Session;
use crate::store::access::{devices, organisations, users};
use crate::store::reference::{campaigns, enterprises, product_rules, samples, tasks, teams};
use crate::store::rulings::verdicts::subject_of;
use crate::store::rulings::versions;
use crate::store::sync::visits;

/// What fields of details are called, in Chinese and in English, and what they hold.
const FIELDS: &[(&str, &str, &str, Holds)] = &[
    ("act", "操作", "act", Holds::Plain),
    ("activates_at_ms", "启用时间", "active from", Holds::Time),
    (
        "announced_by",
        "公布者密钥",
        "announced by key",
        Holds::Plain,
    ),
    ("attempts", "尝试次数", "attempts", Holds::Plain),
    (
        "campaign_id",
        "抽查计划",
        "campaign",
        Holds::Thing("campaign"),
    ),
    ("change", "变更", "change", Holds::Plain),
    ("code", "编号", "number", Holds::Plain),
    ("count", "数量", "count", Holds::Plain),
    ("created", "新增", "new", Holds::Plain),
    ("ending", "结束方式", "ended by", Holds::Plain),
    ("expires_at_ms", "有效期至", "good until", Holds::Time),
    ("form", "表格", "form", Holds::Plain),
    ("format", "格式", "format", Holds::Plain),
    ("from_ms", "起始时间", "from", Holds::Time),
    ("joined", "加入", "joined", Holds::People),
    ("kind", "类别", "kind", Holds::Word("organisation_kind")),
    ("left", "离开", "left", Holds::People),
    ("notice_no", "通知书编号", "notice", Holds::Plain),
    ("over", "方式", "by way of", Holds::Plain),
    ("range", "字节范围", "bytes", Holds::Plain),
    ("reason", "原因", "reason", Holds::Plain),
    ("receipt", "回执", "receipt", Holds::Plain),
    ("region", "行政区划", "region", Holds::Region),
    ("replaces", "原证书", "instead of certificate", Holds::Plain),
    ("roles", "角色", "roles", Holds::Word("role")),
    ("rows", "行数", "rows", Holds::Plain),
    ("serial", "证书序号", "certificate", Holds::Plain),
    ("sessions", "登录数", "sessions", Holds::Plain),
    ("sha256", "SHA-256", "SHA-256", Holds::Plain),
    ("signer", "签名人", "signer", Holds::People),
    ("size_bytes", "字节数", "bytes", Holds::Plain),
    ("sm3", "含 SM3", "with SM3", Holds::YesNo),
    ("task_id", "任务", "task", Holds::Thing("task")),
    ("team_id", "抽样组", "team", Holds::Thing("team")),
    ("told_at_ms", "告知时间", "told", Holds::Time),
    ("until_ms", "截止时间", "until", Holds::Time),
    ("updated", "更改", "changed", Holds::Plain),
    ("user", "人员", "person", Holds::People),
    ("user_id", "人员", "person", Holds::People),
    ("verdict", "结论", "verdict", Holds::Word("review_verdict")),
    ("version", "版本", "version", Holds::Plain),
    ("way", "途径", "through", Holds::Plain),
    ("without_sheet", "无抽样单", "without a sheet", Holds::YesNo),
];

/// What a field of a detail holds.
#[derive(Clone, Copy)]
enum Holds {
    /// A word, a number, a hash: as it is.
    Plain,
    /// Ids of people.
    People,
    /// The id of a record of this kind.
    Thing(&'static str),
    /// Words of this list.
    Word(&'static str),
    /// A code of GB/T 2260.
    Region,
    /// Milliseconds.
    Time,
    /// Whether.
    YesNo,
}

/// A thing by its name, and where it is shown.
type Thing = Option<(String, String)>;

/// What the rows of a page speak of.
pub struct Names {
    people: HashMap<UserId, String>,
    visits: HashMap<DocumentId, String>,
    things: BTreeMap<(String, String), Thing>,
}

/// What a subject is, and its id.
fn parts(subject: &str) -> (&str, &str) {
    subject.split_once([':', '/']).unwrap_or((subject, ""))
}

/// The visit that a subject lies in by its own id.
fn visit_of(subject: &str) -> Option<DocumentId> {
    let (kind, id) = parts(subject);
    let within = ["visit", "document", "evidence", "form", "case"].contains(&kind);
    let id = id.split('/').next().filter(|_| within)?;
    id.parse().ok()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(of) => of.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Null => Vec::new(),
        value => vec![value.to_string()],
    }
}

impl Names {
    /// Of the rows of a page.
    pub async fn of(
        db: &mut Session,
        desk: &Desk,
        rows: &[AuditEventRow],
    ) -> Result<Self, Problem> {
        let mut people: BTreeSet<UserId> = rows.iter().filter_map(|row| row.user).collect();
        let mut visits: BTreeSet<DocumentId> = BTreeSet::new();
        for row in rows {
            visits.extend(visit_of(&row.subject));
            let fields = row.detail.as_object().into_iter().flatten();
            for (name, value) in fields {
                if matches!(holds(name), Some((_, _, Holds::People))) {
                    people.extend(
                        texts(value)
                            .iter()
                            .filter_map(|id| id.parse::<UserId>().ok()),
                    );
                }
            }
        }
        Ok(Self {
            people: users::list_named(db, people).await?,
            visits: visits::list_named(db, &desk.principal, visits).await?,
            things: BTreeMap::new(),
        })
    }

    /// How somebody is called.
    pub fn person(&self, user: UserId) -> Option<String> {
        self.people.get(&user).cloned()
    }

    /// What was done something to: what it is and its name, leading to its page.
    pub async fn subject(
        &mut self,
        db: &mut Session,
        desk: &Desk,
        subject: &str,
    ) -> Result<Cell, Problem> {
        let (kind, id) = parts(subject);
        let Some(words) = acts::kind(desk.language(), kind) else {
            return Ok(code(subject));
        };
        let found = match visit_of(subject) {
            Some(visit) => self.visit(visit),
            None => self.thing(db, desk, kind, id).await?,
        };
        Ok(match found {
            Some((name, href)) => link(format!("{words} {name}"), href),
            None => text(format!("{words} {id}")),
        })
    }

    fn visit(&self, visit: DocumentId) -> Thing {
        let name = self.visits.get(&visit)?;
        Some((name.clone(), format!("/console/visits/{visit}")))
    }

    /// A record by its name, looked up once.
    async fn thing(
        &mut self,
        db: &mut Session,
        desk: &Desk,
        kind: &str,
        id: &str,
    ) -> Result<Thing, Problem> {
        let key = (kind.to_owned(), id.to_owned());
        if let Some(known) = self.things.get(&key) {
            return Ok(known.clone());
        }
        let found = find(db, desk, kind, id).await?;
        self.things.insert(key, found.clone());
        Ok(found)
    }

    /// What else there is to say of a row, field by field, in words.
    pub async fn detail(
        &mut self,
        db: &mut Session,
        desk: &Desk,
        of: &Value,
    ) -> Result<String, Problem> {
        let (w, language) = (desk.w(), desk.language());
        let mut said = Vec::new();
        for (name, value) in of.as_object().into_iter().flatten() {
            let words = texts(value);
            if words.is_empty() {
                continue;
            }
            let Some((zh, en, holds)) = holds(name) else {
                // An id of something that has no page and no name.
                continue;
            };
            let mut told = Vec::new();
            for word in words {
                told.push(match holds {
                    Holds::Plain => word,
                    Holds::People => {
                        let known = word.parse().ok().and_then(|id| self.person(id));
                        known.unwrap_or(word)
                    }
                    Holds::Thing(kind) => {
                        let found = self.thing(db, desk, kind, &word).await?;
                        found.map_or(word, |(name, _)| name)
                    }
                    Holds::Word(list) => match in_list(list, &word) {
                        Some(words) => language.pick(words.zh, words.en).to_owned(),
                        None => word,
                    },
                    Holds::Region => regions::named(language, &word),
                    Holds::Time => match word.parse::<Millis>() {
                        Ok(at) => minute(language, at),
                        Err(_) => word,
                    },
                    Holds::YesNo => match word.as_str() {
                        "true" => w.yes.to_owned(),
                        _ => w.no.to_owned(),
                    },
                });
            }
            let told = told.join(language.pick("、", ", "));
            said.push(format!("{} {told}", language.pick(zh, en)));
        }
        Ok(said.join(" · "))
    }
}

fn holds(name: &str) -> Option<(&'static str, &'static str, Holds)> {
    let found = FIELDS.iter().find(|(of, ..)| *of == name);
    found.map(|(_, zh, en, holds)| (*zh, *en, *holds))
}

/// A record that the reader sees, by its name, and its page.
async fn find(db: &mut Session, desk: &Desk, kind: &str, id: &str) -> Result<Thing, Problem> {
    let principal = &desk.principal;
    let sight = principal.into();
    if kind == "rulebook" {
        let name = id.replace('/', " ");
        return Ok(Some((name, format!("/console/rulebooks/{id}"))));
    }
    let Ok(uuid) = id.parse::<Uuid>() else {
        return Ok(None);
    };
    Ok(match kind {
        "user" => {
            let found = users::find_seen(db, principal, UserId(uuid)).await?;
            found.map(|it| (it.display_name, format!("/console/users/{id}")))
        }
        "device" => {
            let found = devices::find_seen(db, principal, DeviceId(uuid)).await?;
            found.map(|it| (it.label, format!("/console/devices/{id}")))
        }
        "organisation" => {
            let found = organisations::find_seen(db, principal, OrganisationId(uuid)).await?;
            found.map(|it| (it.name, "/console/organisations".to_owned()))
        }
        "enterprise" => {
            let found = enterprises::find_seen(db, &sight, EnterpriseId(uuid)).await?;
            found.map(|it| (it.name, format!("/console/enterprises/{id}")))
        }
        "alias" => {
            let Some(alias) = enterprises::find_alias(db, uuid).await? else {
                return Ok(None);
            };
            let Some(to) = enterprises::find_by_key(db, &alias.to_key).await? else {
                return Ok(None);
            };
            let found = enterprises::find_seen(db, &sight, to.enterprise_id).await?;
            found.map(|it| {
                let name = format!("{} → {}", alias.from_key.0, it.name);
                (name, format!("/console/enterprises/{}", it.enterprise_id))
            })
        }
        "campaign" => {
            let found = campaigns::find_seen(db, &sight, CampaignId(uuid)).await?;
            found.map(|it| (it.code, "/console/campaigns".to_owned()))
        }
        "task" => {
            let found = tasks::find_seen(db, &sight, TaskId(uuid)).await?;
            found.map(|it| (it.code, format!("/console/tasks/{id}")))
        }
        "team" => {
            let found = teams::find_seen(db, &sight, TeamId(uuid)).await?;
            found.map(|it| (it.name, format!("/console/teams/{id}")))
        }
        "product_rule" => {
            let found = product_rules::find(db, ProductRuleId(uuid)).await?;
            found.map(|it| (it.product_name, "/console/product-rules".to_owned()))
        }
        "entry" | "sample" | "refusal" => {
            let sheet = match kind {
                "sample" => samples::find_seen(db, &sight, SampleId(uuid)).await?,
                _ => None,
            };
            let named = sheet.as_ref().and_then(|it| it.sheet_no.clone());
            let of_sheet = sheet.and_then(|it| it.document_id);
            let ruled = match (of_sheet, subject_of(&format!("{kind}/{id}"))) {
                (None, Some(subject)) => versions::find_current(db, &subject).await?,
                _ => None,
            };
            let Some(document) = of_sheet.or(ruled.and_then(|it| it.document)) else {
                return Ok(None);
            };
            let found = visits::list_named(db, principal, [document]).await?;
            found.get(&document).map(|name| {
                let name = named.map_or(name.clone(), |sheet| format!("{name} {sheet}"));
                (name, format!("/console/visits/{document}"))
            })
        }
        _ => None,
    })
}
