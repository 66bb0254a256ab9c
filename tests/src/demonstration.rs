//! The demonstration: the scenarios of the field as a story that a stranger understands. Every ruling that is told is
//! read back over HTTP by its id, and at the end once more. The seed permutes the order in which phones sync; the final
//! rulings do not depend on it.

mod evidence;
mod proof;

use std::collections::BTreeMap;
use std::io::{self, Write};

use mobile_ffi::{ArrivalInput, Continues, EvidenceSubject, ReportInput};
use rand::seq::SliceRandom;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use sync_core::model::{
    DocumentId, OrganisationId, SampleId, SealSubject, shanghai_date, shanghai_midnight,
};

use crate::gate::{north_of_shop, unsigned};
use crate::phone::Phone;
use crate::world::{World, word};

pub use evidence::Shown;
pub use proof::{Proved, prove};

/// The files of `tests/demo-data` that the demonstration loads: all of them.
pub const FILES: [&str; 4] = ["bodies", "shanxi", "shanghai", "shandong"];

/// What was ruled at the end: what it is about, and the outcome.
pub type Outcomes = BTreeMap<String, String>;

/// A line of the closing table.
pub struct Final {
    /// What it is about.
    pub label: String,
    /// The outcome that stands.
    pub outcome: String,
    /// The rules that speak, in the order of the findings.
    pub rules: Vec<String>,
    /// The ruling's id: `GET /v1/rulings/{id}`.
    pub ruling: String,
}

/// What is there when the story is over.
pub struct Ending {
    /// What stands.
    pub finals: Vec<Final>,
    /// The pictures and the film that the server has.
    pub shown: Vec<Shown>,
}

/// The outcomes alone: what is the same for every seed.
pub fn outcomes(finals: &[Final]) -> Outcomes {
    let pairs = finals
        .iter()
        .map(|it| (it.label.clone(), it.outcome.clone()));
    pairs.collect()
}

/// The teller.
pub struct Story<'a, W: Write> {
    world: &'a World,
    out: W,
    order: ChaCha8Rng,
    told: Vec<(String, DocumentId, String)>,
}

impl<'a, W: Write> Story<'a, W> {
    /// A story in this world, in the order of this seed.
    pub fn new(world: &'a World, out: W, seed: u64) -> Self {
        Self {
            world,
            out,
            order: ChaCha8Rng::seed_from_u64(seed),
            told: Vec::new(),
        }
    }

    /// Tells all of it; what is there at the end.
    pub fn play(mut self) -> io::Result<Ending> {
        let w = self.world;
        let (mut wang, mut li, mut liu) = (w.phone("王"), w.phone("李"), w.phone("刘"));
        let (mut chen, mut zhao) = (w.phone("陈"), w.phone("赵"));
        let mut sun = w.phone("孙");
        let (han, ma) = (w.phone("韩"), w.phone("马"));
        self.one_entry(&mut wang, &mut li, &mut liu)?;
        self.refusal(&mut wang, &han)?;
        self.stop(&mut wang, &mut zhao, &ma)?;
        self.four_visits(&mut chen)?;
        self.upper_and_lower(&mut wang, &mut liu)?;
        let shown = self.evidence(&mut sun)?;
        let finals = self.finals()?;
        Ok(Ending { finals, shown })
    }

    fn title(&mut self, zh: &str, en: &str) -> io::Result<()> {
        writeln!(self.out, "\n━━ {zh}\n   {en}")
    }

    /// The name of a phone's owner, in Chinese and as people log in.
    fn names(&self, phone: &Phone) -> (String, String) {
        let known = self.world.catalogue();
        let person = &known.people[&phone.owner];
        let mut latin = person.username.clone();
        if let Some(first) = latin.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        (person.name.clone(), latin)
    }

    /// What somebody does without a network; nobody else knows of it yet.
    fn tell(&mut self, who: &Phone, zh: &str, en: &str) -> io::Result<()> {
        let (name, latin) = self.names(who);
        let at = shanghai(self.world.now());
        writeln!(
            self.out,
            "{at}  {name}（离线）{zh}\n{:18}{latin}, offline, {en}",
            ""
        )
    }

