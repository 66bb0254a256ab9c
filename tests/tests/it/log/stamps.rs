//! Time stamps of checkpoints by a local authority, which is `openssl ts`: asked for, tried again, and believed for what they
//! are worth. Checkpoints wait for none of it.

use fieldseal_server::services::log::audit::audit;
use fieldseal_server::services::log::stamps::look;
use fieldseal_server::store::Row;
use fieldseal_tests::World;
use fieldseal_tests::stamp_authority::{Answers, StampAuthority};
use serde_json::json;
use sync_core::limits::WEBHOOK_RETRY_MAX_MS;

use super::checkpoint;

/// A server with something in its log, and an authority.
fn stamped_world() -> (World, StampAuthority) {
    let w = World::shanxi();
    let authority = StampAuthority::start();
    authority.serves(&w.server);
    let mut wang = w.phone("王");
    wang.enters("铸造");
    wang.syncs();
    (w, authority)
}

fn newest(w: &World) -> Row {
    let sql = "SELECT stamp_state, stamp_problem, stamp_attempts, stamp_due_at, stamp, number FROM checkpoints \
        ORDER BY number DESC LIMIT 1";
    w.server.reads(sql).remove(0)
}

fn state(w: &World) -> String {
    newest(w).get("stamp_state").unwrap()
}

fn looks(w: &World) {
    w.server.runtime.block_on(look(&w.server.app)).unwrap();
}

#[test]
fn a_checkpoint_is_stamped_once_and_says_so() {
    let (w, authority) = stamped_world();
    let (told, _) = checkpoint(&w);
    assert_eq!(told["time_stamp"], "waiting");
    looks(&w);
    assert_eq!(state(&w), "stamped");
    let asked = authority.asked();
    looks(&w);
    assert_eq!(authority.asked(), asked, "what is stamped is not asked for");
    let number = told["number"].as_i64().unwrap();
    let read = w.get(&format!("/v1/checkpoints/{number}"));
    assert_eq!(read["time_stamp"], "stamped");
    let audited = w
        .server
        .runtime
        .block_on(audit(&w.server.app, false))
        .unwrap();
    assert_eq!(audited.faults, []);
    assert_eq!(audited.counted["time stamps"], 1);
    // Whoever exchanges it behind the server's back is named.
    w.server
        .writes("UPDATE checkpoints SET stamp = root WHERE stamp_state = 'stamped'");
    let audited = w
        .server
        .runtime
        .block_on(audit(&w.server.app, false))
        .unwrap();
    assert_eq!(audited.faults.len(), 1);
    assert!(audited.faults[0].why.starts_with("has a time stamp that"));
}

#[test]
fn an_authority_that_is_down_or_answers_wrongly_is_asked_again_and_holds_nothing_up() {
    let (w, authority) = stamped_world();
    let wrong = [
        (Answers::Not, ""),
        (Answers::Busy, "HTTP 503"),
        (Answers::Garbage, "is no answer under RFC 3161"),
        (Answers::Half, "is no answer under RFC 3161"),
        (
            Answers::WithoutEnd,
            "is no answer under RFC 3161: it is too long",
        ),
        (Answers::ToAnother, "its nonce is another one"),
        (Answers::OtherBytes, "is over other bytes"),
        (Answers::WithRefusal, "the authority refused: status 2"),
        (
            Answers::AsSomebodyElse,
            "is not signed by an authority that is believed",
        ),
    ];
    authority.answers(&wrong.map(|(how, _)| how));
    let first = checkpoint(&w).1;
    let mut due = 0;
    for (attempt, (how, why)) in wrong.into_iter().enumerate() {
        looks(&w);
        let row = newest(&w);
        assert_eq!(
            row.get::<String>("stamp_state").unwrap(),
            "waiting",
            "{how:?}"
        );
        let problem: String = row.get("stamp_problem").unwrap();
        assert!(problem.contains(why), "{how:?}: {problem}");
        assert_eq!(
            row.get::<i64>("stamp_attempts").unwrap(),
            attempt as i64 + 1
        );
        let next: i64 = row.get("stamp_due_at").unwrap();
        assert!(next > due, "it waits before it is asked again");
        due = next;
        // Before its time nobody is asked.
        let asked = authority.asked();
        looks(&w);
        assert_eq!(authority.asked(), asked);
        w.server.clock.advance_ms(due - w.now());
    }
    looks(&w);
    let row = newest(&w);
    assert_eq!(row.get::<String>("stamp_state").unwrap(), "stamped");
    assert_eq!(row.get::<Option<String>>("stamp_problem").unwrap(), None);
    // While nobody answers, checkpoints are made as ever, and the next look after that stamps them all.
    authority.answers_always(Answers::Not);
    w.forgets_tokens();
    let mut wang = w.phone("赵");
    for _ in 0..3 {
        wang.enters("铸造");
        wang.syncs();
        let made = checkpoint(&w).1;
        assert!(made.number > first.number);
        looks(&w);
    }
    let waiting = "SELECT COUNT(*) AS n FROM checkpoints WHERE stamp_state = 'waiting'";
    let waiting = || w.server.reads(waiting)[0].get::<i64>("n").unwrap();
    assert!(waiting() > 0);
    let metrics = w
        .server
        .call("GET", "/metrics", None, json!(null))
        .expect(200)
        .raw;
    assert!(
        metrics.contains("fieldseal_time_stamps_waiting"),
        "{metrics}"
    );
    assert!(metrics.contains("fieldseal_time_stamp_attempts_total{outcome=\"failed\"}"));
    authority.answers_always(Answers::Rightly);
    w.server.clock.advance_ms(WEBHOOK_RETRY_MAX_MS + 1);
    looks(&w);
    assert_eq!(waiting(), 0);
}

#[test]
fn a_policy_that_is_asked_for_is_the_one_that_is_given() {
    let w = World::shanxi();
    let authority = StampAuthority::start();
    authority.serves_under(&w.server, Some("1.2.3.4.5"));
    let mut wang = w.phone("王");
    wang.enters("铸造");
    wang.syncs();
    checkpoint(&w);
    looks(&w);
    assert_eq!(state(&w), "stamped");
    // One that the authority does not have is refused by it.
    let other = World::shanxi();
    authority.serves_under(&other.server, Some("1.2.3.4.6"));
    let mut wang = other.phone("王");
    wang.enters("铸造");
    wang.syncs();
    checkpoint(&other);
    looks(&other);
    let problem: String = newest(&other).get("stamp_problem").unwrap();
    assert!(problem.contains("unacceptedPolicy"), "{problem}");
}

#[test]
fn without_an_authority_nothing_waits() {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    wang.enters("铸造");
    wang.syncs();
    assert_eq!(checkpoint(&w).0["time_stamp"], "none");
    looks(&w);
    assert_eq!(state(&w), "none");
}
