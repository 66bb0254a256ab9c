//! A verdict from the visits that bear on it is the verdict from all of them, whatever they share.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::document::tests::{
    HOUR_MS, NINE_MS, Office, Toy, certificate, draft, identity, party, sealed_by,
};
use crate::model::*;
use crate::proof::{
    BelievedKeys, CertificateKind, CertificatePayload, LeasePayload, Payload, Signed,
    TimeTokenPayload, Verifier, key_id,
};
use crate::rules::testing::{Random, confirmation};
use crate::rules::{ConfirmationOutcome, Outcome, Rulebooks, Standing, Subject, Validity, index};
use crate::sync::advice::{self, Preview, ReferenceRecord};
use crate::sync::enforcement::to_seal;
use crate::sync::wire::{IndexRow, RulingNotice};

const ROUNDS: u64 = 16;
const DAY_MS: i64 = 24 * HOUR_MS;
const SERVER_KEY: [u8; 32] = [3; 32];
const INDEX_KEY: &[u8] = b"a key of a server";
const AUTHORITY: u128 = 9;
const DEVICES: u8 = 5;

/// Device keys as in the documents' tests; whatever bears the server's name was signed by it.
struct Trusting;
impl Verifier for Trusting {
    fn verify_p256(&self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        Toy.verify_p256(key, message, signature)
    }
    fn verify_ed25519(&self, _: &[u8], _: &[u8], _: &[u8]) -> bool {
        true
    }
}

fn by_the_server<T: Payload>(payload: &T) -> Signed<T> {
    Signed::sign(payload, key_id(&SERVER_KEY), |_| vec![0; 64])
}

fn id(kind: u128, n: u64) -> Uuid {
    Uuid::from_u128(kind * 1_000 + u128::from(n))
}

/// An hour after the device's last server time.
fn claim(device: u8, at_ms: Millis) -> TimeClaim {
    let token = by_the_server(&TimeTokenPayload {
        device_id: DeviceId(Uuid::from_u128(100 + u128::from(device))),
        at_ms: at_ms - HOUR_MS,
        nonce: String::new(),
    });
    TimeClaim {
        wall_ms: at_ms,
        token_at_ms: Some(at_ms - HOUR_MS),
        token: Some(serde_json::to_string(&token).unwrap()),
        token_rtt_ms: 0,
        elapsed_ms: Some(HOUR_MS),
    }
}

const USCCS: [&str; 8] = [
    "911405250000B1E536",
    "913708110000A1B24D",
    "911405810000B3G78L",
    "913708830000A2C31B",
    "913708810000A3D495",
    "913101150000C1H82U",
    "913101120000C2J96T",
    "913101200000C3K1X9",
];
/// Of enterprises and of producers: few share one, or everything bears on everything.
const PLACES: u64 = 10;

fn enterprise(n: u64) -> EnterpriseKey {
    match USCCS.get(n as usize) {
        Some(code) => EnterpriseKey::from_uscc(&code.parse().unwrap()),
        None => EnterpriseKey(format!("server:{n}")),
    }
}

/// A producer by code and name, by its name alone, or by nothing.
fn any_party(random: &mut Random) -> Party {
    let n = random.below(PLACES);
    let code = USCCS.get(n as usize).filter(|_| random.chance(70));
    Party {
        name: match random.chance(8) {
            true => String::new(),
            false => format!("第{}示例厂", if random.chance(15) { n + 1 } else { n }),
        },
        uscc: code.map(|code| (*code).to_owned()),
        ..Party::default()
    }
}

fn any_sheet(random: &mut Random, n: u64, device: u8, at_ms: Millis) -> SampleSheet {
    let shared = random.chance(6);
    let number = |random: &mut Random| match random.chance(8) {
        true => random.below(3),
        false => n + 10,
    };
    let mut sheet = SampleSheet {
        sample_id: SampleId(id(7, if shared { random.below(2) } else { n + 10 })),
        sheet_no: format!("S-{}", number(random)),
        sampled_at: claim(device, at_ms),
        task_id: random.chance(80).then(|| TaskId(id(4, random.below(2)))),
        channel: [Channel::Production, Channel::Circulation][random.below(2) as usize],
        sampled_party: any_party(random),
        product_name: "检查井盖".into(),
        spec_model: ["Φ700", "Φ800"][usize::from(random.chance(15))].into(),
        trademark: "示例".into(),
        lot_no: Some(format!("L{}", random.below(3))),
        ..draft()
    };
    sheet.producer = random.chance(85).then(|| any_party(random));
    sheet.seals = [(format!("F.{}", number(random)), SealUse::Test)].into();
    sheet
}