    fn syncs(&mut self, phones: &[&Phone]) -> io::Result<()> {
        let mut order: Vec<&Phone> = phones.to_vec();
        order.shuffle(&mut self.order);
        self.world.minutes(self.order.random_range(1..20));
        for phone in &order {
            let report = phone.online().syncs();
            let (name, latin) = self.names(phone);
            let trips = match report.round_trips {
                1 => "1 round trip".to_owned(),
                several => format!("{several} round trips"),
            };
            writeln!(
                self.out,
                "{}  {name}（在线）同步，送出 {} 项变更 · {latin}, online, syncs: {} changes, {trips}",
                shanghai(self.world.now()),
                report.sent,
                report.sent
            )?;
        }
        Ok(())
    }

    /// A ruling line: the entry of a visit.
    fn entry(&mut self, label: &str, visit: DocumentId) -> io::Result<()> {
        self.ruling(label, visit, "entry/")
    }

    /// A ruling line: a sample.
    fn sample(&mut self, label: &str, visit: DocumentId, sample: SampleId) -> io::Result<()> {
        self.ruling(label, visit, &format!("sample/{sample}"))
    }

    fn ruling(&mut self, label: &str, visit: DocumentId, subject: &str) -> io::Result<()> {
        let ruling = self.read(visit, subject);
        let outcome = word(&ruling["outcome"]);
        writeln!(
            self.out,
            "{:18}裁定 ruling {}\n{:18}  {label} → {} {outcome}",
            "",
            word(&ruling["ruling_id"]),
            "",
            in_chinese(&outcome)
        )?;
        let findings = ruling["findings"].as_array().cloned().unwrap_or_default();
        let law = |finding: &Value| (word(&finding["rule_id"]), word(&finding["citation"]));
        for under in findings.chunk_by(|one, next| law(one) == law(next)) {
            let (rule, citation) = law(&under[0]);
            let all = |language: &str, between: &str| {
                let words: Vec<String> = under.iter().map(|it| word(&it[language])).collect();
                words.join(between)
            };
            writeln!(
                self.out,
                "{:18}  依据 under {rule} · {citation}\n{:18}    {}\n{:18}    {}",
                "",
                "",
                all("zh", "；"),
                "",
                all("en", "; ")
            )?;
        }
        if findings.is_empty() {
            let book = word(&ruling["rulebook"]);
            writeln!(
                self.out,
                "{:18}  没有规则提出异议 no rule objects（{book}）",
                ""
            )?;
        }
        self.told
            .push((label.to_owned(), visit, subject.to_owned()));
        Ok(())
    }

    /// The ruling that stands on a subject of a visit, read over HTTP by its id.
    fn read(&self, visit: DocumentId, subject: &str) -> Value {
        let rulings = self.world.rulings(visit);
        let mut subjects = rulings.iter();
        let found = subjects.find(|it| word(&it["subject"]).starts_with(subject));
        let found = found.unwrap_or_else(|| panic!("nothing was ruled on {subject} of {visit}"));
        let id = word(&found["ruling_id"]);
        self.world.get(&format!("/v1/rulings/{id}"))
    }

    /// What stands on everything that was told, read again: a later upload may have changed it.
    fn finals(&self) -> io::Result<Vec<Final>> {
        let finals = self.told.iter().map(|(label, visit, subject)| {
            let ruling = self.read(*visit, subject);
            let findings = ruling["findings"].as_array().into_iter().flatten();
            let mut rules: Vec<_> = findings.map(|it| word(&it["rule_id"])).collect();
            rules.dedup();
            Final {
                label: label.clone(),
                outcome: word(&ruling["outcome"]),
                rules,
                ruling: word(&ruling["ruling_id"]),
            }
        });
        Ok(finals.collect())
    }

