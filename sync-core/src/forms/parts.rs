//! What all forms have in common: parties, times, amounts, evidence, who signed, what was amended, and what to hold against
//! the record.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::page::{Field, Group, List, Part, Proof, State, visible};
use super::{FormError, FormMaker, verifier_url};
use crate::document::reading::author;
use crate::document::seals::Sealable;
use crate::document::{Item, SealRecord, SealVerdict, VisitDocument, time_fact};
use crate::model::fault_words::place_in_chinese;
use crate::model::{
    AuthorityLevel, ChangeHash, Digest, EvidenceId, EvidenceKind, EvidenceSubject, Interval, Milli,
    Millis, NotSampledReason, OrganisationId, Party, PartySignature, RefusalKind, ReportGrounds,
    SealSubject, SealUse, TaskId, TimeClaim, ToldFault, shanghai_date, shanghai_minute,
};
use crate::qr::{Correction, QrCode};
use crate::wording::{self, Worded};

/// What is printed where nobody wrote anything.
const NOTHING: &str = "／";

/// A record as it is printed: from the seal that shows it, else as it stands.
pub(super) struct Shape<T> {
    pub(super) item: Item<T>,
    pub(super) seal: Option<(Item<SealRecord>, SealVerdict)>,
    /// Seals of the subject that say something else.
    pub(super) others: usize,
}

impl<T> Shape<T> {
    pub(super) fn state(&self) -> State {
        match &self.seal {
            Some((_, verdict)) => State::Sealed(verdict.digest.to_string()),
            None => State::Draft,
        }
    }
}

/// A field of text.
pub(super) fn text(name: &'static str, en: &'static str, value: impl AsRef<str>) -> Field {
    Field {
        name,
        en,
        parts: vec![Part::Text(or_nothing(value.as_ref()))],
        ..Field::default()
    }
}

/// A field of running text.
pub(super) fn long_text(value: impl AsRef<str>) -> Field {
    Field {
        long: true,
        ..text("", "", value)
    }
}

/// A field of boxes to tick, of which each has its word.
pub(super) fn choice<T: Worded>(name: &'static str, en: &'static str, ticked: Option<T>) -> Field {
    let boxes = T::ALL.iter();
    boxes_of(
        name,
        en,
        boxes.map(|it| (Some(*it) == ticked, it.words().zh)),
    )
}

