//! Long work: an import shows how far it is, can be left and found again, and outlives the server that began it.

use fieldseal_server::access::{OrganisationKind, Principal, Role};
use fieldseal_server::args;
use fieldseal_server::problem::Code;
use fieldseal_server::services::imports::Kind;
use fieldseal_server::services::imports::jobs::{self, Act, ImportRow};
use fieldseal_server::store::{Statement, imports};
use fieldseal_tests::screen::WIDTHS;
use fieldseal_tests::{Screen, TestServer, World};
use serde_json::json;
use sync_core::limits::{IMPORT_CHUNK_ROWS, IMPORT_LEASE_MS, IMPORTS_OPEN_MAX};
use uuid::Uuid;

/// An import that another process has, and is in the middle of.
const HELD: Statement = Statement {
    name: "held",
    sql: "INSERT INTO imports (import_id, kind, act, user_id, session_id, made_at, state, rows_all, rows_done, \
        chunks_written, attempts, lease, leased_until, file) \
        VALUES ($1, 'enterprises', 'write', $2, $1, $3, 'writing', $4, 50, 1, 1, 'another process', $5, $6)",
};
/// That process got on.
const WENT_ON: Statement = Statement {
    name: "went_on",
    sql: "UPDATE imports SET rows_done = 100, chunks_written = 2, steps = steps + 1 WHERE import_id = $1",
};

/// Enterprises without a code, so many.
fn enterprises(rows: usize) -> String {
    let rows = (0..rows).map(|n| format!(",示例第{n}厂,140525\n"));
    format!("uscc,name,region\n{}", rows.collect::<String>())
}

/// Somebody who imports, as the services know them.
fn principal(server: &TestServer, user: &str, organisation: &str) -> Principal {
    let id = server.app.new_uuid();
    Principal {
        user: user.parse().unwrap(),
        organisation: organisation.parse().unwrap(),
        organisation_kind: OrganisationKind::Authority,
        roles: vec![Role::Authority],
        region_prefixes: vec!["14".to_owned()],
        device: None,
        session: id,
    }
}

fn clerk(server: &TestServer) -> Principal {
    let admin = server.admin("140000");
    let organisation = server.organisation(&admin, "authority", "140000");
    let user = server.user(&admin, &organisation, "clerk", &["authority"]);
    principal(server, &user, &organisation)
}

/// Puts one there that another process has.
fn hold(server: &TestServer, user: sync_core::model::UserId, file: &str) -> Uuid {
    let id = server.app.new_uuid();
    let now = server.app.now();
    let rows = i64::try_from(file.lines().count() - 1).unwrap();
    server.runtime.block_on(async {
        let mut tx = server.app.store.begin().await.unwrap();
        let until = now + IMPORT_LEASE_MS;
        let values = args![id, user, now, rows, until, file.as_bytes()];
        tx.exec(&HELD, values).await.unwrap();
        tx.commit().await.unwrap();
    });
    id
}

fn row(server: &TestServer, id: Uuid) -> ImportRow {
    server.runtime.block_on(async {
        let mut db = server.app.store.read().await.unwrap();
        imports::find(&mut db, id).await.unwrap().unwrap()
    })
}