    fn one_entry(&mut self, wang: &mut Phone, li: &mut Phone, liu: &mut Phone) -> io::Result<()> {
        self.title(
            "一、一次任务进一次门（晋市监发〔2023〕212号 六）",
            "One entry for one task: two teams of one inspection body at one gate, both offline",
        )?;
        let w = self.world;
        w.at("2025-03-01 09:00");
        for phone in [&*wang, &*li, &*liu] {
            phone.syncs();
            phone.offline();
        }
        wang.works_in("JC-2025-01").enters("铸造");
        self.tell(
            wang,
            "带甲组进入泽州示例铸造，抽取检查井盖",
            "enters the Zezhou foundry with team A and samples manhole covers",
        )?;
        let first = wang.draws("T1");
        let gate = wang.visit();
        w.minutes(40);
        li.works_in("JC-2025-01").enters("铸造");
        self.tell(
            li,
            "带乙组进入同一企业，又抽取检查井盖和电动车头盔",
            "enters the same foundry with team B and samples manhole covers again, and helmets",
        )?;
        let (same, other) = (li.draws("T5"), li.draws("T6"));
        w.minutes(80);
        liu.works_in("SX-2025-01").enters("服饰");
        self.tell(
            liu,
            "受省局委托，带省组在高平示例服饰抽取学生服",
            "samples school uniforms at Gaoping for the province",
        )?;
        let uniform = liu.draws("P1");
        self.syncs(&[wang, li, liu])?;
        self.entry("甲组进门 entry of team A", gate)?;
        self.entry("乙组进门 entry of team B", li.visit())?;
        self.sample("甲组井盖 covers of team A", gate, first)?;
        self.sample("乙组井盖 covers of team B", li.visit(), same)?;
        self.sample("乙组头盔 helmets of team B", li.visit(), other)?;
        self.sample("省抽学生服 uniforms of the province", liu.visit(), uniform)
    }

    fn refusal(&mut self, wang: &mut Phone, han: &Phone) -> io::Result<()> {
        self.title(
            "二、拒检，无网络现场确认，次日同意（晋市监发〔2023〕212号 三）",
            "A shop refuses; enforcement confirms on site, from phone to phone without any network; then it lets itself be sampled",
        )?;
        let w = self.world;
        w.at("2025-03-02 08:30");
        for phone in [&*wang, han] {
            phone.syncs();
            phone.offline();
        }
        w.at("2025-03-02 09:00");
        wang.stands(north_of_shop(0));
        let visit = wang.works_in("JC-2025-01").enters("五金店");
        let refusal = wang.is_refused(w, "T2");
        self.tell(
            wang,
            "在晋城示例五金店被拒：告知后果、拍照，两名抽样人员签名封存，店主拒签，邻店店主见证",
            "is refused at the hardware shop: explains what follows, photographs, seals with two samplers; a neighbour is witness",
        )?;
        let says = wang.client.preview(visit).expect("its own rules");
        let unconfirmed = says
            .findings
            .iter()
            .find(|it| it.finding.rule_id == "REFUSE");
        let unconfirmed = unconfirmed.expect("nobody has confirmed it");
        writeln!(
            self.out,
            "{:18}手机按同一套规则 the phone, by the same rules\n{:18}  依据 under REFUSE · {}\n{:18}    {}\n{:18}    {}",
            "", "", unconfirmed.finding.citation, "", unconfirmed.zh, "", unconfirmed.en
        )?;
        w.at("2025-03-02 09:40");
        han.stands(north_of_shop(25));
        let (heard, question, answer) = han.meets(wang, refusal);
        let metres = whole_metres(heard.distance_mm);
        self.tell(
            han,
            &format!("到场，以二维码提问，王建国的手机以二维码应答（相距 {metres} 米）：互签到场"),
            &format!("arrives and asks by a QR code, Wang's phone answers by another, {metres} m away: proof that both were there"),
        )?;
        let parcel = wang.hands_over(&question, visit);
        let opened = han.opens(&parcel).expect("it is opened");
        self.tell(
            wang,
            &format!("把案件封成密封包交给韩志刚的手机（{} 项变更，只有它能打开）", opened.changes),
            &format!("hands the case over as a parcel that Han's phone alone can open: {} signed changes", opened.changes),
        )?;
        let waiting = han.client.cases_waiting().expect("its cases");
        let away = whole_metres(waiting[0].distance_mm);
        han.confirms(w, (visit, refusal), "resolved_sampled");
        self.tell(
            han,
            &format!("手机列出待确认案件 {} 件，最近 {away} 米；与冯晓梅核实，店主同意次日抽样，两名执法人员签名", waiting.len()),
            &format!("sees {} case waiting, the nearest {away} m away; the owner gives in, and Han and Feng sign what they found", waiting.len()),
        )?;
        let back = han.hands_over(&answer, visit);
        wang.opens(&back).expect("it is opened");
        self.tell(
            wang,
            "收到回传的确认；同一套规则在手机上得出：拒检已解决",
            "gets the confirmation back the same way; the same rules say on the phone that the refusal is resolved",
        )?;
        w.at("2025-03-03 08:30");
        wang.arrives_as(ArrivalInput {
            continues: Some(Continues::ResolvedRefusal),
            ..wang.arrival()
        });
        let sample = wang.draws_with("T2", json!({ "spec_model": "店售型" }));
        self.tell(
            wang,
            "次日再次进门，抽取电动车头盔",
            "comes back the next day and samples helmets",
        )?;
        self.syncs(&[wang, han])?;
        self.ruling("五金店拒检 refusal at the shop", visit, "refusal/")?;
        let mut entries: Vec<String> = w
            .rulings(visit)
            .iter()
            .map(|it| word(&it["subject"]))
            .collect();
        entries.retain(|it| it.starts_with("entry/"));
        let labels = [
            "五金店被拒的进门 entry that was refused",
            "五金店再次进门 entry of the next day",
        ];
        for (label, entry) in labels.into_iter().zip(&entries) {
            self.ruling(label, visit, entry)?;
        }
        self.sample("五金店头盔 helmets of the shop", visit, sample)
    }

