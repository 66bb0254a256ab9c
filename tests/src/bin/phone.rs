//! A phone as a process of its own, for tests that kill it: it records, seals and syncs by turns as its plan and its seed
//! say, and tells on its output what it is about and what it has acknowledged. A line is out before the next step begins.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use fieldseal_tests::child::{Part, PhonePlan, Told};
use fieldseal_tests::phone::PIN;
use fieldseal_tests::server::PASSWORD;
use mobile_ffi::host::UreqTransport;
use mobile_ffi::{
    CaptureInput, Client, ClientError, ConfirmationInput, ConfirmedSubject, EvidenceSubject, Host,
    HttpAnswer, HttpRequest, PartyAct, SignerAct, SyncOutcome, Transport, TransportError,
};
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use sync_core::model::{DocumentId, RefusalId, SampleId};
use sync_core::sync::session::Patience;

fn main() {
    let plan = std::env::args().nth(1).expect("phone PLAN");
    let plan = std::fs::read_to_string(PathBuf::from(plan)).expect("a plan");
    let plan: PhonePlan = serde_json::from_str(&plan).expect("a plan");
    let host = Host {
        transport: Arc::new(Telling(UreqTransport::new())),
        ..Host::system()
    };
    let client = Client::open(&plan.file, host).expect("the store opens");
    // Hundreds of sheets in one visit are no visit that a phone would seal; what is tried here is what a kill leaves.
    client.faults().set_unruly(true);
    say(&Told::Opened);
    match &plan.part {
        Part::Sampler => samples(&client, &plan),
        Part::Supervisor {
            parcels,
            code,
            case,
        } => supervises(&client, &plan, parcels, (code, *case)),
        Part::Uploader => loop {
            syncs(&client, &plan);
            uploads(&client);
            say(&Told::Round);
        },
    }
}

/// Records, seals and syncs by turns, for ever.
fn samples(client: &Client, plan: &PhonePlan) {
    let mut dice = ChaCha8Rng::seed_from_u64(plan.seed);
    for number in plan.first.. {
        let at = dice.random_range(0..plan.visits.len());
        let (visit, fields) = &plan.visits[at];
        match dice.random_range(0..6) {
            0 | 1 => notes_down(client, *visit, number),
            2 => writes(client, *visit, number),
            3 | 4 => captures(client, plan, *visit, &mut dice),
            _ => draws(client, plan, *visit, fields, number),
        }
        syncs(client, plan);
        say(&Told::Round);
    }
}

/// Opens parcel after parcel and answers each with a sealed confirmation; then waits to be killed.
fn supervises(
    client: &Client,
    plan: &PhonePlan,
    parcels: &[PathBuf],
    (code, (visit, refusal)): (&str, (DocumentId, RefusalId)),
) {
    for (number, parcel) in parcels.iter().enumerate() {
        let bytes = std::fs::read(parcel).expect("a parcel");
        say(&Told::Opening);
        match client.open_parcel(&bytes) {
            Ok(opened) => assert!(opened.aside.is_empty(), "{opened:?}"),
            // Opened, and killed before it could say so.
            Err(error) => assert_eq!(error.code, "parcel.replayed", "{error:?}"),
        }
        say(&Told::Saved(format!("note-{number}")));
        confirms(client, plan, (visit, refusal), plan.first + number as u64);
        say(&Told::Packing);
        let made = client.make_parcel(code, visit).expect("a parcel");
        let back = plan.file.with_extension("back");
        std::fs::write(back, made.bytes).expect("a share sheet");
        say(&Told::Round);
    }
    loop {
        std::thread::park();
    }
}

fn confirms(
    client: &Client,
    plan: &PhonePlan,
    (visit, refusal): (DocumentId, RefusalId),
    number: u64,
) {
    let opinion = format!("[opinion-{number}]");
    let input = ConfirmationInput {
        outcome: "confirmed".to_owned(),
        measures: "责令改正".to_owned(),
        opinion: opinion.clone(),
        officers: plan.samplers.iter().map(|(user, _)| *user).collect(),
    };
    say(&Told::Recording);
    let begun = client.begin_confirmation(visit, ConfirmedSubject::Refusal(refusal), &input);
    let begun = begun.expect("a confirmation");
    say(&Told::Saved(opinion));
    say(&Told::Sealing);
    let signers = signers(plan);
    match client.seal_confirmation(begun, &signers) {
        Ok(seal) => say(&Told::Saved(seal)),
        // Kills in the middle of attempts have blocked the PIN; there is no network to enrol anew.
        Err(error) => assert_eq!(error.code, "pin.blocked", "{error:?}"),
    }
}

