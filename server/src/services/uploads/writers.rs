//! Who writes which upload in this process. The newest request takes an upload over: the one before it keeps what it has
//! read, and ends. Between processes the claim in the database decides.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sync_core::limits::{UPLOADS_AT_ONCE, UPLOADS_AT_ONCE_PER_DEVICE};
use sync_core::model::{DeviceId, UploadId};
use tokio::sync::watch;

use crate::problem::{Code, Problem};

/// The requests that write uploads.
#[derive(Clone, Default)]
pub struct Writers(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    writing: HashMap<UploadId, Writing>,
    ending: bool,
    /// How many requests have come.
    came: u64,
}

struct Writing {
    device: DeviceId,
    /// The how manieth it is.
    number: u64,
    /// Says that it is to end.
    stop: watch::Sender<bool>,
    /// Closed when it has ended.
    ended: watch::Receiver<()>,
}

/// The right of one request to write one upload in this process, until it is dropped.
pub struct Turn {
    table: Writers,
    upload: UploadId,
    /// Becomes true when somebody newer is here, or the server ends.
    pub stop: watch::Receiver<bool>,
    _ended: watch::Sender<()>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.table.lock().writing.remove(&self.upload);
    }
}

impl Writers {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the one that writes has kept what it has, and takes its place; of several that wait the newest gets it,
    /// and the others are told.
    pub async fn enter(&self, upload: UploadId, device: DeviceId) -> Result<Turn, Problem> {
        let number = {
            let mut table = self.lock();
            table.came += 1;
            table.came
        };
        loop {
            let mut before = {
                let mut table = self.lock();
                if table.ending {
                    return Err(busy());
                }
                match table.writing.get(&upload) {
                    Some(writing) if writing.number > number => {
                        return Err(Problem::new(Code::UploadTakenOver));
                    }
                    Some(writing) => {
                        writing.stop.send_replace(true);
                        writing.ended.clone()
                    }
                    None => {
                        let own = table.writing.values().filter(|it| it.device == device);
                        if own.count() >= UPLOADS_AT_ONCE_PER_DEVICE
                            || table.writing.len() >= UPLOADS_AT_ONCE
                        {
                            return Err(busy());
                        }
                        let (stop, stopped) = watch::channel(false);
                        let (ended, has_ended) = watch::channel(());
                        let writing = Writing {
                            device,
                            number,
                            stop,
                            ended: has_ended,
                        };
                        table.writing.insert(upload, writing);
                        return Ok(Turn {
                            table: self.clone(),
                            upload,
                            stop: stopped,
                            _ended: ended,
                        });
                    }
                }
            };
            // Fails when the sender is gone, which is what is waited for.
            let _ = before.changed().await;
        }
    }

    /// Ends the one that writes, and waits until it has kept what it has.
    pub async fn end(&self, upload: UploadId) {
        let ended = {
            let table = self.lock();
            table.writing.get(&upload).map(|writing| {
                writing.stop.send_replace(true);
                writing.ended.clone()
            })
        };
        if let Some(mut ended) = ended {
            let _ = ended.changed().await;
        }
    }

    /// Ends all of them, and lets nobody write any more: the server ends.
    pub async fn end_all(&self) {
        let all: Vec<UploadId> = {
            let mut table = self.lock();
            table.ending = true;
            table.writing.keys().copied().collect()
        };
        for upload in all {
            self.end(upload).await;
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.lock().writing.len()
    }
}

fn busy() -> Problem {
    Problem::new(Code::Overloaded).retry_after_s(1)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn of_requests_that_wait_for_one_upload_the_newest_gets_it_whoever_wakes_first() {
        let (upload, device) = (UploadId(Uuid::nil()), DeviceId(Uuid::nil()));
        let writers = Writers::default();
        let first = writers.enter(upload, device).await.unwrap();
        // Each is polled once, in the order in which they came, and waits.
        let mut older = Box::pin(writers.enter(upload, device));
        let mut newest = Box::pin(writers.enter(upload, device));
        assert!(futures_util::poll!(&mut older).is_pending());
        assert!(futures_util::poll!(&mut newest).is_pending());
        assert!(*first.stop.borrow());
        drop(first);
        let turn = newest.await.unwrap();
        let told = older.await.err().unwrap();
        assert_eq!(told.code(), Code::UploadTakenOver);
        assert!(!*turn.stop.borrow(), "who came before ends nobody");
        assert_eq!(writers.count(), 1);
        drop(turn);
        assert_eq!(writers.count(), 0);
    }
}