    fn stop(&mut self, wang: &mut Phone, zhao: &mut Phone, ma: &Phone) -> io::Result<()> {
        self.title(
            "三、无证无照，终止抽样（晋市监发〔2023〕212号 四）",
            "An unlicensed petrol station: stop and report; a teammate who does not know goes on",
        )?;
        let w = self.world;
        w.at("2025-03-03 10:00");
        for phone in [&*wang, &*zhao] {
            phone.online().syncs();
            phone.offline();
        }
        wang.stands(None);
        let visit = wang.works_in("YC-2025-01").enters("加油站");
        let report = ReportInput {
            grounds: "unlicensed".to_owned(),
            description: "不能出示成品油零售许可".to_owned(),
            recipients: vec![self.organiser("YC-2025-01")],
        };
        let report = wang.client.report(visit, report).expect("a report");
        wang.photographs(w, visit, EvidenceSubject::OnSiteReport(report), "place");
        wang.tries_to_seal_with(SealSubject::OnSiteReport(report), unsigned())
            .expect("a sealed report");
        self.tell(
            wang,
            "盐湖示例加油站不能出示许可：终止抽样，形成现场报告，两名抽样人员签名封存",
            "finds no licence at the petrol station: ends the sampling and seals the on-site report with two signatures",
        )?;
        w.at("2025-03-03 10:40");
        zhao.works_in("YC-2025-01").enters("加油站");
        let petrol = zhao.draws("Y1");
        self.tell(
            zhao,
            "同组另一部手机，不知已终止，又抽取车用汽油",
            "on the team's other phone, does not know and samples petrol all the same",
        )?;
        assert_eq!(visit, zhao.visit(), "two phones of a team, one document");
        self.syncs(&[wang, zhao])?;
        let state = word(&self.world.dossier(visit)["visit"]["state"]);
        writeln!(
            self.out,
            "{:18}两部手机，一份记录 two phones, one visit: {}…，状态 state {state}",
            "",
            &visit.to_string()[..8]
        )?;
        ma.online().syncs();
        let waiting = ma.client.cases_waiting().expect("its cases");
        let reported = waiting.iter().find(|it| it.document_id == visit);
        let reported = reported.expect("the report reaches enforcement of the district");
        writeln!(
            self.out,
            "{}  马强（在线）盐湖区执法人员的手机上：{}，{} · Ma, online, enforcement of the district, has the report before him",
            shanghai(w.now()),
            reported.enterprise_name,
            reported.description
        )?;
        self.entry("加油站进门 entry at the station", visit)?;
        self.sample("加油站汽油 petrol of the station", visit, petrol)
    }

    /// The organising authority of a campaign.
    fn organiser(&self, campaign: &str) -> OrganisationId {
        let authority = self.world.catalogue().campaigns[campaign].authority.clone();
        let id = self.world.id("organisation", &authority);
        id.parse().expect("an organisation")
    }

