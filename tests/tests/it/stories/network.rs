//! The network of the field: lost answers, doubled requests, cuts, a server without room. Replays are free (I9).

use fieldseal_tests::{Fault, Phone, World};
use mobile_ffi::SyncOutcome;

fn unsent(phone: &Phone) -> u32 {
    let visits = phone.client.visits().unwrap();
    visits
        .iter()
        .map(|it| u32::try_from(it.unsent).unwrap())
        .sum()
}

/// The words of what is still here.
fn queued(phone: &Phone) -> Vec<String> {
    let doctor = phone.client.doctor().unwrap().into_iter();
    let queued = doctor.filter(|it| it.state == "queued");
    let mut said: Vec<String> = queued.map(|it| format!("{} / {}", it.zh, it.en)).collect();
    said.dedup();
    said
}

fn problem(status: u16, code: &str) -> Fault {
    let kind = ("content-type", "application/problem+json".to_owned());
    let body = format!("{{\"code\":\"{code}\",\"title\":\"x\",\"status\":{status}}}");
    Fault::Answered(status, vec![kind], body)
}

fn portal(status: u16) -> Fault {
    let kind = ("content-type", "text/html".to_owned());
    Fault::Answered(status, vec![kind], "<html>请登录 Wi-Fi</html>".to_owned())
}

#[test]
fn the_same_upload_three_times_changes_nothing() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let sample = a.draws("T1");
    a.network.next([Fault::AnswerLost, Fault::Doubled]);
    a.tries_to_sync();
    a.syncs();
    a.syncs();
    assert_eq!(w.standings(visit), ["first"]);
    assert_eq!(w.validity(sample), "valid");
    let before = (w.dossier(visit), w.rulings(visit), w.server.rows());
    w.minutes(1);
    // The very bytes that travelled, three times more: no row of the database is another one, the feed's positions, the
    // versions of rulings and the receipts among them.
    for request in a.network.syncs().into_iter().cycle().take(9) {
        let answer = mobile_ffi::Transport::send(a.network.as_ref(), request).unwrap();
        assert_eq!(answer.status, 200);
    }
    assert_eq!((w.dossier(visit), w.rulings(visit)), (before.0, before.1));
    assert_eq!(w.server.rows(), before.2);
}

#[test]
fn a_server_without_room_is_asked_again_later_and_nothing_is_lost() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let sample = a.draws("T1");
    a.network.next([Fault::Cut, Fault::Unavailable(2)]);
    a.tries_to_sync();
    w.minutes(10);
    a.syncs();
    assert_eq!(w.standings(visit), ["first"]);
    assert_eq!(w.validity(sample), "valid");
}

#[test]
fn a_captive_portal_is_no_network_whatever_it_answers_and_costs_nothing() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    for status in [200, 302, 400, 401, 403, 404, 413, 511] {
        a.network.next(vec![portal(status); 8]);
        let report = a.client.sync().unwrap();
        assert_eq!(report.outcome, SyncOutcome::Offline, "{status}");
        a.network.clear();
        let said = queued(&a);
        assert_eq!(said.len(), 1);
        assert!(said[0].contains("等待网络"), "{status}: {said:?}");
    }
    a.syncs();
    assert!(queued(&a).is_empty());
    assert_eq!(w.standings(visit).len(), 1);
}

#[test]
fn an_answer_that_is_cut_or_garbage_is_asked_for_again() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let garbage = Fault::Answered(
        200,
        vec![("content-encoding", "zstd".to_owned())],
        "(µ/ý".to_owned(),
    );
    a.network.next([Fault::Truncated, garbage]);
    let report = a.client.sync().unwrap();
    assert_eq!(report.outcome, SyncOutcome::Complete);
    assert_eq!(w.standings(visit).len(), 1);
}

