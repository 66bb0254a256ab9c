//! 待办: what waits for the person of a phone, in one list that it makes offline: what does not get through, cases to confirm,
//! evidence to answer for, drafts that nobody has sealed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cases::Case;
use super::doctor::ItemState;
use crate::document::{ConfirmationDocument, VisitDocument};
use crate::model::{DocumentId, EvidenceId, EvidenceReview, Millis, SealSubject};
use crate::wording::{Worded as _, Words};

/// What is to be done, in the order in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TodoKind {
    /// Something lies aside, or is not sent for a reason that somebody must see to.
    Aside,
    /// A refusal or report that nobody has confirmed.
    Case,
    /// A piece of evidence that was questioned or rejected (影像补正).
    Answer,
    /// 抽样单, not sealed.
    Sheet,
    /// 拒检认定表, not sealed.
    Refusal,
    /// 未抽到样品, not sealed.
    NotSampled,
    /// 现场报告, not sealed.
    OnSiteReport,
    /// 现场确认, begun here and not sealed.
    Confirmation,
}

/// One thing that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Todo {
    /// What is to be done.
    pub kind: TodoKind,
    /// In which document.
    pub document_id: DocumentId,
    /// Which record of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SealSubject>,
    /// Which piece of evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_id: Option<EvidenceId>,
    /// How many changes are meant; 1 where it is one record.
    pub count: u32,
    /// Since when, by the clock of whoever wrote or decided it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<Millis>,
    /// What and why, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

/// What a phone holds of which something may wait.
pub struct Waiting<'a> {
    /// Visits of the person's own body.
    pub visits: &'a [VisitDocument],
    /// Confirmations that were begun on this phone.
    pub confirmations: &'a [ConfirmationDocument],
    /// What the authority decided on evidence.
    pub reviews: &'a [EvidenceReview],
    /// Every change, where it stands.
    pub items: &'a [(DocumentId, ItemState)],
    /// Cases that the person may confirm, in their order.
    pub cases: &'a [Case],
}

/// Everything that waits: by kind, cases as they are listed, the rest the oldest first.
pub fn todos(waiting: &Waiting<'_>) -> Vec<Todo> {
    let mut todos = aside(waiting.items);
    todos.extend(waiting.cases.iter().map(|case| Todo {
        subject: Some(case.subject.into()),
        since_ms: Some(case.recorded_at_ms),
        ..todo(
            TodoKind::Case,
            case.document_id,
            (
                format!("{} {}", case.enterprise_name, case.state_zh),
                format!("{}: {}", case.enterprise_name, case.state_en),
            ),
        )
    }));
    let mut rest = Vec::new();
    for visit in waiting.visits {
        rest.extend(answers(visit, waiting.reviews));
        rest.extend(drafts(visit));
    }
    for document in waiting.confirmations {
        let subject = SealSubject::Confirmation(document.identity().confirmation);
        if document.bears_seal(&subject) {
            continue;
        }
        let begun = document.confirmation().ok();
        rest.push(Todo {
            subject: Some(subject),
            since_ms: begun.map(|it| it.value.confirmed_at.wall_ms),
            ..todo(TodoKind::Confirmation, document.id(), Default::default())
        });
    }
    rest.sort_by_key(|it| {
        (
            it.kind,
            it.since_ms,
            it.document_id,
            it.evidence_id,
            it.subject,
        )
    });
    todos.extend(rest);
    todos
}

/// With the words of its kind before what is told of it.
fn todo(kind: TodoKind, document_id: DocumentId, (zh, en): (String, String)) -> Todo {
    let Words {
        zh: kind_zh,
        en: kind_en,
    } = kind.words();
    let told = |kind: &str, mark: &str, text: String| match text.is_empty() {
        true => kind.to_owned(),
        false => format!("{kind}{mark}{text}"),
    };
    Todo {
        kind,
        document_id,
        subject: None,
        evidence_id: None,
        count: 1,
        since_ms: None,
        zh: told(kind_zh, "：", zh),
        en: told(kind_en, ": ", en),
    }
}

/// Changes that somebody should look at: those of one document that say the same are told once.
fn aside(items: &[(DocumentId, ItemState)]) -> Vec<Todo> {
    let mut told: BTreeMap<(DocumentId, String), (u32, String)> = BTreeMap::new();
    for (document, state) in items {
        if state.needs_attention() {
            let words = match state {
                // Each names the change for which it waits; together they wait for what is told beside them.
                ItemState::Held { .. } => ItemState::held_words(),
                state => state.words(),
            };
            let one = told.entry((*document, words.zh)).or_insert((0, words.en));
            one.0 += 1;
        }
    }
    let told = told.into_iter().map(|((document, zh), (count, en))| Todo {
        count,
        ..todo(TodoKind::Aside, document, (zh, en))
    });
    told.collect()
}

