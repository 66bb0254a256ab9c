//! Settling what two phones wrote apart: a person chooses one of the values, and it is written anew.

use sync_core::model::{ChangeHash, DocumentId};

use crate::client::{Client, Done};

impl Client {
    /// Chooses one of the values of an open conflict, by the change that wrote it; `path` and `change` are those of
    /// [`ConflictInfo`](crate::ConflictInfo). The others stay in the history. What is sealed is amended instead.
    pub fn settle_conflict(&self, visit: DocumentId, path: &str, change: ChangeHash) -> Done<()> {
        let path: Vec<String> = path.split('/').map(str::to_owned).collect();
        self.edit_visit_with(
            visit,
            |document, now, store| {
                self.known_in(store, |known| {
                    document.settle(known, now, &path, &change)?;
                    Ok(())
                })
            },
            |_| Ok(()),
        )
    }
}
