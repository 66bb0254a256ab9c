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

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    #[test]
    fn violates_when_somebody_outside_the_roster_signs_or_writes() {
        let signer = |f: &mut Facts| {
            f.first().signers.insert(user(7));
        };
        assert_eq!(after(signer, "ROSTER.signer"), (ValidWithViolation, true));
        let author = |f: &mut Facts| {
            at_visit(f).authors.insert(user(7));
        };
        assert_eq!(after(author, "ROSTER.author"), (Valid, true));
    }

    #[test]
    fn violates_when_a_visit_was_written_outside_any_roster() {
        let teamless = |f: &mut Facts| at_visit(f).team_id = None;
        assert_eq!(after(teamless, "ROSTER.no_team"), (Valid, true));
    }

    #[test]
    fn passes_where_all_who_sign_and_write_are_of_the_roster() {
        let facts = one_sample(CITY);
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
    }

    #[test]
    fn exempts_what_cannot_be_judged_because_the_roster_is_not_known() {
        let mut facts = one_sample(CITY);
        at_visit(&mut facts).roster.clear();
        facts.first().signers.insert(user(7));
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
    }

    #[test]
    fn boundary_a_roster_of_just_those_who_signed_passes_and_one_fewer_does_not() {
        let of = |members: u128| {
            move |f: &mut Facts| at_visit(f).roster = (1..=members).map(user).collect()
        };
        assert_eq!(after(of(2), "ROSTER.signer"), (Valid, false));
        assert_eq!(after(of(1), "ROSTER.signer"), (ValidWithViolation, true));
    }
}
