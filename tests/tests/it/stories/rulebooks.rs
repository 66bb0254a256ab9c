//! The rulebook is data: a new version changes the verdict without a rebuild, and old rulings keep theirs.

use fieldseal_tests::World;
use serde_json::{Value, json};

#[test]
fn year3_lowered_to_two_changes_the_verdict_on_server_and_phone_and_leaves_old_rulings() {
    let w = World::shanghai();
    let mut phone = w.phone("陈");
    let mut samples = Vec::new();
    for (campaign, task, day) in [
        ("SH-2025-01", "S1", "2025-03-03 10:00"),
        ("SH-2025-02", "S2", "2025-04-03 10:00"),
    ] {
        w.at(day);
        phone.syncs();
        phone.works_in(campaign).enters("塑业");
        samples.push((
            phone.visit(),
            phone.draws_with(task, json!({ "spec_model": campaign })),
        ));
        phone.syncs();
    }
    let before: Vec<Vec<Value>> = samples.iter().map(|(visit, _)| w.rulings(*visit)).collect();
    w.publishes_rulebook(
        "id = \"shanghai\"\nversion = 2\nextends = \"national\"\nregion = \"310000\"\n\
         effective_from = \"2025-05-01\"\nsource = \"沪市监产质〔2024〕31号\"\n\
         [rules.YEAR3]\nenabled = true\nmax_visits = 2\n\
         exempt_kinds = [\"special\", \"emergency\", \"tracking\", \"recheck\"]\n",
    );
    w.at("2025-05-06 10:00");
    phone.syncs();
    let visit = phone.works_in("SH-2025-03").enters("塑业");
    let third = phone.draws_with("S3", json!({ "spec_model": "三" }));
    phone.syncs();
    assert_eq!(w.validity(third), "needs_ruling");
    let ruling = w.rulings(visit);
    assert!(
        json!(ruling).to_string().contains("shanghai@2"),
        "{ruling:?}"
    );
    for ((visit, sample), before) in samples.iter().zip(before) {
        assert_eq!(w.validity(*sample), "valid");
        assert_eq!(w.rulings(*visit), before, "old rulings keep theirs");
    }
    let books = json!(phone.client.references("rulebook").unwrap()).to_string();
    assert!(
        books.contains("max_visits = 2"),
        "the phone has the new version"
    );
}