/// One visit on one phone: entered, sampled, sealed, and now and again changed beside the seal on another phone.
fn any_visit(random: &mut Random, n: u64) -> VisitDocument {
    let device = 1 + random.below(u64::from(DEVICES) - 1) as u8;
    let place = VisitIdentity {
        campaign: CampaignId(id(1, u64::from(random.chance(25)))),
        enterprise: enterprise(random.below(PLACES)),
        team: TeamKey::Team(TeamId(id(3, n))),
        ..identity()
    };
    let at_ms = NINE_MS + random.below(40) as i64 * DAY_MS + random.below(8) as i64 * HOUR_MS;
    let mut visit = VisitDocument::create(place, Actor([device; 16])).unwrap();
    if random.chance(90) {
        let arrival: Arrival = serde_json::from_value(json!({
            "arrival_id": id(11, n), "entered_at": claim(device, at_ms), "id_shown": true,
        }))
        .unwrap();
        visit.record_arrival(at_ms, &arrival).unwrap();
    }
    for of_visit in 0..1 + random.below(2) {
        let sheet = any_sheet(random, 10 * n + of_visit, device, at_ms + HOUR_MS);
        // Twice under one id in one visit is one sheet.
        if visit.sheet(sheet.sample_id).is_ok() {
            continue;
        }
        visit.add_sheet(at_ms, &sheet).unwrap();
        let before = visit.clone();
        if !random.chance(60) {
            continue;
        }
        let subject = SealSubject::Sheet(sheet.sample_id);
        let seal = 100 * u128::from(n) + u128::from(of_visit);
        let seal = sealed_by(
            &visit,
            subject,
            device,
            50_000 + seal,
            &[1, 2],
            Some(party()),
        );
        visit.seal(at_ms, &seal).unwrap();
        if random.chance(40) {
            let mut other = before.with_actor(Actor([DEVICES; 16]));
            let mut changed = any_sheet(random, 10 * n + of_visit, device, at_ms);
            changed.sample_id = sheet.sample_id;
            other.edit_sheet(&Office, at_ms, &sheet, &changed).unwrap();
            let changes = other.changes_since(&[]).into_iter().map(|it| it.bytes);
            visit.apply(changes).unwrap();
        }
    }
    if random.chance(30) {
        let refusal: Refusal = serde_json::from_value(json!({
            "refusal_id": id(21, random.below(8)), "kind": "no_reason", "fact_description": "拒绝",
            "product_name": "检查井盖", "refused_at": claim(device, at_ms),
        }))
        .unwrap();
        visit.record_refusal(at_ms, &refusal).unwrap();
        if random.chance(70) {
            let subject = SealSubject::Refusal(refusal.refusal_id);
            let seal = 90_000 + u128::from(n);
            let seal = sealed_by(&visit, subject, device, seal, &[1, 2], Some(party()));
            visit.seal(at_ms, &seal).unwrap();
        }
    }
    if random.chance(30) {
        let of_sheet = random.chance(50);
        let sample = visit.sheets().items.first().map(|it| it.value.sample_id);
        let sampled_on = ["2025-08-20", "不详"][usize::from(random.chance(20))];
        let claim_id = match random.chance(20) {
            true => random.below(2),
            false => 500 + n,
        };
        let claim: PriorSamplingClaim = serde_json::from_value(json!({
            "claim_id": id(7, claim_id),
            "authority": "省局", "sampled_on": sampled_on,
            "sheet_no": format!("S-{}", random.below(40)), "claimed_at": claim(device, at_ms),
            "sample_id": sample.filter(|_| of_sheet),
        }))
        .unwrap();
        visit.claim_prior_sampling(at_ms, &claim).unwrap();
    }
    visit
}

fn reference(kind: &str, id: impl ToString, record: serde_json::Value) -> ReferenceRecord {
    ReferenceRecord {
        kind: kind.to_owned(),
        id: id.to_string(),
        record,
    }
}

