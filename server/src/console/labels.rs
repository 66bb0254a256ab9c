//! What the fields of the console's forms are called where one of them is wrong: services name them as the API does.

use super::words::Words;

type Label = fn(&Words) -> &'static str;

/// Fields as forms send them and services name them, with their labels.
const LABELS: &[(&str, Label)] = &[
    ("act", |w| w.audit_act),
    ("active", |w| w.state),
    ("address", |w| w.address),
    ("authority", |w| w.authority),
    ("authority_id", |w| w.authority),
    ("body", |w| w.body),
    ("body_id", |w| w.body),
    ("campaign", |w| w.campaign),
    ("campaign_id", |w| w.campaign),
    ("certificate_no", |w| w.certificate_no),
    ("channel", |w| w.channel),
    ("code", |w| w.number),
    ("confidence", |w| w.confidence),
    ("disposal", |w| w.adjudication_disposal),
    ("display_name", |w| w.setup_display_name),
    ("due_on", |w| w.due_on),
    ("effective_from", |w| w.effective_from),
    ("enterprise", |w| w.enterprise_name),
    ("enterprise_id", |w| w.enterprise_name),
    ("enterprise_name", |w| w.enterprise_name),
    ("enterprise_uscc", |w| w.enterprise_uscc),
    ("enterprises", |w| w.target_enterprises),
    ("evidence", |w| w.evidence),
    ("file", |w| w.import_choose),
    ("from", |w| w.from_day),
    ("from_key", |w| w.alias_from),
    ("items", |w| w.items),
    ("kind", |w| w.category),
    ("legal_representative", |w| w.legal_representative),
    ("level", |w| w.category),
    ("lot_no", |w| w.lot_no),
    ("make_up", |w| w.adjudication_make_up),
    ("members", |w| w.team_members),
    ("method", |w| w.method),
    ("min_base", |w| w.min_base),
    ("min_base_milli", |w| w.min_base),
    ("name", |w| w.name),
    ("note", |w| w.cases_note),
    ("office", |w| w.cases_office),
    ("office_id", |w| w.cases_office_id),
    ("organisation", |w| w.organisation),
    ("organisation_id", |w| w.organisation),
    ("outcome", |w| w.adjudication_outcome),
    ("parent", |w| w.above),
    ("parent_id", |w| w.above),
    ("password", |w| w.password),
    ("plan_no", |w| w.plan_no),
    ("producer_name", |w| w.producer),
    ("producer_uscc", |w| w.producer_uscc),
    ("product", |w| w.product_name),
    ("product_name", |w| w.product_name),
    ("quota_batches", |w| w.quota),
    ("reason", |w| w.reason),
    ("receipt_no", |w| w.cases_receipt_no),
    ("reference_no", |w| w.cases_reference_no),
    ("refusal", |w| w.adjudication_outcome),
    ("region", |w| w.region_code),
    ("regions", |w| w.region_codes),
    ("result", |w| w.cases_result),
    ("roles", |w| w.roles),
    ("sampled_on", |w| w.sampled_on),
    ("sampling_kind", |w| w.sampling_kind),
    ("sheet_no", |w| w.sheet_no),
    ("sites", |w| w.sites),
    ("source", |w| w.source),
    ("spare_qty", |w| w.spare_qty),
    ("spare_qty_milli", |w| w.spare_qty),
    ("spec_model", |w| w.spec_model),
    ("standards", |w| w.standards),
    ("standing", |w| w.standing),
    ("team", |w| w.team),
    ("team_id", |w| w.team),
    ("test_qty", |w| w.test_qty),
    ("test_qty_milli", |w| w.test_qty),
    ("text", |w| w.rulebook_text),
    ("to", |w| w.to_day),
    ("token", |w| w.setup_token),
    ("trademark", |w| w.trademark),
    ("unit", |w| w.unit),
    ("username", |w| w.username),
    ("uscc", |w| w.uscc),
    ("validity", |w| w.adjudication_validity),
    ("verdict", |w| w.review_verdict),
];

/// What a field is called; as it is sent where nobody has given it a name. One of several (`enterprises[2]`, `disposal:…`) is
/// called as all of them.
pub fn label<'a>(w: &Words, field: &'a str) -> &'a str {
    let plain = field.split(['[', ':', '.']).next().unwrap_or(field);
    let found = LABELS.iter().find(|(of, _)| *of == plain);
    found.map_or(field, |(_, label)| label(w))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::super::words::{EN, ZH};
    use super::*;

    /// The names of fields that are made by this function, wherever it is broken over lines.
    fn made(source: &str, call: &str, out: &mut BTreeSet<String>) {
        for (at, _) in source.match_indices(call) {
            let name = source[at + call.len()..].trim_start().strip_prefix('"');
            out.extend(name.and_then(|it| it.split('"').next()).map(str::to_owned));
        }
    }

    #[test]
    fn every_field_of_a_form_has_a_label_that_people_read() {
        let mut fields = BTreeSet::new();
        let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console/house");
        for file in std::fs::read_dir(house).unwrap() {
            let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for call in ["needed(", "wanted(", "select(", "checks("] {
                made(&source, call, &mut fields);
            }
        }
        assert!(fields.len() > 30, "{fields:?}");
        let unnamed: Vec<_> = fields.iter().filter(|it| label(&ZH, it) == **it).collect();
        assert_eq!(unnamed, Vec::<&String>::new(), "name them in `LABELS`");
        assert_eq!(label(&ZH, "enterprises[2]"), ZH.target_enterprises);
        assert_eq!(label(&EN, "validity:0195"), EN.adjudication_validity);
        assert_eq!(label(&EN, "nobody_named_it"), "nobody_named_it");
    }
}
