//! What holds for all rules together: each shows its examples, the resolution table of conflicts line by line, and the
//! properties that hold for any facts. The examples of one rule stand in its own file, named by kind.

mod conflicts;
mod pairs;
mod properties;
pub mod twins;

use super::catalogue::CATALOGUE;
use super::descriptor::Words;
use super::testing::*;

/// What an example is of; its test's name begins so.
const KINDS: [&str; 4] = ["violates_", "passes_", "exempts_", "boundary_"];

/// The text of each rule's file.
const FILES: [(&str, &str); 31] = [
    ("TWO", include_str!("two.rs")),
    ("NOSAMP", include_str!("nosamp.rs")),
    ("STOP", include_str!("stop.rs")),
    ("REFUSE", include_str!("refuse.rs")),
    ("NOTSAMPLED", include_str!("notsampled.rs")),
    ("NOTICE", include_str!("notice.rs")),
    ("RECUSE", include_str!("recuse.rs")),
    ("SUSPEND", include_str!("suspend.rs")),
    ("PLAN", include_str!("plan.rs")),
    ("CASE", include_str!("case.rs")),
    ("DISPUTE", include_str!("dispute.rs")),
    ("ASSIGN", include_str!("assign.rs")),
    ("ROSTER", include_str!("roster.rs")),
    ("FORM", include_str!("form.rs")),
    ("SEALED", include_str!("sealed.rs")),
    ("SEPARATE", include_str!("separate.rs")),
    ("TRACE", include_str!("trace.rs")),
    ("MEDIA", include_str!("media.rs")),
    ("REUSE", include_str!("reuse.rs")),
    ("ATTIME", include_str!("attime.rs")),
    ("TASK3", include_str!("task3.rs")),
    ("BATCH3", include_str!("batch3.rs")),
    ("SAMPLEID", include_str!("sampleid.rs")),
    ("SEALNO", include_str!("sealno.rs")),
    ("SHEETNO", include_str!("sheetno.rs")),
    ("ENTRY1", include_str!("entry1.rs")),
    ("DUP6", include_str!("dup6.rs")),
    ("UPPER", include_str!("upper.rs")),
    ("DUPLOT", include_str!("duplot.rs")),
    ("YEAR3", include_str!("year3.rs")),
    ("CUSTODY", include_str!("engine.rs")),
];

/// The notices whose articles are quoted word by word; where they are silent a rule names its source and quotes nothing.
const NOTICES: [&str; 2] = ["晋市监发〔2023〕212号 ", "沪市监产质〔2024〕31号 "];

#[test]
fn every_rule_has_examples_that_violate_pass_are_exempt_and_lie_on_the_boundary() {
    let listed: BTreeSet<&str> = FILES.iter().map(|(id, _)| *id).collect();
    let catalogue: BTreeSet<&str> = CATALOGUE.iter().map(|rule| rule.id).collect();
    assert_eq!(listed, catalogue);
    for (id, text) in FILES {
        assert!(
            text.contains(&format!("id: \"{id}\"")),
            "{id} is in another file"
        );
        for kind in KINDS {
            let example = format!("#[test]\n    fn {kind}");
            assert!(text.contains(&example), "{id} has no example that {kind}…");
        }
    }
}

#[test]
fn every_rule_cites_its_article_in_its_own_words_or_says_that_the_source_is_silent() {
    for rule in CATALOGUE {
        let citation = rule.citation;
        assert!(!citation.source.is_empty(), "{}", rule.id);
        let of_notice = NOTICES.iter().any(|n| citation.source.starts_with(n));
        assert_eq!(of_notice, !citation.quote.is_empty(), "{}", rule.id);
        if !of_notice {
            continue;
        }
        // The head of the file shows the reader the same article.
        let (_, text) = FILES.iter().find(|(id, _)| *id == rule.id).unwrap();
        let head: String = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .map(|line| line.trim_start_matches("//!").trim_start())
            .collect();
        let bare = |text: &str| text.replace([' ', '（', '）', '(', ')'], "");
        assert!(bare(&head).contains(&bare(citation.source)), "{}", rule.id);
    }
}

#[test]
fn every_rule_speaks_both_languages_and_each_message_names_the_same_arguments_in_both() {
    let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let arguments = |text: &str| -> BTreeSet<String> {
        let parts = text.split('{').skip(1);
        parts
            .filter_map(|part| Some(part.split_once('}')?.0.to_owned()))
            .collect()
    };
    for rule in CATALOGUE {
        assert!(!rule.messages.is_empty(), "{} says nothing", rule.id);
        let own = [rule.title, rule.predicate, rule.exceptions];
        let parameters = rule.parameters.iter().map(|parameter| parameter.meaning);
        let messages = rule.messages.iter().map(|message| message.words);
        for Words { zh, en } in own.into_iter().chain(parameters).chain(messages) {
            assert!(chinese(zh) && !en.is_empty(), "{}: {zh} | {en}", rule.id);
            assert_eq!(arguments(zh), arguments(en), "{}: {zh} | {en}", rule.id);
        }
        let keys: BTreeSet<_> = rule.messages.iter().map(|message| message.key).collect();
        assert_eq!(keys.len(), rule.messages.len(), "{} repeats a key", rule.id);
    }
}

#[test]
fn every_rule_holds_in_at_least_one_shipped_rulebook() {
    let books = Rulebooks::builtin();
    for rule in CATALOGUE {
        let held = books.books().iter().any(|book| book.settings(rule).enabled);
        assert!(held, "{}", rule.id);
    }
}