fn any_references(random: &mut Random) -> Vec<ReferenceRecord> {
    let authority = Uuid::from_u128(AUTHORITY);
    let mut references = vec![reference(
        "organisation",
        authority,
        json!({ "kind": "authority", "name": "晋城市局", "level": "city", "region": "140500",
                "parent_id": null, "suspended": [] }),
    )];
    for n in 0..2 {
        let made = json!({ "campaign_id": id(1, n), "code": "C", "name": "批次", "authority_id": authority });
        references.push(reference("campaign", id(1, n), made));
        let task = json!({
            "task_id": id(4, n), "campaign_id": id(1, n), "authority_id": authority,
            "body_id": identity().body, "sampling_kind": "routine", "product_name": "检查井盖",
            "approved": random.chance(80),
        });
        references.push(reference("task", id(4, n), task));
    }
    for n in 0..PLACES {
        if random.chance(15) {
            let alias = json!({ "from_key": enterprise(n), "to_key": enterprise(n + 1) });
            references.push(reference("enterprise_alias", n, alias));
        }
    }
    if random.chance(40) {
        let recusal = json!({
            "enterprise_key": enterprise(random.below(PLACES)), "user_id": null,
            "body_id": identity().body, "reason": "亲属",
        });
        references.push(reference("recusal", 1, recusal));
    }
    for n in 0..random.below(3) {
        let lease = by_the_server(&LeasePayload {
            lease_id: LeaseId(id(60, n)),
            campaign_id: CampaignId(id(1, random.below(2))),
            body_id: identity().body,
            enterprise: enterprise(random.below(PLACES)),
            team_id: TeamId(id(3, random.below(8))),
            device_id: DeviceId(Uuid::from_u128(101)),
            granted_at_ms: NINE_MS,
            expires_at_ms: NINE_MS + 30 * DAY_MS,
        });
        let record = json!({ "lease_id": id(60, n), "signed": lease });
        references.push(reference("lease", id(60, n), record));
    }
    references
}

/// People's words on what there is, and the server's duplicate index: rows of these samples and of others.
fn any_words(
    random: &mut Random,
    facts: &crate::rules::Facts,
) -> (Vec<RulingNotice>, Vec<IndexRow>) {
    let mut rulings = Vec::new();
    let mut ruled = |subject: Subject, outcome: Outcome, at_ms: Millis| {
        let notice: RulingNotice = serde_json::from_value({
            let mut told = serde_json::to_value(&outcome).unwrap();
            let beside = json!({
                "ruling_id": id(80, at_ms as u64), "subject": subject, "version": 1, "findings": [],
                "actor": Uuid::from_u128(1), "rulebook": "", "facts": Digest([0; 32]), "decided_at_ms": at_ms,
            });
            let fields = told.as_object_mut().unwrap();
            fields.extend(beside.as_object().unwrap().clone());
            told
        })
        .unwrap();
        rulings.push(notice);
    };
    for (n, sample) in facts.samples.keys().enumerate() {
        if random.chance(8) {
            let words = [Validity::Valid, Validity::Void, Validity::Duplicate];
            let validity = words[random.below(3) as usize];
            ruled(
                Subject::Sample(*sample),
                Outcome::Sample { validity },
                n as i64,
            );
        }
    }
    for (n, entry) in facts.entries.keys().enumerate() {
        if random.chance(8) {
            let words = [Standing::First, Standing::Excess, Standing::Continuation];
            let standing = words[random.below(3) as usize];
            let outcome = Outcome::Entry { standing };
            ruled(Subject::Entry(entry.clone()), outcome, 500 + n as i64);
        }
    }
    let mut rows = Vec::new();
    for (sample, fact) in &facts.samples {
        for (kind, hash) in index::index_keys(INDEX_KEY, fact) {
            for whose in [*sample, SampleId(id(99, random.below(1_000)))] {
                if random.chance(40) {
                    rows.push(IndexRow {
                        row_id: index::index_row_id(INDEX_KEY, whose, &hash),
                        key_hash: hash,
                        kind: kind.as_str().to_owned(),
                        sampled_on: "2025-08-25".to_owned(),
                        authority_id: OrganisationId(Uuid::from_u128(AUTHORITY)),
                        level: "city".to_owned(),
                        sampling_kind: "routine".to_owned(),
                    });
                }
            }
        }
    }
    (rulings, rows)
}

fn certificates() -> Vec<CertificatePayload> {
    let devices = (1..=DEVICES).map(|it| certificate(it, CertificateKind::Device));
    let signers = (1..=DEVICES).flat_map(|device| {
        (1..=2).map(move |person| CertificatePayload {
            serial: i64::from(10 * device + person),
            device_id: DeviceId(Uuid::from_u128(100 + u128::from(device))),
            ..certificate(person, CertificateKind::Signer)
        })
    });
    devices.chain(signers).collect()
}