    fn four_visits(&mut self, chen: &mut Phone) -> io::Result<()> {
        self.title(
            "四、一年不超过三次（沪市监产质〔2024〕31号 三）",
            "A fourth visit in one year, routine and tracking",
        )?;
        for (index, (campaign, task, day)) in [
            ("SH-2025-01", "S1", "2025-03-04 10:00"),
            ("SH-2025-02", "S2", "2025-04-03 10:00"),
            ("SH-2025-03", "S3", "2025-05-06 10:00"),
            ("SH-2025-04", "S4", "2025-06-03 10:00"),
        ]
        .into_iter()
        .enumerate()
        {
            self.world.at(day);
            chen.syncs();
            chen.offline();
            chen.works_in(campaign).enters("塑业");
            let sample = chen.draws_with(task, json!({ "spec_model": format!("{}型", index + 1) }));
            self.tell(
                chen,
                &format!("第 {} 次到奉贤示例塑业抽样", index + 1),
                &format!("visits the Fengxian plastics works, visit {}", index + 1),
            )?;
            let tracking =
                (index == 3).then(|| chen.draws_with("S4K", json!({ "spec_model": "跟踪型" })));
            if tracking.is_some() {
                self.tell(
                    chen,
                    "同一次进门另抽一批跟踪抽查样品",
                    "draws a second sample in the same visit, as tracking",
                )?;
            }
            self.syncs(&[chen])?;
            let label = format!("奉贤第 {} 次 visit {} at Fengxian", index + 1, index + 1);
            self.sample(&label, chen.visit(), sample)?;
            if let Some(tracking) = tracking {
                let label = "奉贤第 4 次跟踪 visit 4 as tracking";
                self.sample(label, chen.visit(), tracking)?;
            }
        }
        Ok(())
    }

    fn upper_and_lower(&mut self, wang: &mut Phone, liu: &mut Phone) -> io::Result<()> {
        self.title(
            "五、上抽下不抽，六个月（晋市监发〔2023〕212号 二）",
            "Not below what an upper level sampled: the province on 1 March, the city on 1 and 2 September",
        )?;
        let w = self.world;
        w.at("2025-09-01 08:00");
        for phone in [&*wang, &*liu] {
            phone.syncs();
            phone.offline();
        }
        w.at("2025-09-01 10:00");
        let early = wang.works_in("JC-2025-01").enters("服饰");
        let inside = wang.draws_with("T3", json!({ "lot_no": "九月一日批" }));
        self.tell(
            wang,
            "在高平示例服饰抽取学生服（满六个月的当日，仍在期内）",
            "samples the uniforms at Gaoping for the city on the corresponding day, still inside",
        )?;
        w.at("2025-09-02 10:00");
        let late = liu.works_in("JC-2025-01").enters("服饰");
        let outside = liu.draws_with("T7", json!({ "lot_no": "九月二日批" }));
        self.tell(
            liu,
            "次日另一机构抽取学生服（期外）",
            "samples them for the city with another body a day later, outside of the six months",
        )?;
        self.syncs(&[wang, liu])?;
        self.sample("九月一日学生服 uniforms of 1 September", early, inside)?;
        self.sample("九月二日学生服 uniforms of 2 September", late, outside)
    }
}

/// A distance in metres, as people say it.
fn whole_metres(millimetres: Option<i64>) -> i64 {
    (millimetres.unwrap_or_default() + 500) / 1_000
}

/// `2025-03-01 09:30` in Asia/Shanghai.
fn shanghai(at: i64) -> String {
    let day = shanghai_date(at);
    let minutes = (at - shanghai_midnight(day)) / 60_000;
    format!("{day} {:02}:{:02}", minutes / 60, minutes % 60)
}

fn in_chinese(outcome: &str) -> &'static str {
    match outcome {
        "first" => "首次进门",
        "continuation" => "继续",
        "excess" => "二次进门",
        "uncounted" => "不计次",
        "contested" => "待裁定（先后不明）",
        "valid" => "有效",
        "valid_with_violation" => "有效，记违规",
        "duplicate" => "重复",
        "void" => "作废",
        "needs_ruling" => "待裁定",
        "pending" => "待定",
        "unconfirmed" => "未经确认",
        "resolved_sampled" => "已解决并抽样",
        "confirmed" => "已确认",
        "none" => "仅作记录",
        _ => "",
    }
}
