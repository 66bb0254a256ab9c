//! Numbers of sheets (编号): handed out to phones in blocks, so that a sheet has its number offline and no two have one: not
//! even where a server and an older copy of its database both give some, because each epoch has a series of its own.

use sync_core::limits::SHEET_NUMBERS_BLOCK;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::problem::Problem;
use crate::store::access::sheet_number_blocks::{self, Asked};
use crate::store::feed;

/// Two servers that take the next block at once both try again, one of them in vain.
const ATTEMPTS: usize = 8;

/// The block of a request of the calling phone: its first and last number.
pub async fn take_block(
    app: &App,
    caller: &Principal,
    request: Uuid,
) -> Result<(String, String), Problem> {
    let device = caller.needed_device()?;
    for _ in 0..ATTEMPTS {
        let mut tx = app.store.begin().await?;
        let found = sheet_number_blocks::find(&mut tx, device, request).await?;
        let block = match found {
            Some(block) => Some(block),
            None => {
                let series = feed::series(&mut tx).await?;
                let asked = Asked {
                    size: SHEET_NUMBERS_BLOCK,
                    device,
                    request,
                    series: &series,
                };
                sheet_number_blocks::insert_next(&mut tx, asked, app.now()).await?
            }
        };
        if let Some(block) = block {
            tx.commit().await?;
            let (first, last) = (
                printed(&block.series, block.first),
                printed(&block.series, block.last),
            );
            return Ok((first, last));
        }
    }
    Err(Problem::fault("no block of sheet numbers was free"))
}

/// As on the form: a letter, so that nobody takes it for a quantity, the series if it has a name, and ten digits.
fn printed(series: &str, number: i64) -> String {
    match series {
        "" => format!("S{number:010}"),
        series => format!("S-{series}-{number:010}"),
    }
}
