//! The store's promises, on SQLite.

mod feed;

use std::collections::BTreeSet;
use std::path::Path;

use fieldseal_server::store::access::counters;
use fieldseal_server::store::migrations::MIGRATIONS;
use fieldseal_server::store::{Statement, StoreError, statements};
use fieldseal_tests::TestServer;

fn scripts(database: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../migrations")
        .join(database);
    let files = folder.read_dir().expect("the folder of migrations");
    files
        .map(|file| {
            file.expect("a file")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .map(|name| name.strip_suffix(".sql").expect("a script").to_owned())
        .collect()
}

#[test]
fn every_migration_exists_for_both_databases_and_is_part_of_the_binary() {
    let embedded: BTreeSet<_> = MIGRATIONS
        .iter()
        .map(|known| known.name.to_owned())
        .collect();
    assert_eq!(scripts("sqlite"), embedded);
    assert_eq!(scripts("postgres"), embedded);
    assert!(
        MIGRATIONS.is_sorted_by_key(|known| known.name),
        "they run in the order of the list"
    );
}

#[test]
fn every_statement_fits_the_migrated_schema() {
    let server = TestServer::start();
    server.runtime.block_on(async {
        let mut tx = server.app.store.begin().await.expect("a transaction");
        for statement in statements() {
            let prepared = tx.prepare(statement).await;
            assert!(prepared.is_ok(), "{}: {prepared:?}", statement.name);
        }
    });
}

const INSERT: Statement = Statement {
    name: "INSERT",
    sql: "INSERT INTO counters (name, value) VALUES ('a', 1) RETURNING value",
};

#[test]
fn a_dropped_transaction_leaves_no_trace() {
    let server = TestServer::start();
    server.runtime.block_on(async {
        let mut tx = server.app.store.begin().await.expect("a transaction");
        assert_eq!(counters::next(&mut tx, "test").await.expect("a number"), 1);
        drop(tx);
        let mut tx = server.app.store.begin().await.expect("a transaction");
        assert_eq!(counters::next(&mut tx, "test").await.expect("a number"), 1);
        tx.commit().await.expect("a commit");
        let mut tx = server.app.store.begin().await.expect("a transaction");
        assert_eq!(counters::next(&mut tx, "test").await.expect("a number"), 2);
    });
}

#[test]
fn a_reader_cannot_write() {
    let server = TestServer::start();
    server.runtime.block_on(async {
        let mut reader = server.app.store.read().await.expect("a reader");
        let written = reader.all(&INSERT, vec![]).await;
        assert!(
            matches!(written, Err(StoreError::Database(_))),
            "{written:?}"
        );
    });
}

#[test]
fn a_taken_key_is_told_by_the_name_postgresql_gives_it() {
    let server = TestServer::start();
    server.runtime.block_on(async {
        let mut tx = server.app.store.begin().await.expect("a transaction");
        tx.one(&INSERT, vec![]).await.expect("the first");
        match tx.one(&INSERT, vec![]).await {
            Err(StoreError::Conflict { constraint }) => assert_eq!(constraint, "counters_pkey"),
            other => panic!("{other:?}"),
        }
    });
}
