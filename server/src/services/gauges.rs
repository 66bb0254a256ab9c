//! What stands in the server now, for whoever looks at it at night: set when Prometheus asks.

use std::time::Duration;

use metrics::gauge;

use crate::app::App;
use crate::store::access::wakes;
use crate::store::rulings::{dirty, effects};
use crate::store::sync::changes;
use crate::store::{Result, Store, log, media, uploads};

/// How long a scrape waits for the database before it says that there is none.
const PATIENCE: Duration = Duration::from_secs(2);

/// Names and units, once a process.
pub fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_counter!(
        "fieldseal_requests_total",
        "Requests answered, by method, route and status"
    );
    describe_histogram!(
        "fieldseal_request_seconds",
        Unit::Seconds,
        "From a request to its answer"
    );
    describe_gauge!(
        "fieldseal_requests_under_way",
        "Requests that wait for their answer"
    );
    describe_histogram!(
        "fieldseal_sync_seconds",
        Unit::Seconds,
        "A sync, judged, written and ruled"
    );
    describe_counter!(
        "fieldseal_sync_admitted_total",
        "Syncs let into a lane: `requests` every one, `first_syncs` those with much to read"
    );
    describe_counter!(
        "fieldseal_sync_turned_away_total",
        "Syncs told to come again, by the lane that was full"
    );
    describe_gauge!("fieldseal_syncs", "Syncs in a lane, by lane and state");
    describe_counter!(
        "fieldseal_changes_total",
        "Changes that came, by what became of them"
    );
    describe_counter!(
        "fieldseal_equivocations_total",
        "Second hashes under one (document, actor, seq): an alarm"
    );
    describe_counter!(
        "fieldseal_rulings_total",
        "Versions of rulings written, by outcome"
    );
    describe_counter!(
        "fieldseal_rulings_put_off_total",
        "Syncs answered before what they brought was ruled, because many waited"
    );
    describe_gauge!(
        "fieldseal_database_up",
        "1 if the database answered just now"
    );
    describe_gauge!("fieldseal_dirty_scopes", "Scopes that wait to be ruled");
    describe_gauge!(
        "fieldseal_ruling_lag_seconds",
        Unit::Seconds,
        "For how long the oldest of them has waited"
    );
    describe_gauge!(
        "fieldseal_changes_held",
        "Changes that wait for what they depend on"
    );
    describe_gauge!(
        "fieldseal_changes_quarantined",
        "Changes kept aside for a person"
    );
    describe_gauge!(
        "fieldseal_uploads",
        "Uploads that are unfinished (`uploading`), wait for their hash (`checking`), or were of other bytes than their \
         manifest names and are kept aside (`mismatch`)"
    );
    describe_gauge!(
        "fieldseal_upload_requests",
        "Requests that bring bytes of uploads to this process now"
    );
    describe_gauge!(
        "fieldseal_wakes",
        "Phones that are owed a wake (`waiting`), or could not be woken for a day (`given_up`)"
    );
    describe_counter!(
        "fieldseal_wake_attempts_total",
        "Requests to push providers, by what came of them"
    );
    describe_gauge!(
        "fieldseal_publicity_waiting",
        "Messages that the credit publicity system was not told"
    );
    describe_counter!(
        "fieldseal_publicity_attempts_total",
        "Requests to its gateway, by what came of them"
    );
    describe_gauge!(
        "fieldseal_time_stamps_waiting",
        "Checkpoints that wait for the time stamp of an authority"
    );
    describe_gauge!(
        "fieldseal_time_stamp_lag_seconds",
        Unit::Seconds,
        "For how long the oldest of them has waited"
    );
    describe_counter!(
        "fieldseal_time_stamp_attempts_total",
        "Requests to the authority of time stamps, by what came of them"
    );
    describe_gauge!(
        "fieldseal_event_streams",
        "Streams of live notice that are open at this process"
    );
    describe_gauge!(
        "fieldseal_media_waiting",
        "Originals that wait to be examined, or are"
    );
    describe_gauge!(
        "fieldseal_database_connections",
        "Connections of a pool, by pool and state"
    );
}

/// Sets them. A database that does not answer is told as such, and the rest still stands.
pub async fn set(app: &App) {
    for pool in app.store.pools() {
        let idle = pool.idle.min(pool.open);
        gauge!("fieldseal_database_connections", "pool" => pool.name, "state" => "idle").set(idle);
        gauge!("fieldseal_database_connections", "pool" => pool.name, "state" => "in_use")
            .set(pool.open - idle);
        gauge!("fieldseal_database_connections", "pool" => pool.name, "state" => "allowed")
            .set(pool.allowed);
    }
    for lane in app.sync_gate.lanes() {
        let now = lane.figures();
        for (state, count) in [
            ("waiting", now.waiting),
            ("under_way", now.under_way),
            ("under_way_most", now.under_way_most),
            ("allowed", lane.allowed),
        ] {
            gauge!("fieldseal_syncs", "lane" => lane.name, "state" => state).set(count as f64);
        }
    }
    gauge!("fieldseal_event_streams").set(app.events.count() as f64);
    gauge!("fieldseal_upload_requests").set(app.uploads.writers.count() as f64);
    let read = tokio::time::timeout(PATIENCE, read(&app.store)).await;
    let Ok(Ok(now)) = read else {
        gauge!("fieldseal_database_up").set(0);
        return;
    };
    gauge!("fieldseal_database_up").set(1);
    gauge!("fieldseal_dirty_scopes").set(now.dirty as f64);
    let waited_ms = now.oldest.map_or(0, |at| (app.now() - at).max(0));
    gauge!("fieldseal_ruling_lag_seconds").set(waited_ms as f64 / 1_000.0);
    gauge!("fieldseal_changes_held").set(now.held as f64);
    gauge!("fieldseal_changes_quarantined").set(now.quarantined as f64);
    for (state, count) in now.uploads {
        gauge!("fieldseal_uploads", "state" => state).set(count as f64);
    }
    for (state, count) in now.wakes {
        gauge!("fieldseal_wakes", "state" => state).set(count as f64);
    }
    gauge!("fieldseal_publicity_waiting").set(now.publicity as f64);
    let (waiting, since) = now.unstamped;
    let waited_ms = since.map_or(0, |at| (app.now() - at).max(0));
    gauge!("fieldseal_time_stamps_waiting").set(waiting as f64);
    gauge!("fieldseal_time_stamp_lag_seconds").set(waited_ms as f64 / 1_000.0);
    gauge!("fieldseal_media_waiting").set(now.media as f64);
}

struct Standing {
    dirty: i64,
    oldest: Option<i64>,
    held: i64,
    quarantined: i64,
    uploads: [(&'static str, i64); 3],
    wakes: [(&'static str, i64); 2],
    publicity: i64,
    unstamped: (i64, Option<i64>),
    media: i64,
}

async fn read(store: &Store) -> Result<Standing> {
    let mut db = store.read().await?;
    let (dirty, oldest) = dirty::waiting(&mut db).await?;
    Ok(Standing {
        dirty,
        oldest,
        held: changes::count_of_status(&mut db, "held").await?,
        quarantined: changes::count_of_status(&mut db, "quarantined").await?,
        uploads: uploads::count(&mut db).await?,
        wakes: wakes::count(&mut db).await?,
        publicity: effects::count_waiting(&mut db).await?,
        unstamped: log::count_unstamped(&mut db).await?,
        media: media::waiting(&mut db).await?,
    })
}
