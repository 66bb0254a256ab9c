//! The rulebook is data: a new version changes the verdict without a rebuild, and old rulings keep theirs.

use fieldseal_tests::{Phone, World};
use serde_json::{Value, json};
use sync_core::model::{DocumentId, SampleId};
use sync_core::rules::{Outcome, Subject, Validity};

/// Two visits a year instead of three, from the day of the third one: a version never begins before it is published.
const TWO_A_YEAR: &str = "id = \"shanghai\"\nversion = 2\nextends = \"national\"\nregion = \"310000\"\n\
    effective_from = \"2025-05-06\"\nsource = \"沪市监产质〔2024〕31号\"\n\
    [rules.YEAR3]\nenabled = true\nmax_visits = 2\n\
    exempt_kinds = [\"special\", \"emergency\", \"tracking\", \"recheck\"]\n";

/// What the phone itself says of a sample, and by which rulebooks YEAR3 spoke against it.
fn previewed(phone: &Phone, visit: DocumentId, sample: SampleId) -> (Validity, Vec<String>) {
    let preview = phone.client.preview(visit).unwrap();
    let subject = Subject::Sample(sample);
    let said = preview.outcomes.iter().find(|it| it.subject == subject);
    let Some(Outcome::Sample { validity }) = said.map(|it| it.outcome.clone()) else {
        panic!("the phone says nothing of {sample}: {preview:?}");
    };
    let of_year = preview
        .findings
        .iter()
        .filter(|it| it.finding.rule_id == "YEAR3" && it.finding.subject == subject);
    (
        validity,
        of_year.map(|it| it.finding.rulebook.clone()).collect(),
    )
}

/// Every version of the ruling on a sample, oldest first.
fn versions(w: &World, visit: DocumentId, sample: SampleId) -> Vec<Value> {
    let dossier = w.dossier(visit);
    let all = dossier["rulings"].as_array().unwrap().iter();
    let subject = format!("sample/{sample}");
    let mut of_sample: Vec<Value> = all.filter(|it| it["subject"] == subject).cloned().collect();
    of_sample.sort_by_key(|it| it["version"].as_i64());
    of_sample
}

#[test]
fn year3_lowered_to_two_changes_the_verdict_on_server_and_phone_and_leaves_old_rulings() {
    let w = World::shanghai();
    let mut phone = w.phone("陈");
    let mut drawn = Vec::new();
    for (campaign, task, day) in [
        ("SH-2025-01", "S1", "2025-03-03 10:00"),
        ("SH-2025-02", "S2", "2025-04-03 10:00"),
        ("SH-2025-03", "S3", "2025-05-06 10:00"),
    ] {
        w.at(day);
        phone.syncs();
        let visit = phone.works_in(campaign).enters("塑业");
        drawn.push((
            visit,
            phone.draws_with(task, json!({ "spec_model": campaign })),
        ));
        phone.syncs();
    }
    let (visit, third) = drawn[2];
    let before: Vec<_> = drawn
        .iter()
        .map(|(visit, it)| versions(&w, *visit, *it))
        .collect();
    assert_eq!(w.validity(third), "valid");
    assert_eq!(previewed(&phone, visit, third), (Validity::Valid, vec![]));

    w.publishes_rulebook(TWO_A_YEAR);
    assert_eq!(
        previewed(&phone, visit, third).0,
        Validity::Valid,
        "the phone rules by the version that it has"
    );
    phone.syncs();

    // The phone's own verdict, by the engine in its hand.
    let by_the_new_version = vec!["shanghai@2".to_owned()];
    assert_eq!(
        previewed(&phone, visit, third),
        (Validity::NeedsRuling, by_the_new_version)
    );
    // The server's.
    assert_eq!(w.validity(third), "needs_ruling");
    assert!(w.rules(visit, third).contains(&"YEAR3".to_owned()));
    let after = versions(&w, visit, third);
    let newest = after.last().unwrap();
    assert_eq!(newest["rulebook"], "shanghai@2", "{newest}");
    // And what was ruled before stays as it was ruled: the third's first version, and the others altogether.
    let old = &before[2];
    assert_eq!(&after[..old.len()], &old[..], "old versions keep theirs");
    assert_eq!(after.len(), old.len() + 1);
    for ((visit, sample), before) in drawn[..2].iter().zip(&before) {
        assert_eq!(w.validity(*sample), "valid");
        assert_eq!(&versions(&w, *visit, *sample), before);
        assert_eq!(
            previewed(&phone, *visit, *sample),
            (Validity::Valid, vec![])
        );
    }
}
