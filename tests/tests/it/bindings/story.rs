//! The story of conformance: an offline visit, a kill, a cut line, a sync that is stopped, a conflict, a parcel, a
//! confirmation, and the same digests in every language.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use fieldseal_tests::conformance::{StoryPhone, story, text};
use mobile_ffi::face::{ConfirmationForm, PartySignatureAct, RecordRef, RefusalForm, SyncOptions};
use serde_json::{Value, json};

/// A program of the story, killed when it is dropped.
struct Program {
    child: Child,
    says: BufReader<ChildStdout>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_conformance"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(child.stdout.take().unwrap());
        Self { child, says }
    }

    #[track_caller]
    fn hears(&mut self) -> Value {
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the program said {line:?}"))
    }

    #[track_caller]
    fn asks(&mut self, what: &Value) -> Value {
        let stdin: &mut ChildStdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{what}").unwrap();
        self.hears()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_story_of_conformance_ends_with_its_digests() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(play());
}

async fn play() {
    let (folder, told) = (tempfile::tempdir().unwrap(), story());
    let mut program = Program::start(&["world"]);
    let world = program.hears();
    let code = |program: &mut Program, who: &str| {
        text(
            &program.asks(&json!({ "do": "enrolment_code", "who": who })),
            "/code",
        )
    };

    // A phone works offline, and is killed.
    let first_code = code(&mut program, "王");
    let (path, as_text) = (folder.path().to_str().unwrap(), world.to_string());
    let mut phone = Program::start(&["phone", path, &as_text, &first_code]);
    let made = phone.hears();
    drop(phone);
    let visit = text(&made, "/visit");
    let day = told["visit"]["next_day_ms"].as_i64().unwrap();
    let now = program.asks(&json!({ "do": "advance", "ms": day }))["now_ms"]
        .as_i64()
        .unwrap();

    // Nothing of it is lost.
    let first = StoryPhone::open(folder.path(), "first", &world, now).await;
    let rows = first.face.visits().await.unwrap();
    assert_eq!((rows.len(), rows[0].sheets, rows[0].sealed), (1, 2, 2));
    let unsent = rows[0].unsent;
    assert!(unsent > 0);

    // A line that is cut, and a sync that is stopped while nobody answers.
    let cut = told["cut_after_bytes"].as_i64().unwrap();
    program.asks(&json!({ "do": "line", "mode": "cut", "bytes": cut }));
    let done = first.try_sync(Some(1)).await.unwrap();
    assert_eq!((done.outcome.as_str(), done.unsent), ("offline", unsent));
    program.asks(&json!({ "do": "line", "mode": "stalled" }));
    let options = SyncOptions {
        evidence: true,
        attempts_max: None,
    };
    let task = first.face.sync(options, None).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(!task.is_finished());
    task.cancel();
    let stopped = task.wait().await.unwrap_err();
    assert_eq!(stopped.problem().code, "cancelled");
    assert!(task.is_finished());
    program.asks(&json!({ "do": "line", "mode": "open" }));
    let done = first.sync().await;
    assert_eq!(
        (done.outcome.as_str(), done.unsent, done.files),
        ("complete", 0, told["expected"]["files"].as_i64().unwrap())
    );

    // A refusal, which two phones write at the same time.
    let teammate = StoryPhone::open(folder.path(), "teammate", &world, now).await;
    let teammate_code = code(&mut program, "赵");
    teammate.enrol(teammate_code).await;
    let supervisor = StoryPhone::open(folder.path(), "supervisor", &world, now).await;
    let supervisor_code = code(&mut program, "韩");
    supervisor.enrol(supervisor_code).await;
    let case = &told["refusal"];
    let plan = first.plan(&text(case, "/enterprise"));
    let refused = first.face.start_visit(plan).await.unwrap();
    first
        .face
        .record_arrival(refused.clone(), first.arrival())
        .await
        .unwrap();
    let form = RefusalForm {
        kind: text(case, "/kind"),
        fact_description: text(case, "/fact_description"),
        product: text(case, "/product"),
        witness: Some(text(case, "/witness")),
        consequence_explained: true,
        consequence: Some(text(case, "/consequence")),
        task_id: Some(text(&world, &format!("/tasks/{}", text(case, "/task")))),
    };
    let id = first
        .face
        .record_refusal(refused.clone(), form)
        .await
        .unwrap();
    let refusal = RecordRef::Refusal { id };
    first
        .photographs(&refused, &case["photo"], refusal.clone())
        .await;
    for phone in [&first, &teammate] {
        assert_eq!(phone.sync().await.outcome, "complete");
    }
    for (phone, says) in [(&first, "/first_says"), (&teammate, "/teammate_says")] {
        let fields = json!({ "fact_description": text(case, says) }).to_string();
        let edited = phone
            .face
            .edit_record(refused.clone(), refusal.clone(), fields);
        edited.await.unwrap();
    }
    for phone in [&first, &teammate, &first] {
        assert_eq!(phone.sync().await.outcome, "complete");
    }
    let conflicts = first.face.conflicts(refused.clone()).await.unwrap();
    assert_eq!(conflicts.len(), 1, "{conflicts:?}");
    assert!(conflicts[0].open && conflicts[0].sides.len() == 2);
    let chosen = json!(case["chosen"]).to_string();
    let side = conflicts[0]
        .sides
        .iter()
        .find(|it| it.json == chosen)
        .unwrap();
    let (path, change) = (conflicts[0].path.clone(), side.change.clone());
    first
        .face
        .settle_conflict(refused.clone(), path.clone(), change.clone())
        .await
        .unwrap();
    let conflicts = first.face.conflicts(refused.clone()).await.unwrap();
    assert_eq!((conflicts.len(), conflicts[0].open), (1, false));
    let again = first
        .face
        .settle_conflict(refused.clone(), path, change)
        .await;
    assert_eq!(again.unwrap_err().problem().code, "document.not_there");
    let party = PartySignatureAct::Refused {
        reason: text(case, "/party/reason"),
        witness: text(case, "/party/witness"),
        handwriting: Some(text(case, "/party/handwriting").into_bytes()),
    };
    let sealed = first
        .face
        .seal_record(refused.clone(), refusal.clone(), first.people(), party);
    sealed.await.unwrap();

    // Handed to the supervisor without a network, and confirmed.
    let question = supervisor.face.ask_code().await.unwrap().text;
    let answer = first
        .face
        .answer_code(question.clone(), refused.clone(), refusal.clone())
        .await
        .unwrap();
    let heard = supervisor.face.hear_answer(answer.text).await.unwrap();
    assert_eq!(heard.subject, Some(refusal.clone()));
    let parcel = first
        .face
        .make_parcel(question, refused.clone())
        .await
        .unwrap();
    let opened = supervisor
        .face
        .open_parcel(parcel.bytes.clone())
        .await
        .unwrap();
    assert_eq!(opened.visits, std::slice::from_ref(&refused));
    let again = supervisor.face.open_parcel(parcel.bytes).await.unwrap_err();
    assert_eq!(again.problem().code, "parcel.replayed");
    let waiting = supervisor.face.cases_waiting().await.unwrap();
    assert_eq!(waiting.len(), 1);
    let found = &told["confirmation"];
    let form = ConfirmationForm {
        outcome: text(found, "/outcome"),
        measures: text(found, "/measures"),
        opinion: text(found, "/opinion"),
        officers: supervisor
            .people()
            .into_iter()
            .map(|it| it.user_id)
            .collect(),
    };
    let begun = supervisor
        .face
        .begin_confirmation(refused.clone(), refusal.clone(), form);
    let confirmation = begun.await.unwrap();
    let read = supervisor
        .face
        .confirmation_json(confirmation.clone())
        .await
        .unwrap();
    let read: Value = serde_json::from_str(&read).unwrap();
    let shows = RecordRef::Confirmation {
        id: text(&read, "/identity/confirmation"),
    };
    supervisor
        .photographs(&confirmation, &found["photo"], shows)
        .await;
    let sealed = supervisor
        .face
        .seal_confirmation(confirmation, supervisor.people());
    sealed.await.unwrap();
    assert_eq!(supervisor.sync().await.outcome, "complete");

    // What is ruled is read back, and says the same in every language.
    let expected = &told["expected"];
    let visit_digest = first
        .digest_at_the_end(&visit, &text(expected, "/visit_digest"))
        .await;
    let refusal_digest = first
        .digest_at_the_end(&refused, &text(expected, "/refusal_digest"))
        .await;
    let rulings = first.face.rulings(refused.clone()).await.unwrap();
    let of_refusal = rulings.iter().find(|it| it.subject.starts_with("refusal/"));
    assert_eq!(of_refusal.unwrap().outcome, text(expected, "/refusal"));
    let rulings = first.face.rulings(visit.clone()).await.unwrap();
    for (sheet, outcome) in made["sheets"]
        .as_array()
        .unwrap()
        .iter()
        .zip(expected["sheets"].as_array().unwrap())
    {
        let subject = format!("sample/{}", sheet.as_str().unwrap());
        let ruled = rulings.iter().find(|it| it.subject == subject).unwrap();
        assert_eq!(json!(ruled.outcome), *outcome, "{ruled:?}");
    }
    assert_eq!(
        json!([visit_digest, refusal_digest]),
        json!([expected["visit_digest"], expected["refusal_digest"]])
    );
    let left = first.clock.0.load(Ordering::SeqCst);
    assert_eq!(left, now, "the story's clocks stand");
    assert_eq!(first.face.log_out().await.unwrap(), 0);
    first.face.close_store().await.unwrap();
    let closed = first.face.visits().await.unwrap_err();
    assert_eq!(closed.problem().code, "closed");
}
