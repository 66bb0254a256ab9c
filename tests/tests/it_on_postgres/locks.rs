//! What writers on PostgreSQL lock, they lock in one order (see `server/src/store/locks.rs`), or two of them would wait for
//! each other and one would be thrown out.

use std::time::Duration;

use fieldseal_server::services::projection;
use fieldseal_server::store::rulings::dirty;
use fieldseal_server::store::sync::projections;
use fieldseal_tests::World;

/// Whether a transaction waits for another one's lock.
fn somebody_waits(w: &World) -> bool {
    let rows = w.server.reads(
        "SELECT CAST(pid AS BIGINT) AS pid FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    !rows.is_empty()
}

#[test]
fn an_import_and_an_append_at_two_of_its_enterprises_do_not_wait_for_each_other() {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    let visits = ["铸造", "服饰"].map(|at| {
        let visit = phone.enters(at);
        phone.unruly().draws("T1");
        visit
    });
    phone.syncs();
    let store = &w.server.app.store;
    let file = "统一社会信用代码,企业名称,行政区划\n911405250000B1E536,泽州示例铸造厂,140525\n\
        911405810000B3G78L,高平示例服饰厂,140581\n";
    let runtime = &w.server.runtime;
    // An append at the second enterprise of the file has begun.
    let mut append = runtime.block_on(async {
        let mut tx = store.begin_beside().await.unwrap();
        let second = vec!["uscc:911405810000B3G78L".to_owned()];
        projection::lock_enterprises(&mut tx, second).await.unwrap();
        tx
    });
    std::thread::scope(|scope| {
        let importing = scope.spawn(|| w.imports("enterprises", file));
        while !somebody_waits(&w) {
            std::thread::sleep(Duration::from_millis(5));
        }
        // It goes on to mark what its visit shares with the one at the first.
        runtime.block_on(async {
            let mut shared = Vec::new();
            for visit in visits {
                let scopes = projections::list_scopes_of_documents(&mut append, &[visit]).await;
                shared.extend(scopes.unwrap());
            }
            let marked = dirty::mark(&mut append, &shared, w.now()).await;
            marked.expect("nobody holds a mark while it waits for an enterprise");
            append.commit().await.unwrap();
        });
        assert_eq!(importing.join().unwrap()["updated"], 2);
    });
}