#[test]
fn what_the_server_asked_for_is_obeyed_after_the_app_was_closed_in_seconds_and_as_a_date() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.enters("铸造");
    let date = |minute| format!("Sat, 01 Mar 2025 01:{minute:02}:00 GMT");
    let busy = |after: String| {
        Fault::Answered(
            503,
            vec![("retry-after", after), ("date", date(0))],
            String::new(),
        )
    };
    for after in ["1800".to_owned(), date(30)] {
        a.network.next([busy(after)]);
        let report = a.client.sync().unwrap();
        assert_eq!(report.outcome, SyncOutcome::Busy);
        assert!(report.retry_in_ms >= Some(1_800_000));
        assert!(queued(&a)[0].contains("服务器繁忙"), "{:?}", queued(&a));
        let asked = a.network.syncs().len();
        a.restarts();
        w.minutes(20);
        let early = a.client.sync().unwrap();
        assert_eq!(early.outcome, SyncOutcome::Busy);
        assert!(early.retry_in_ms >= Some(600_000));
        assert_eq!(a.network.syncs().len(), asked, "not one request before");
        a.restarts();
        w.minutes(11);
        if after_all(&a) {
            a.enters("服饰");
        }
    }
    a.syncs();
}

/// Syncs, and whether it went through.
fn after_all(phone: &Phone) -> bool {
    phone.tries_to_sync().outcome == SyncOutcome::Complete
}

#[test]
fn an_expired_login_a_closed_account_and_a_wrong_role_keep_the_queue_and_say_so() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let unsent = unsent(&a);
    for (faults, outcome, words) in [
        (
            vec![problem(401, "session_ended"); 4],
            SyncOutcome::LoginNeeded,
            "重新登录",
        ),
        (
            vec![problem(403, "user_disabled")],
            SyncOutcome::Forbidden,
            "联系管理员",
        ),
        (
            vec![problem(403, "role_forbidden")],
            SyncOutcome::Forbidden,
            "联系管理员",
        ),
        (
            vec![problem(426, "upgrade_needed")],
            SyncOutcome::Incompatible,
            "upgrade_needed",
        ),
        (
            vec![problem(403, "device_revoked")],
            SyncOutcome::DeviceRevoked,
            "本机已被注销",
        ),
    ] {
        a.network.next(faults);
        let report = a.client.sync().unwrap();
        assert_eq!((report.outcome, report.unsent), (outcome, unsent));
        a.network.clear();
        let said = queued(&a);
        assert!(said[0].contains(words), "{said:?}");
    }
    a.restarts();
    a.syncs();
    assert_eq!(w.standings(visit).len(), 1);
}

#[test]
fn whoever_is_logged_out_goes_on_recording_and_the_next_login_sends_it_all() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.client.logout().unwrap();
    let visit = a.enters("铸造");
    let sample = a.draws("T1");
    assert_eq!(a.client.sync().unwrap().outcome, SyncOutcome::LoginNeeded);
    a.restarts();
    assert!(queued(&a)[0].contains("重新登录"));
    a.syncs();
    assert_eq!(w.validity(sample), "valid");
    assert_eq!(w.standings(visit), ["first"]);
}

#[test]
fn what_fits_no_page_is_not_recorded_and_what_compresses_is_sent() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    a.syncs();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut letter = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'0' + u8::try_from(state >> 58).unwrap())
    };
    let noise: String = (0..180_000).map(|_| letter()).collect();
    let refused = a.client.suspend(visit, &noise).unwrap_err();
    assert_eq!(refused.code, "change.too_large");
    assert_eq!(unsent(&a), 0, "it was not stored either");
    a.client.suspend(visit, &"停电".repeat(20_000)).unwrap();
    assert_eq!(unsent(&a), 1);
    a.syncs();
    assert_eq!(unsent(&a), 0);
}

#[test]
fn a_restored_phone_says_that_it_needs_a_code_and_sends_everything_once_it_has_one() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.offline();
    let visit = a.enters("铸造");
    let sample = a.draws("T1");
    let backup = w.folder().join("backup.db");
    a.backs_up(&backup);
    drop(a);
    let restored = w.phone_on("王", backup, 999);
    let error = restored.client.sync().unwrap_err();
    assert_eq!(error.code, "enrolment_needed");
    let said = queued(&restored);
    assert!(
        said[0].contains("新的登记码") && said[0].contains("内容不会丢失"),
        "{said:?}"
    );
    w.enrols(&restored);
    assert!(queued(&restored).is_empty());
    assert_eq!(w.validity(sample), "valid");
    assert_eq!(w.standings(visit), ["first"]);
    let states = restored.client.doctor().unwrap();
    assert!(states.iter().all(|it| it.state == "received"), "{states:?}");
}