/// Pieces of evidence of a visit to which its samplers have something to say.
fn answers(visit: &VisitDocument, reviews: &[EvidenceReview]) -> Vec<Todo> {
    let entries = visit.evidence().items;
    let of_visit = reviews.iter().filter(|it| it.document_id == visit.id());
    let asked = of_visit.filter(|review| {
        let mut entries = entries.iter();
        let entry = entries.find(|it| it.value.evidence_id == review.evidence_id);
        entry.is_some_and(|it| review.wants_answer(&it.value))
    });
    let asked = asked.map(|review| {
        let verdict = review.verdict.words();
        let told = |verdict: &str, space: &str| match review.reason.is_empty() {
            true => verdict.to_owned(),
            false => format!("{verdict}{space}{}", review.reason),
        };
        Todo {
            evidence_id: Some(review.evidence_id),
            since_ms: Some(review.at_ms),
            ..todo(
                TodoKind::Answer,
                visit.id(),
                (told(verdict.zh, "，"), told(verdict.en, ", ")),
            )
        }
    });
    asked.collect()
}

/// Records of a visit that were neither sealed nor taken back.
fn drafts(visit: &VisitDocument) -> Vec<Todo> {
    let mut drafts = Vec::new();
    let mut draft = |kind, subject: SealSubject, since_ms: Millis, of: &str| {
        if !visit.bears_seal(&subject) {
            drafts.push(Todo {
                subject: Some(subject),
                since_ms: Some(since_ms),
                ..todo(kind, visit.id(), (of.to_owned(), of.to_owned()))
            });
        }
    };
    for it in visit.sheets().items {
        let sheet = it.value;
        if sheet.voided_reason.is_none() {
            let subject = SealSubject::Sheet(sheet.sample_id);
            let at = sheet.sampled_at.wall_ms;
            draft(TodoKind::Sheet, subject, at, &sheet.product_name);
        }
    }
    for it in visit.refusals().items {
        let refusal = it.value;
        if refusal.withdrawn_reason.is_none() {
            let subject = SealSubject::Refusal(refusal.refusal_id);
            let at = refusal.refused_at.wall_ms;
            draft(TodoKind::Refusal, subject, at, &refusal.product_name);
        }
    }
    for it in visit.not_sampled().items {
        let record = it.value;
        let subject = SealSubject::NotSampled(record.not_sampled_id);
        let at = record.recorded_at.wall_ms;
        draft(TodoKind::NotSampled, subject, at, "");
    }
    for it in visit.on_site_reports().items {
        let report = it.value;
        let subject = SealSubject::OnSiteReport(report.report_id);
        let at = report.reported_at.wall_ms;
        draft(TodoKind::OnSiteReport, subject, at, "");
    }
    drafts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::tests::{draft, phone};
    use crate::model::ChangeHash;
    use crate::sync::doctor::QueuedBecause;
    use crate::sync::wire::{HeldReason, QuarantineKind};

    fn told(waiting: &Waiting<'_>) -> Vec<(TodoKind, u32, String)> {
        let all = todos(waiting).into_iter();
        all.map(|it| (it.kind, it.count, it.zh)).collect()
    }

    const NOTHING: Waiting<'static> = Waiting {
        visits: &[],
        confirmations: &[],
        reviews: &[],
        items: &[],
        cases: &[],
    };

    #[test]
    fn what_lies_aside_is_told_once_for_each_document_and_reason() {
        let (one, other) = (phone(1).id(), DocumentId([9; 32]));
        let quarantined = |code: &str| ItemState::Quarantined {
            quarantine: QuarantineKind::Unauthorised,
            code: code.to_owned(),
        };
        let held = |byte| ItemState::Held {
            reason: HeldReason::WaitingFor,
            waiting_for: ChangeHash([byte; 32]),
        };
        let queued = |because| ItemState::Queued { because };
        let items = [
            (one, quarantined("author.expired")),
            (one, quarantined("author.expired")),
            (one, quarantined("author.role")),
            (other, held(1)),
            (other, held(2)),
            (one, ItemState::Received),
            (one, queued(QueuedBecause::Offline)),
            (one, queued(QueuedBecause::Forbidden)),
        ];
        let waiting = Waiting {
            items: &items,
            ..NOTHING
        };
        let mut counts: Vec<_> = told(&waiting).iter().map(|it| it.1).collect();
        counts.sort_unstable();
        assert_eq!(counts, [1, 1, 2, 2]);
        for (kind, _, zh) in told(&waiting) {
            assert_eq!(kind, TodoKind::Aside);
            assert!(zh.starts_with("待处理："), "{zh}");
        }
    }

    #[test]
    fn a_draft_waits_for_its_seal() {
        let mut visit = phone(1);
        let product = "电动自行车".to_owned();
        let sheet = crate::model::SampleSheet {
            product_name: product.clone(),
            ..draft()
        };
        visit.add_sheet(5, &sheet).unwrap();
        let visits = [visit];
        let waiting = Waiting {
            visits: &visits,
            ..NOTHING
        };
        assert_eq!(
            told(&waiting),
            [(TodoKind::Sheet, 1, format!("抽样单待签封：{product}"))]
        );
        assert_eq!(todos(&NOTHING), []);
    }
}