#[test]
fn a_verdict_from_what_bears_on_a_visit_is_the_verdict_from_everything() {
    let books = Rulebooks::builtin();
    let mut server_keys = BelievedKeys::default();
    assert!(server_keys.pin(&key_id(&SERVER_KEY), &STANDARD.encode(SERVER_KEY), 0));
    let (mut spared, mut said) = (0, BTreeSet::new());
    for seed in 0..ROUNDS {
        let mut random = Random(seed);
        let documents: Vec<VisitDocument> = (0..6 + random.below(6))
            .map(|n| any_visit(&mut random, n))
            .collect();
        let none = |_: &Digest| Vec::new();
        let mut known = Known {
            verifier: &Trusting,
            server_keys: server_keys.clone(),
            certificates: certificates(),
            received: BTreeMap::new(),
            references: any_references(&mut random),
            now: claim(1, NINE_MS + 50 * DAY_MS),
            rulings: Vec::new(),
            index_key: random.chance(70).then(|| INDEX_KEY.to_vec()),
            index_as_of_ms: Some(NINE_MS),
            confirmations: Vec::new(),
            index: &none,
        };
        let changes = documents.iter().flat_map(|it| it.changes_since(&[]));
        for change in changes {
            if random.chance(50) {
                let at = NINE_MS + random.below(60) as i64 * DAY_MS;
                known.received.insert(change.hash, at);
            }
        }
        for n in 0..random.below(4) {
            let of = &documents[random.below(documents.len() as u64) as usize];
            let mut fact = confirmation(ConfirmationOutcome::ResolvedSampled, [80, 81]);
            fact.subject = ConfirmedSubject::Refusal(RefusalId(id(21, 2 * n)));
            let subject = SealSubject::Refusal(RefusalId(id(21, 2 * n)));
            let seal = of.seals_of(&subject).into_iter().next();
            fact.seal = seal.map_or(fact.seal, |it| it.value.statement.digest());
            known.confirmations.push((of.id(), fact));
        }
        let (rulings, rows) = any_words(&mut random, &advice::facts(&documents, &known));
        let found = |hash: &Digest| -> Vec<IndexRow> {
            let rows = rows.iter().filter(|it| it.key_hash == *hash);
            rows.cloned().collect()
        };
        known.rulings = rulings;
        known.index = &found;
        let links: BTreeMap<_, _> = documents
            .iter()
            .map(|it| (it.id(), Links::of(it)))
            .collect();
        let all = Bearing::all(documents.clone());
        assert_eq!(all.samples, Bearing::samples_of(links.values()));
        for document in &documents {
            let visit = document.id();
            let of_it = bearing_on(visit, &links, &known);
            spared += documents.len() - of_it.len();
            let chosen = documents.iter().filter(|it| of_it.contains(&it.id()));
            let chosen = Bearing {
                documents: chosen.cloned().collect(),
                samples: all.samples.clone(),
            };
            let of = |bearing| -> Preview { advice::preview(visit, bearing, &known, &books) };
            let (whole, few) = (of(&all), of(&chosen));
            assert_eq!(
                few,
                whole,
                "seed {seed}, {}",
                document.identity().preimage()
            );
            let told = whole.findings.iter().chain(&whole.advice);
            said.extend(told.map(|it| it.finding.message.clone()));
            for sheet in document.sheets().items.into_iter().take(1) {
                let subject = SealSubject::Sheet(sheet.value.sample_id);
                let by = |all: &[VisitDocument]| to_seal(&subject, visit, all, &known, &books);
                let (few, whole) = (by(&chosen.documents), by(&documents));
                assert_eq!(
                    few,
                    whole,
                    "seed {seed}, {}",
                    document.identity().preimage()
                );
            }
        }
    }
    assert!(spared > 100, "{spared}");
    for key in [
        "DUP6.within_window",
        "DUP6.unsure",
        "DUPLOT.same_lot",
        "ENTRY1.same_product",
        "SAMPLEID.",
        "SEALNO.",
        "SHEETNO.",
        "RECUSE.",
        "REFUSE.",
    ] {
        assert!(
            said.iter().any(|it: &String| it.starts_with(key)),
            "{key}: {said:?}"
        );
    }
}

#[test]
fn links_are_kept_as_they_were_found() {
    for seed in 0..20 {
        let links = Links::of(&any_visit(&mut Random(seed), seed));
        let text = serde_json::to_string(&links).unwrap();
        assert_eq!(serde_json::from_str::<Links>(&text).unwrap(), links);
    }
}

#[test]
fn a_visit_that_is_not_held_has_nothing_that_bears_on_it() {
    let none = |_: &Digest| Vec::new();
    let known = Known {
        verifier: &Toy,
        server_keys: BelievedKeys::default(),
        certificates: Vec::new(),
        received: BTreeMap::new(),
        references: Vec::new(),
        now: TimeClaim::default(),
        rulings: Vec::new(),
        index_key: None,
        index_as_of_ms: None,
        confirmations: Vec::new(),
        index: &none,
    };
    assert_eq!(
        bearing_on(DocumentId([1; 32]), &BTreeMap::new(), &known),
        BTreeSet::new()
    );
}