/// Two boxes with words of their own.
pub(super) fn either(
    name: &'static str,
    en: &'static str,
    words: [&'static str; 2],
    first: bool,
) -> Field {
    let [yes, no] = words;
    boxes_of(name, en, [(first, yes), (!first, no)])
}

fn boxes_of(
    name: &'static str,
    en: &'static str,
    boxes: impl IntoIterator<Item = (bool, &'static str)>,
) -> Field {
    Field {
        name,
        en,
        choices: boxes.into_iter().collect(),
        ..Field::default()
    }
}

pub(super) fn or_nothing(value: &str) -> String {
    if value.trim().is_empty() {
        NOTHING.to_owned()
    } else {
        visible(value)
    }
}

/// 元, exact to the fen.
pub(super) fn yuan(fen: Option<i64>) -> String {
    fen.map_or_else(String::new, |fen| {
        let (whole, part) = (fen.unsigned_abs() / 100, fen.unsigned_abs() % 100);
        let sign = if fen < 0 { "-" } else { "" };
        format!("{sign}{whole}.{part:02} 元")
    })
}

/// A quantity with its unit.
pub(super) fn quantity(value: Option<Milli>, unit: &str) -> String {
    value.map_or_else(String::new, |value| {
        format!("{value} {unit}").trim_end().to_owned()
    })
}

/// 2025年9月1日
pub(super) fn day(at: Millis) -> String {
    let date = shanghai_date(at);
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}

/// 2025年9月1日 09:00, by the clock of Beijing.
pub(super) fn minute(at: Millis) -> String {
    let told = shanghai_minute(at);
    let clock = told.rsplit_once(' ').map_or("", |(_, clock)| clock);
    format!("{} {clock}", day(at))
}

/// An interval by its middle and what it may be off.
fn within(claimed: Interval) -> String {
    let off_ms = claimed.hi.saturating_sub(claimed.lo) / 2 + 1;
    let middle = claimed.lo.saturating_add(off_ms - 1);
    let off_s = off_ms.div_euclid(1_000) + i64::from(off_ms % 1_000 > 1);
    let off = if off_s < 120 {
        format!("{off_s} 秒")
    } else {
        format!("{} 分钟", (off_s + 59) / 60)
    };
    format!("{}（误差不超过 {off}）", minute(middle))
}

/// When something was: as far as clocks prove it, else as a wall clock says.
pub(super) fn claimed(proven: Option<Interval>, wall_ms: Millis) -> String {
    match proven {
        Some(proven) => within(proven),
        None => format!("{}（手机时钟，未经校时）", minute(wall_ms)),
    }
}

/// An ISO date in words; what is none as it was typed.
pub(super) fn iso_day(text: Option<&str>) -> String {
    let text = text.unwrap_or("").trim();
    match text.parse::<jiff::civil::Date>() {
        Ok(date) => format!("{}年{}月{}日", date.year(), date.month(), date.day()),
        Err(_) => text.to_owned(),
    }
}

impl FormMaker<'_> {
    /// The record as it is printed.
    pub(super) fn shape<T: Sealable>(
        &self,
        visit: &VisitDocument,
        subject: SealSubject,
        now: Vec<Item<T>>,
    ) -> Result<Shape<T>, FormError> {
        if let Some(seal_id) = visit.shown_seal(&subject, self.around) {
            let seals = visit.seals_of(&subject);
            let shown = seals.iter().find(|it| it.value.seal_id == seal_id);
            let seal = shown.cloned().ok_or(FormError::Unreadable)?;
            let item = visit.sealed_view(&seal.value.statement);
            let verdict = visit.verify_seal(&seal, self.around);
            let says = |it: &SealRecord| (it.statement.subtree_sha256, it.statement.party_sha256);
            let signed = seals
                .iter()
                .filter(|it| visit.verify_seal(it, self.around).device_signed);
            let others: BTreeSet<_> = signed
                .map(|it| says(&it.value))
                .filter(|it| *it != says(&seal.value))
                .collect();
            return Ok(Shape {
                item: item.map_err(|_| FormError::Unreadable)?,
                seal: Some((seal, verdict)),
                others: others.len(),
            });
        }
        let found = now.into_iter().find(|it| it.value.subject() == subject);
        Ok(Shape {
            item: found.ok_or(FormError::UnknownSubject)?,
            seal: None,
            others: 0,
        })
    }

    /// When something was, as far as the phone that noted it can say. What the server received when is left out: a form
    /// is the same before and after.
    pub(super) fn when(
        &self,
        visit: &VisitDocument,
        claim: &TimeClaim,
        change: &ChangeHash,
    ) -> String {
        let device = author(visit, self.around, change).map(|it| it.device_id);
        let told = time_fact(self.around, device, claim, change).claimed;
        claimed(told, claim.wall_ms)
    }

    pub(super) fn organisation(&self, id: Option<OrganisationId>) -> String {
        let Some(id) = id else { return String::new() };
        let known = self.names.organisations.get(&id);
        known.map_or_else(|| id.to_string(), |it| visible(&it.name))
    }

    /// 组织抽查部门 of a task, else of the visit's campaign.
    pub(super) fn authority(&self, task: Option<TaskId>) -> Option<OrganisationId> {
        let of_task = task.and_then(|id| self.names.tasks.get(&id));
        let of_task = of_task.map(|task| task.authority_id);
        of_task.or(self.names.campaign.as_ref().map(|it| it.authority_id))
    }

    /// 任务来源: who organises it, and under which plan.
    pub(super) fn source(&self, task: Option<TaskId>) -> String {
        let campaign = self.names.campaign.as_ref();
        let plan = campaign.map(|it| format!("{}（{}）", visible(&it.name), visible(&it.code)));
        let from = self.organisation(self.authority(task));
        let told = [Some(from), plan].into_iter().flatten();
        told.filter(|it| !it.is_empty())
            .collect::<Vec<_>>()
            .join("　")
    }

    pub(super) fn issuer(&self, task: Option<TaskId>) -> Option<String> {
        Some(self.organisation(self.authority(task))).filter(|it| !it.is_empty())
    }

    /// 规则库 that bound the authority when it was recorded.
    pub(super) fn rulebook(&self, task: Option<TaskId>, at: &TimeClaim) -> String {
        let authority = self.authority(task);
        let authority = authority.and_then(|id| self.names.organisations.get(&id));
        let book = self.rulebooks.for_authority(authority, at.earliest());
        book.name()
    }

    /// 影像: what the seal covers, then what was added to the manifest of this record since.
    pub(super) fn evidence(
        &self,
        visit: &VisitDocument,
        subject: &SealSubject,
        covered: &BTreeMap<EvidenceId, Digest>,
    ) -> Option<List> {
        let manifest = visit.evidence().items;
        let of_subject = |it: &EvidenceSubject| it.sealed_as().as_ref() == Some(subject);
        let mut rows = Vec::new();
        let mut row = |id: &EvidenceId, digest: &Digest, added: bool| {
            let entry = manifest.iter().find(|it| it.value.evidence_id == *id);
            let entry = entry.filter(|it| it.value.sha256 == *digest);
            let (kind, what, when) = match entry {
                Some(it) => {
                    let told = &it.value;
                    let paper = told.paper.as_ref();
                    let paper = paper.map(|paper| format!("\n纸质编号 {}", visible(&paper.number)));
                    (
                        format!(
                            "{}{}",
                            visible(evidence_kind(&told.kind)),
                            if added { "（签封后补充）" } else { "" }
                        ),
                        format!(
                            "{}\n{} 字节{}",
                            visible(&told.media_type),
                            told.size_bytes,
                            paper.unwrap_or_default()
                        ),
                        self.when(visit, &told.captured_at, &it.setter("captured_at")),
                    )
                }
                None => (
                    "清单中无此项".to_owned(),
                    NOTHING.to_owned(),
                    NOTHING.to_owned(),
                ),
            };
            rows.push(vec![
                Part::Text((rows.len() + 1).to_string()),
                Part::Text(kind),
                Part::Text(what),
                Part::Text(when),
                Part::Hash(digest.to_string()),
            ]);
        };
        for (id, digest) in covered {
            row(id, digest, false);
        }
        for it in &manifest {
            if of_subject(&it.value.subject) && !covered.contains_key(&it.value.evidence_id) {
                row(&it.value.evidence_id, &it.value.sha256, true);
            }
        }
        (!rows.is_empty()).then_some(List {
            name: "影像证据清单",
            columns: vec![
                ("序号", 6),
                ("种类", 13),
                ("类型、大小", 17),
                ("采集时间（北京时间）", 24),
                ("SHA-256", 40),
            ],
            rows,
        })
    }

    /// 签字盖章: what was signed in the system, and where a pen and a stamp go.
    pub(super) fn signatures<T>(
        &self,
        shape: &Shape<T>,
        asks_party: bool,
        stamp: Option<Vec<Part>>,
    ) -> Group {
        let mut samplers = Vec::new();
        let mut party = Vec::new();
        if let Some((seal, verdict)) = &shape.seal {
            for (user, signature) in &seal.value.signatures {
                let certificate = self.around.signer(signature.certificate_serial);
                let name = certificate
                    .as_ref()
                    .map_or_else(|| user.to_string(), |it| visible(&it.user_name));
                samplers.push(Part::Text(name));
                samplers.extend(self.drawing(&signature.handwriting).map(Part::Drawn));
                let number = certificate.and_then(|it| it.certificate_no);
                let number =
                    number.map_or_else(String::new, |it| format!("　证件号 {}", visible(&it)));
                let holds = if verdict.signers.contains(user) {
                    "电子签名有效"
                } else {
                    "电子签名未通过核验"
                };
                samplers.push(Part::Place(format!(
                    "{holds}（证书 {}）{number}",
                    signature.certificate_serial
                )));
                samplers.push(Part::Hash(format!("手写签名 {}", signature.handwriting)));
            }
            match &seal.value.party_signature {
                Some(PartySignature::Signed {
                    name,
                    handwriting,
                    stamp,
                }) => {
                    party.push(Part::Text(format!("☑ 已签字：{}", or_nothing(name))));
                    party.extend(self.drawing(handwriting).map(Part::Drawn));
                    party.push(Part::Hash(format!("手写签名 {handwriting}")));
                    party.push(Part::Place("☑ 已盖章（印章影像）".to_owned()));
                    party.extend(self.drawing(stamp).map(Part::Drawn));
                    party.push(Part::Hash(stamp.to_string()));
                }
                Some(PartySignature::RefusedToSign {
                    reason,
                    witness,
                    handwriting,
                }) => {
                    party.push(Part::Text("☑ 拒绝签字".to_owned()));
                    party.push(Part::Place(format!("拒签理由：{}", or_nothing(reason))));
                    party.push(Part::Place(format!("见证人：{}", or_nothing(witness))));
                    match handwriting {
                        Some(drawn) => {
                            party.extend(self.drawing(drawn).map(Part::Drawn));
                            party.push(Part::Hash(format!("见证人手写签名 {drawn}")));
                        }
                        None => party.push(Part::Place("见证人未手写签名".to_owned())),
                    }
                }
                None if asks_party => {
                    party.push(Part::Text("系统中无受检单位签字，亦无拒签记录".to_owned()));
                }
                None => {}
            }
        }
        samplers.push(Part::Line("（手签）　　　　年　　月　　日"));
        party.push(Part::Line("（签字、盖章）　　年　　月　　日"));
        let field = |name, en, parts| Field {
            name,
            en,
            parts,
            ..Field::default()
        };
        let mut rows = vec![vec![
            field("抽样人员签字", "Samplers", samplers),
            field("受检单位签字盖章", "Sampled party", party),
        ]];
        if let Some(mut parts) = stamp {
            parts.push(Part::Line("（盖章）　　　　年　　月　　日"));
            rows.push(vec![field("当地市场监管部门盖章", "Local bureau", parts)]);
        }
        Group {
            name: "签字盖章",
            rows,
            long: false,
            sign: true,
        }
    }

    /// 补正: every edit beside the seal from which the record is shown, with its reason and date.
    pub(super) fn amendments<T>(
        &self,
        visit: &VisitDocument,
        subject: &SealSubject,
        shape: &Shape<T>,
    ) -> Option<List> {
        let (seal, _) = shape.seal.as_ref()?;
        let mut rows = Vec::new();
        for record in visit.amendments(subject) {
            if record.seal_id != seal.value.seal_id {
                continue;
            }
            let verdict = visit.verify_amendment(&record, self.around);
            let by = author(visit, self.around, &record.change);
            let by = by.map_or_else(|| "未知".to_owned(), |it| visible(&it.user_name));
            let (reason, when) = match &record.amendment {
                Some(it) => (
                    or_nothing(&it.reason),
                    self.when(visit, &it.amended_at, &record.change),
                ),
                None => ("（未说明，未签名）".to_owned(), NOTHING.to_owned()),
            };
            let holds = if verdict.verified {
                "签名有效"
            } else {
                "签名无效，不予采信"
            };
            for touched in &record.fields {
                let path = touched.path.get(2..).unwrap_or_default().join(".");
                let leaf = touched.path.get(2).map_or("", String::as_str);
                rows.push(vec![
                    Part::Text(visible(&place_in_chinese(&path))),
                    Part::Text(amended(leaf, &path, touched.old.as_deref())),
                    Part::Text(amended(leaf, &path, touched.new.as_deref())),
                    Part::Text(reason.clone()),
                    Part::Text(format!("{by}\n{when}\n{holds}")),
                ]);
            }
        }
        (!rows.is_empty()).then_some(List {
            name: "签封后的补正（上文为签封时的内容，不因补正而改变）",
            columns: vec![
                ("补正项目", 16),
                ("原内容", 21),
                ("补正后", 21),
                ("理由", 20),
                ("补正人、时间、签名", 22),
            ],
            rows,
        })
    }

    /// 核验: the digest, who sealed it, and a code that leads to the verifier; none where nothing is sealed.
    pub(super) fn proof<T>(
        &self,
        visit: &VisitDocument,
        shape: &Shape<T>,
        rulebook: String,
    ) -> Proof {
        let mut lines = Vec::new();
        let mut code = None;
        let said = |text: String| Part::Text(text);
        match &shape.seal {
            Some((seal, verdict)) => {
                let address = self.public_url.map(|it| verifier_url(it, &verdict.digest));
                let coded = address
                    .clone()
                    .unwrap_or_else(|| format!("fieldseal:seal:{}", verdict.digest));
                code = QrCode::of(&coded, Correction::Medium)
                    .ok()
                    .map(|it| it.to_svg());
                lines.push(("签封摘要", Part::Hash(verdict.digest.to_string())));
                lines.push((
                    "核验网址",
                    address
                        .map_or_else(|| said("未配置；二维码内为签封摘要".to_owned()), Part::Hash),
                ));
                let device = author(visit, self.around, &seal.maker);
                let device = device.map_or_else(
                    || "未知设备".to_owned(),
                    |it| format!("{}（设备 {}）", visible(&it.user_name), it.device_id),
                );
                let holds = if verdict.device_signed {
                    "设备签名有效"
                } else {
                    "设备签名未通过核验"
                };
                lines.push(("签封设备", said(format!("{device}，{holds}"))));
                let at = self.when(visit, &seal.value.sealed_at, &seal.setter("sealed_at"));
                lines.push(("签封时间", said(at)));
                let faults = verdict.faults.iter().map(|it| ToldFault::of(it).zh);
                let faults: Vec<String> = faults.collect();
                lines.push((
                    "签名核验",
                    said(if faults.is_empty() {
                        format!(
                            "抽样人员 {} 人签名有效，受检单位已签字盖章或拒签有见证",
                            verdict.signers.len()
                        )
                    } else {
                        faults.join("；")
                    }),
                ));
                lines.push((
                    "内容摘要",
                    Part::Hash(seal.value.statement.subtree_sha256.to_string()),
                ));
            }
            None => lines.push((
                "签封摘要",
                said("无。本件为草稿，未经签封，不具有签封记录的效力。".to_owned()),
            )),
        }
        lines.push(("规则库版本", said(visible(&rulebook))));
        lines.push(("记录文档", Part::Hash(visit.id().to_string())));
        Proof { code, lines }
    }

    /// What must not be overlooked about the seals.
    pub(super) fn banners<T>(&self, shape: &Shape<T>) -> Vec<String> {
        let mut banners = Vec::new();
        if shape.seal.is_none() {
            banners.push("草稿：尚未签封，内容可能更改，不得作为凭证使用".to_owned());
        }
        if shape.others > 0 {
            banners.push(format!(
                "另有 {} 份内容不同的签封，须由组织抽查部门裁定",
                shape.others
            ));
        }
        banners
    }
}

/// 受检单位 or 标称生产者.
pub(super) fn party(group: &'static str, party: &Party) -> Group {
    let uscc = party.uscc.as_deref().unwrap_or("").trim().to_owned();
    let reason = party.no_uscc_reason.as_deref().unwrap_or("").trim();
    let uscc = match (uscc.is_empty(), reason.is_empty()) {
        (true, false) => format!("无（{reason}）"),
        _ => uscc,
    };
    Group {
        name: group,
        rows: vec![
            vec![
                text("单位名称", "Name", &party.name),
                text("统一社会信用代码", "Credit code", uscc),
            ],
            vec![
                text("单位地址", "Address", &party.address),
                text(
                    "行政区划代码",
                    "Region",
                    party.region.as_deref().unwrap_or(""),
                ),
            ],
            vec![
                text(
                    "法定代表人",
                    "Legal representative",
                    &party.legal_representative,
                ),
                text("联系人", "Contact", &party.contact),
                text("联系电话", "Telephone", &party.phone),
            ],
        ],
        ..Group::default()
    }
}

/// 影像种类 by its word; a kind of an authority's own as it is written.
fn evidence_kind(word: &str) -> &str {
    wording::of_word::<EvidenceKind>(word).map_or(word, |words| words.zh)
}

/// What a register of a list holds, for people: the list is that of the register.
fn of_register(name: &str, word: &str) -> String {
    let list = match name {
        "seals" => SealUse::LIST,
        "kind" => RefusalKind::LIST,
        "task_level" => AuthorityLevel::LIST,
        "reason" => NotSampledReason::LIST,
        "grounds" => ReportGrounds::LIST,
        of_its_own => of_its_own,
    };
    wording::in_list(list, word).map_or_else(|| word.to_owned(), |words| words.zh.to_owned())
}

/// A value beside a seal in words: money in yuan, quantities as they are, texts as they were typed.
fn amended(leaf: &str, path: &str, json: Option<&str>) -> String {
    let Some(value) = json.and_then(|it| serde_json::from_str::<Value>(it).ok()) else {
        return NOTHING.to_owned();
    };
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::String(text) => or_nothing(&of_register(leaf, &text)),
        Value::Bool(said) => said.words().zh.to_owned(),
        Value::Number(number) => match number.as_i64() {
            Some(fen) if leaf.ends_with("_fen") => yuan(Some(fen)),
            Some(milli) if path.ends_with("_milli") => Milli(milli).to_string(),
            _ => number.to_string(),
        },
        other => visible(&other.to_string()),
    }
}
