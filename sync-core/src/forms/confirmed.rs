//! 现场确认 as it stands on the forms that it confirms: what officers found, how it is proved that they were there, and who
//! signed. Where nothing was confirmed there is room for a pen.

use super::FormMaker;
use super::page::{Field, Group, Part, visible};
use super::parts::{Shape, choice, claimed, long_text, or_nothing, text};
use crate::document::{ConfirmationProjection, VisitDocument};
use crate::model::{ConfirmedSubject, Location};
use crate::rules::ConfirmationFact;

fn field(name: &'static str, en: &'static str, parts: Vec<Part>) -> Field {
    Field {
        name,
        en,
        parts,
        ..Field::default()
    }
}

impl FormMaker<'_> {
    /// What enforcement confirmed of a record as it is printed here, in the order in which confirmations were begun. One of
    /// another seal of the record confirms other words, and stands on no form of these.
    pub(super) fn confirmed<T>(
        &self,
        visit: &VisitDocument,
        subject: ConfirmedSubject,
        shape: &Shape<T>,
    ) -> Vec<Group> {
        let Some((_, verdict)) = &shape.seal else {
            return Vec::new();
        };
        let of_this = self.confirmations.iter().filter_map(|it| {
            let fact = it.fact.as_ref()?;
            let ours = it.identity.visit == *visit.identity() && fact.subject == subject;
            (ours && fact.seal == verdict.digest).then_some((it, fact))
        });
        let mut of_this: Vec<_> = of_this.collect();
        of_this.sort_by_key(|(_, fact)| fact.confirmation_id);
        let groups = of_this.into_iter();
        groups
            .filter_map(|(it, fact)| confirmation(visit, it, fact))
            .collect()
    }
}

/// One confirmation, as it was sealed.
fn confirmation(
    visit: &VisitDocument,
    it: &ConfirmationProjection,
    fact: &ConfirmationFact,
) -> Option<Group> {
    let listed = it.record.as_ref()?;
    let form = &listed.record;
    let mut officers = Vec::new();
    let mut signed = Vec::new();
    for (user, officer) in &form.officers {
        let name = match officer.name.trim() {
            "" => user.to_string(),
            name => visible(name),
        };
        officers.push(Part::Text(name.clone()));
        let number = or_nothing(&officer.certificate_no);
        officers.push(Part::Place(format!("执法证号：{number}")));
        signed.push(Part::Text(name));
        signed.push(Part::Place(match fact.officers.contains(user) {
            true => "电子签名有效".to_owned(),
            false => "无有效电子签名".to_owned(),
        }));
    }
    signed.push(Part::Line("（签字）　　　　年　　月　　日"));
    let pictures = it.evidence.iter();
    let pictures = pictures.map(|it| Part::Hash(it.entry.sha256.to_string()));
    let mut rows = vec![
        vec![choice("结论", "Finding", Some(fact.outcome))],
        vec![
            field("执法人员", "Officers", officers),
            text(
                "确认时间",
                "Confirmed at",
                claimed(fact.confirmed.claimed, form.confirmed_at.wall_ms),
            ),
        ],
        vec![field(
            "到场证明",
            "Proof of presence",
            presence(visit, fact),
        )],
        vec![named(long_text(&form.measures), "处置", "Measures")],
        vec![named(long_text(&form.opinion), "意见", "Opinion")],
    ];
    if !it.evidence.is_empty() {
        rows.push(vec![field("确认影像", "Evidence", pictures.collect())]);
    }
    rows.push(vec![field(
        "确认文书",
        "Confirmation",
        vec![
            Part::Text(fact.confirmation_id.to_string()),
            Part::Hash(format!("所确认的签封 {}", fact.seal)),
        ],
    )]);
    rows.push(vec![field("执法人员签字", "Signatures", signed)]);
    Some(Group {
        name: "现场确认",
        rows,
        // Running text is in it, and several may stand on one form.
        long: true,
        sign: false,
    })
}

fn named(field: Field, name: &'static str, en: &'static str) -> Field {
    Field { name, en, ..field }
}

/// How it is proved that they were there: where they stood, whose phone met theirs, and what other officers say.
fn presence(visit: &VisitDocument, fact: &ConfirmationFact) -> Vec<Part> {
    let arrivals = visit.arrivals().items.into_iter();
    let entered: Vec<Location> = arrivals
        .filter_map(|it| it.value.location)
        .filter(Location::counts)
        .collect();
    let place = match &fact.location {
        None => "未取得位置".to_owned(),
        Some(place) if place.mocked => "位置由模拟定位给出，不作证明".to_owned(),
        Some(place) if !place.counts() => "位置不可用".to_owned(),
        Some(place) => {
            let metres = |from: &Location| place.millimetres_from(from) / 1_000;
            let nearest = entered.iter().map(metres).min();
            let within = place.accuracy_mm.saturating_add(999) / 1_000;
            match nearest {
                Some(metres) => {
                    format!("距进门位置 {metres} 米（WGS-84，定位精度 {within} 米）")
                }
                None => format!("已定位（精度 {within} 米），进门时无可用位置"),
            }
        }
    };
    let mut parts = vec![Part::Text(place)];
    for met in &fact.co_signatures {
        let (asked, answered) = (&met.asked, &met.answered);
        let at = answered.claimed.or(asked.claimed);
        let at = at.map_or_else(String::new, |at| format!("，{}", claimed(Some(at), at.lo)));
        parts.push(Part::Place(format!(
            "双方手机当面互签（抽样人员设备 {}{at}）",
            met.device_id
        )));
    }
    let (agree, other): (Vec<_>, Vec<_>) = fact.opinions.iter().partition(|it| it.agrees);
    if !fact.opinions.is_empty() {
        parts.push(Part::Place(format!(
            "其他执法人员复核：同意 {} 人，不同意 {} 人",
            agree.len(),
            other.len()
        )));
    }
    parts
}

/// Room for what officers write by hand.
pub(super) fn by_pen() -> Group {
    Group {
        name: "现场确认",
        rows: vec![vec![
            field(
                "执法人员意见",
                "Finding of the officers",
                vec![Part::Text("☐ 确认拒检　☐ 不成立　☐ 已配合抽样".to_owned())],
            ),
            field(
                "执法人员签字",
                "Officers",
                vec![
                    Part::Place("执法证号：".to_owned()),
                    Part::Line("（签字）　　　　年　　月　　日"),
                ],
            ),
        ]],
        long: false,
        sign: true,
    }
}
