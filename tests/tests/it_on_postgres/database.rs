//! What only a database beside the server can do: commit in another order than transactions began, and go away.

use fieldseal_server::store::feed::{self, Audience, NewRow};
use fieldseal_tests::TestServer;
use serde_json::{Value, json};
use sync_core::limits::DATABASE_RETRY_S;

fn row(id: &str) -> NewRow {
    NewRow::reference(
        Audience::Everyone,
        "test",
        id,
        1,
        Some(&json!({ "id": id })),
    )
}

#[test]
fn a_cursor_skips_nothing_when_transactions_commit_in_another_order_than_they_began() {
    let server = TestServer::start();
    let positions = || -> Vec<i64> {
        let rows =
            server.reads("SELECT position FROM feed WHERE subject LIKE 'test/%' ORDER BY position");
        rows.iter()
            .map(|row| row.get("position").unwrap())
            .collect()
    };
    let store = &server.app.store;
    server.runtime.block_on(async {
        let mut early = store.begin_beside().await.unwrap();
        // It has begun in earnest: PostgreSQL gives a transaction its number with its first write.
        fieldseal_server::store::access::counters::next(&mut early, "early")
            .await
            .unwrap();
        let mut late = store.begin_beside().await.unwrap();
        let of_late = feed::append(&mut late, &[row("late")], 1).await.unwrap();
        late.commit().await.unwrap();
        let mut db = store.read().await.unwrap();
        assert_eq!(feed::last_position(&mut db).await.unwrap(), of_late);
        drop(db);
        // A phone's cursor stands behind the late one by now. The early one must come behind it.
        let of_early = feed::append(&mut early, &[row("early")], 2).await.unwrap();
        assert!(
            of_early > of_late,
            "{of_early} lies before a cursor that was given"
        );
        early.commit().await.unwrap();
    });
    assert_eq!(positions().len(), 2);
}

#[test]
fn a_position_is_seen_only_when_all_before_it_are() {
    let server = TestServer::start();
    let store = &server.app.store;
    server.runtime.block_on(async {
        let mut first = store.begin_beside().await.unwrap();
        let of_first = feed::append(&mut first, &[row("first")], 1).await.unwrap();
        let beside = store.clone();
        let second = tokio::spawn(async move {
            let mut second = beside.begin_beside().await.unwrap();
            let at = feed::append(&mut second, &[row("second")], 2)
                .await
                .unwrap();
            second.commit().await.unwrap();
            at
        });
        // As long as the first holds its position, nobody gets a later one, and no reader sees either.
        for _ in 0..20 {
            tokio::task::yield_now().await;
            let mut db = store.read().await.unwrap();
            assert!(feed::last_position(&mut db).await.unwrap() < of_first);
            assert!(!second.is_finished());
        }
        first.commit().await.unwrap();
        assert!(second.await.unwrap() > of_first);
    });
}

#[test]
fn a_server_whose_database_goes_away_says_so_and_recovers_by_itself() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let ready = || server.call("GET", "/health/ready", None, Value::Null);
    ready().expect(200);
    let database = server.database().expect("a database");
    database.allow_connections(false);
    database.cut_connections();
    ready().expect_problem(503, "not_ready");
    let answer = server.get("/v1/users", &admin);
    let answer = answer.expect_problem(503, "database_unavailable");
    assert_eq!(
        answer.headers["retry-after"],
        DATABASE_RETRY_S.to_string().as_str()
    );
    server
        .call("GET", "/health/live", None, Value::Null)
        .expect(200);
    database.allow_connections(true);
    ready().expect(200);
    server.get("/v1/users", &admin).expect(200);
}
