//! ROSTER, 名册外人员: a sampler outside the roster writes a document of their own, which gets a finding.
//!
//! The notices are silent; a configurable default.

use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::{Ruling, Said};
use super::{Severity, Subject, Validity};

/// 名册外人员
pub const RULE: Rule = Rule {
    id: "ROSTER",
    title: Words {
        zh: "名册外人员",
        en: "Outside the roster",
    },
    citation: Citation {
        source: "本系统缺省",
        quote: "",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "名册之外的人员签字抽样，或写入检查记录",
        en: "somebody outside the roster signed as sampler or wrote into the visit",
    },
    exceptions: Words {
        zh: "名册未知时不判断",
        en: "an unknown roster is not judged",
    },
    parameters: &[],
    messages: &[
        Message {
            key: "no_team",
            words: Words {
                zh: "记录人不在任何名册内",
                en: "the visit was written outside any roster",
            },
        },
        Message {
            key: "author",
            words: Words {
                zh: "名册之外的人员 {user} 写入了记录",
                en: "{user}, outside the roster, wrote into the visit",
            },
        },
        Message {
            key: "signer",
            words: Words {
                zh: "名册之外的人员 {user} 签字抽样",
                en: "{user}, outside the roster, signed as sampler",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (document_id, visit) in ruling.visits() {
        let Some((book, _)) = ruling.visit_binding(&RULE, document_id, visit) else {
            continue;
        };
        let mut said: Vec<(&'static str, Vec<(&'static str, String)>)> = Vec::new();
        if visit.team_id.is_none() {
            said.push(("no_team", vec![]));
        } else if !visit.roster.is_empty() {
            let outside = visit.authors.difference(&visit.roster);
            said.extend(outside.map(|user| ("author", vec![("user", user.to_string())])));
        }
        for (key, arguments) in said {
            ruling.say(Said {
                rule: &RULE,
                book,
                severity: Severity::Violation,
                subject: Subject::Visit(document_id),
                winner: None,
                key,
                arguments,
            });
        }
        for (id, sample) in ruling.samples() {
            if visit.roster.is_empty() || sample.document_id != Some(document_id) {
                continue;
            }
            for user in sample.signers.difference(&visit.roster) {
                let arguments = vec![("user", user.to_string())];
                ruling.judge(
                    &RULE,
                    book,
                    id,
                    Validity::ValidWithViolation,
                    "signer",
                    arguments,
                );
            }
        }
    }
}
