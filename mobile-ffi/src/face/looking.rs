//! Reading the store whole while it is open, after the first lists were shown and on a thread that nobody waits for.

use std::sync::Arc;
use std::time::Duration;

use sync_core::limits::STORE_LOOKED_THROUGH_AFTER_MS;

use crate::client::Client;

/// Begins a look where one is due. It holds up nobody who closes the store meanwhile; what it found is noted all the same.
pub(super) fn look_through_soon(client: &Arc<Client>) {
    let Some(look) = client.look_through() else {
        return;
    };
    let client = Arc::downgrade(client);
    let looking = std::thread::Builder::new().name("fieldseal-looking".to_owned());
    let begun = looking.spawn(move || {
        std::thread::sleep(Duration::from_millis(STORE_LOOKED_THROUGH_AFTER_MS));
        let Some(wall_ms) = client.upgrade().map(|it| it.wall_ms()) else {
            return;
        };
        match look.run(wall_ms) {
            Ok(None) => {}
            Ok(Some(_)) => {
                if let Some(client) = client.upgrade() {
                    client.leave_damaged_store();
                }
            }
            Err(error) => tracing::warn!(%error, "the store cannot be read whole for now"),
        }
    });
    if let Err(error) = begun {
        tracing::warn!(%error, "there is no thread to read the store whole");
    }
}