/// One attempt; what a kill cut through goes on where the server has it.
fn uploads(client: &Client) {
    let patience = Patience {
        attempts_max: 1,
        ..Patience::default()
    };
    let report = client
        .upload_with(patience, &|_| ())
        .expect("the store works");
    say(&Told::Saved(format!("files-{}", report.files)));
}

fn notes_down(client: &Client, visit: DocumentId, number: u64) {
    let note = format!("note-{number}");
    say(&Told::Recording);
    client.suspend(visit, &note).expect("it is noted down");
    say(&Told::Saved(note));
}

fn writes(client: &Client, visit: DocumentId, number: u64) {
    let word = format!("[word-{number}]");
    say(&Told::Recording);
    client
        .splice_notes(visit, 0, 0, &word)
        .expect("it is written");
    say(&Told::Saved(word));
}

/// A file of any length, sometimes one that was captured before.
fn captures(client: &Client, plan: &PhonePlan, visit: DocumentId, dice: &mut ChaCha8Rng) {
    let file = plan.file.with_extension("camera");
    let length = dice.random_range(1..200_000);
    let mut bytes = vec![0; length];
    match dice.random_range(0..4) {
        0 => bytes.truncate(1_000),
        _ => dice.fill(bytes.as_mut_slice()),
    }
    std::fs::write(&file, bytes).expect("a camera writes");
    let input = CaptureInput {
        file,
        media_type: "image/jpeg".to_owned(),
        kind: "place".to_owned(),
        subject: EvidenceSubject::Visit,
        location: None,
    };
    say(&Told::Capturing);
    let added = client.capture(visit, &input).expect("it is captured");
    say(&Told::Saved(added.evidence_id));
}

fn draws(
    client: &Client,
    plan: &PhonePlan,
    visit: DocumentId,
    fields: &serde_json::Value,
    number: u64,
) {
    let mut fields = fields.clone();
    fields["seals"] =
        json!({ format!("封-{number}-检"): "test", format!("封-{number}-备"): "spare" });
    say(&Told::Recording);
    let drawn = client.new_sheet(visit, Some(plan.task), fields);
    let sheet = match drawn {
        // Another block comes with a sync.
        Err(error) if error.code == "sheet_numbers.exhausted" => return,
        drawn => drawn.expect("a sheet"),
    };
    say(&Told::Saved(sheet.to_string()));
    say(&Told::Sealing);
    match seals(client, plan, visit, sheet) {
        Ok(seal) => say(&Told::Saved(seal)),
        // A PIN's attempts are counted before they are made: kills in the middle of several block it, as they should.
        Err(error) if error.code == "pin.blocked" => {
            for (_, username) in &plan.samplers {
                let _ = client.add_signer(username, PASSWORD, PIN);
            }
        }
        Err(error) => panic!("{error:?}"),
    }
}

fn seals(
    client: &Client,
    plan: &PhonePlan,
    visit: DocumentId,
    sheet: SampleId,
) -> Result<String, ClientError> {
    let party = PartyAct::Signed {
        name: "联系人".to_owned(),
        handwriting: b"handwriting of the party".to_vec(),
        stamp: Some(b"photo of the stamp".to_vec()),
    };
    client.seal_sheet(visit, sheet, signers(plan), party)
}

fn signers(plan: &PhonePlan) -> Vec<SignerAct> {
    let acts = plan.samplers.iter().map(|(user_id, username)| SignerAct {
        user_id: *user_id,
        pin: PIN.to_owned(),
        handwriting: username.as_bytes().to_vec(),
    });
    acts.collect()
}

/// One attempt: what a kill leaves unsent goes with the next.
fn syncs(client: &Client, plan: &PhonePlan) {
    let patience = Patience {
        attempts_max: 1,
        ..Patience::default()
    };
    let report = client.sync_with(patience).expect("the store works");
    if report.outcome == SyncOutcome::LoginNeeded {
        // The answer to a refresh died with the process before this one.
        let _ = client.login(&plan.username, PASSWORD);
    }
}

/// The network, telling when a request is under way.
struct Telling(UreqTransport);

impl Transport for Telling {
    fn send(&self, request: HttpRequest) -> Result<HttpAnswer, TransportError> {
        let is_sync = request.url.ends_with("/v1/sync");
        say(if is_sync {
            &Told::Sending
        } else {
            &Told::Asking
        });
        let answer = self.0.send(request);
        say(if is_sync {
            &Told::Receiving
        } else {
            &Told::Asked
        });
        answer
    }
}

/// One line, out of the process at once.
fn say(told: &Told) {
    let line = serde_json::to_string(told).expect("plain data");
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").expect("somebody listens");
    out.flush().expect("somebody listens");
}
