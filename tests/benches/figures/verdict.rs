//! What a phone says of a sheet before the sample is cut, with the duplicate index of a province on it.

use std::time::Instant;

use fieldseal_tests::World;
use serde_json::json;

use crate::crowd::code;
use crate::report::{Table, median, millis};

/// Samplings in the index.
const INDEX: usize = 100_000;
/// Rows of a file of prior samplings.
const ROWS: usize = 10_000;
/// What the phone's task is about.
const PRODUCT: &str = "检查井盖";
/// Verdicts of which the median is told.
const VERDICTS: usize = 51;

/// Measures on one phone.
pub fn measure(table: &mut Table) {
    let w = World::shanxi();
    for first in (0..INDEX).step_by(ROWS) {
        let mut file = "source,confidence,authority,sheet_no,sampled_on,sampling_kind,product_name,producer_name,producer_uscc,standards,trademark,spec_model\n".to_owned();
        for number in first..first + ROWS {
            file.push_str(&format!(
                "e-CQS,confirmed,晋城示例市市场监督管理局,E-{number},2025-01-15,routine,{PRODUCT},示例铸造{number},{},GB/T 23858-2009,示例,标准型\n",
                code(number)
            ));
        }
        w.imports("prior-samplings", &file);
    }
    let mut phone = w.phone("王");
    let begun = Instant::now();
    phone.syncs();
    println!("phone: first sync in {:?}", begun.elapsed());
    let held: i64 = rusqlite::Connection::open(phone.file())
        .and_then(|file| file.query_row("SELECT COUNT(*) FROM index_rows", [], |row| row.get(0)))
        .expect("the phone's index");
    assert!(held >= INDEX as i64, "the phone has {held} rows");
    let visit = phone.enters("铸造");
    phone.fills("T1", json!({}));
    let verdicts = (0..VERDICTS).map(|_| {
        let begun = Instant::now();
        let preview = phone.client.preview(visit).expect("a verdict");
        let took = begun.elapsed();
        std::hint::black_box(preview);
        took
    });
    let figure = millis(median(verdicts.collect()));
    table.add(
        "phone",
        &format!("a verdict against {INDEX} index rows"),
        figure,
    );
}