/// The import when it is over.
fn ended(server: &TestServer, id: Uuid) -> ImportRow {
    for _ in 0..6_000 {
        let row = row(server, id);
        if row.ended_at.is_some() {
            return row;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("it does not end: {:?}", row(server, id));
}

fn take(server: &TestServer, caller: &Principal, act: Act, file: &str) -> Uuid {
    let file = file.as_bytes().to_vec();
    let taken = jobs::take(&server.app, caller, Kind::Enterprises, act, file);
    server.runtime.block_on(taken).unwrap()
}

#[test]
fn an_import_shows_how_far_it_is_without_being_asked_and_is_found_again_by_whoever_left() {
    let w = World::shanxi();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    for (turn, width) in WIDTHS.into_iter().enumerate() {
        screen.widens(width);
        screen.logs_in(&w.catalogue().people["晋城"].username);
        let rows = 3 * IMPORT_CHUNK_ROWS;
        let file = enterprises(rows).replace("示例第", &format!("示例{turn}区第"));
        let user = w.id("user", "晋城").parse().unwrap();
        let id = hold(&w.server, user, &file);
        let here = format!("/console/imports/enterprises/{id}");
        screen.goes("/console");
        screen.waits_for("正在写入：50 / 150 行");
        screen.is_sound("today with work under way");
        screen.pictured("today-work");
        screen.clicks(&format!("#work a[href='{here}']"));
        screen.waits_for("正在写入：50 / 150 行");
        screen.is_sound("an import under way");
        screen.pictured("import-under-way");
        // It gets on, and so does the page.
        w.server.runtime.block_on(async {
            let mut tx = w.server.app.store.begin().await.unwrap();
            tx.exec(&WENT_ON, args![id]).await.unwrap();
            tx.commit().await.unwrap();
        });
        screen.waits_for("正在写入：100 / 150 行");
        // Without scripts a browser comes again by itself.
        screen.scripts(false);
        screen.goes(&here);
        let source = screen.text();
        assert!(source.contains("100 / 150"), "{source}");
        screen.goes("/console/imports/enterprises");
        screen.scripts(true);
        screen.goes("/console/imports/enterprises");
        assert!(screen.sees("#latest").contains("100 / 150"));
        screen.clicks(&format!("#latest a[href='{here}']"));
        screen.waits_for("100 / 150");
        // That process is gone: what it had kept stays, and the rest is written by this one.
        w.server.clock.advance_ms(IMPORT_LEASE_MS);
        screen.waits_for("已写入：新增 50 条");
        assert_eq!(ended(&w.server, id).created, 50);
        screen.is_sound("an import that ended");
        screen.goes("/console");
        assert!(screen.sees("#work").contains("已写入"));
    }
}

#[test]
fn an_import_whose_server_is_cut_again_and_again_writes_every_row_once_and_counts_it_once() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut server = TestServer::start_in(folder.path());
    let caller = clerk(&server);
    let rows = 20 * IMPORT_CHUNK_ROWS + 7;
    let id = take(
        &server,
        &caller,
        Act::Skip,
        &format!("{},坏,310115\n", enterprises(rows)),
    );
    let mut cuts = 0;
    let mut written = 0;
    while row(&server, id).ended_at.is_none() {
        // Wherever it is by then.
        let now = row(&server, id);
        if now.chunks_written > written && cuts < 6 {
            (written, cuts) = (now.chunks_written, cuts + 1);
            let clock = server.clock.clone();
            server.stop();
            clock.advance_ms(IMPORT_LEASE_MS);
            server = TestServer::start_on(folder.path(), clock);
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(cuts > 0, "it was never cut");
    let done = ended(&server, id);
    let made = i64::try_from(rows).unwrap();
    assert_eq!((done.state.as_str(), done.written), ("done", true));
    assert_eq!((done.created, done.updated, done.unchanged), (made, 0, 0));
    let bad = jobs::bad_rows(&done).unwrap();
    assert_eq!(
        (bad.len(), bad[0].line),
        (1, u64::try_from(rows).unwrap() + 2)
    );
    assert_eq!(
        (bad[0].column.as_deref(), bad[0].code.as_str()),
        (Some("region"), "scope_forbidden")
    );
    assert_eq!(server.rows()["enterprises"].len(), rows);
    // The trail counts each row once, too.
    let trail = server.reads("SELECT detail FROM audit_events WHERE act = 'import.done'");
    let counted: u64 = trail
        .iter()
        .map(|row| {
            let detail: String = row.get("detail").unwrap();
            let detail: serde_json::Value = serde_json::from_str(&detail).unwrap();
            detail["created"].as_u64().unwrap()
        })
        .sum();
    assert_eq!(counted, rows as u64);
}

#[test]
fn an_import_tries_before_it_writes_and_a_bad_row_stops_it_where_it_is_not_to_be_skipped() {
    let server = TestServer::start();
    let caller = clerk(&server);
    let kept = |server: &TestServer| server.rows()["enterprises"].len();
    let bad = format!("{},坏,310115\n", enterprises(2 * IMPORT_CHUNK_ROWS));
    for (act, written) in [(Act::Try, false), (Act::Write, false), (Act::Skip, true)] {
        let before = kept(&server);
        let done = ended(&server, take(&server, &caller, act, &bad));
        assert_eq!(
            (done.state.as_str(), done.written),
            ("done", written),
            "{act:?}"
        );
        assert_eq!(jobs::bad_rows(&done).unwrap().len(), 1);
        let made = if written { 2 * IMPORT_CHUNK_ROWS } else { 0 };
        assert_eq!(kept(&server), before + made, "{act:?}");
    }
    let done = ended(
        &server,
        take(&server, &caller, Act::Write, "uscc,name\n,x\n"),
    );
    assert_eq!(
        (done.state.as_str(), done.problem.as_deref()),
        ("failed", Some("import_invalid"))
    );
    assert!(done.detail.unwrap().contains("region"));
}

#[test]
fn a_file_of_excel_in_china_is_told_what_it_is_in_chinese() {
    let server = TestServer::start();
    let caller = clerk(&server);
    // 晋城 as GBK has it.
    let gbk = [
        b"uscc,name,region\n,".as_slice(),
        b"\xbd\xfa\xb3\xc7",
        b",140525\n",
    ]
    .concat();
    let id = jobs::take(&server.app, &caller, Kind::Enterprises, Act::Try, gbk);
    let id = server.runtime.block_on(id).unwrap();
    ended(&server, id);
    let mut browser = fieldseal_tests::provider::Browser::default();
    super::logs_in(&server, &mut browser, "clerk");
    let shown = browser.call(
        &server.url(&format!("/console/imports/enterprises/{id}")),
        None,
    );
    assert_eq!(shown.status, 200);
    let page = &shown.body;
    assert!(page.contains("文件不是 UTF-8 编码"), "{page}");
    assert!(page.contains("无法在此更正"), "{page}");
    assert!(
        !page.contains("the file is") && !page.contains("文件较大"),
        "{page}"
    );
    // There is nothing to go on with but another file.
    assert!(!page.contains("name=\"of\""), "{page}");
}

#[test]
fn what_somebody_began_ends_with_their_account_and_nobody_else_reads_it() {
    let server = TestServer::start();
    let caller = clerk(&server);
    let admin = server.log_in("admin-140000");
    let id = hold(&server, caller.user, &enterprises(3 * IMPORT_CHUNK_ROWS));
    let path = format!("/v1/users/{}", caller.user);
    server
        .call("PATCH", &path, Some(&admin), json!({ "active": false }))
        .expect(200);
    server.clock.advance_ms(IMPORT_LEASE_MS);
    let done = ended(&server, id);
    assert_eq!(
        (done.state.as_str(), done.problem.as_deref()),
        ("failed", Some("user_disabled"))
    );
    assert!(server.rows()["enterprises"].is_empty());
    let mut browser = fieldseal_tests::provider::Browser::default();
    super::logs_in(&server, &mut browser, "admin-140000");
    let path = server.url(&format!("/console/imports/enterprises/{id}"));
    assert_eq!(browser.call(&path, None).status, 404);
}

#[test]
fn somebody_has_as_many_imports_under_way_as_allowed_and_no_more() {
    let server = TestServer::start();
    let caller = clerk(&server);
    let file = enterprises(3 * IMPORT_CHUNK_ROWS);
    for _ in 1..IMPORTS_OPEN_MAX {
        hold(&server, caller.user, &file);
    }
    // One at the limit is taken.
    ended(&server, take(&server, &caller, Act::Try, &file));
    let last = hold(&server, caller.user, &file);
    let more = jobs::take(
        &server.app,
        &caller,
        Kind::Enterprises,
        Act::Try,
        file.into(),
    );
    let problem = server.runtime.block_on(more).unwrap_err();
    assert_eq!(problem.code(), Code::Overloaded);
    // What others left lying is taken up, and there is room again.
    server.clock.advance_ms(IMPORT_LEASE_MS);
    ended(&server, last);
}
