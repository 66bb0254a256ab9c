//! The figures of `docs/performance.md`: `cargo bench -p fieldseal-tests [-- sqlite|postgres|uploads|phone|phone_store|media|lists] [--visits N]
//! [--stored N] [--rounds N]`. The server is a process of its own, with its disk synchronised as in service; phones are threads that send
//! pages written before any clock runs. Medians of the rounds, as a table of Markdown.

mod crowd;
mod lists;
mod media;
mod phone_store;
mod process;
mod report;
mod rounds;
mod uploads;
mod verdict;

use clap::Parser;

/// What to measure.
#[derive(Parser, Debug)]
struct Arguments {
    /// Only these: `sqlite`, `postgres`, `uploads`, `phone`, `phone_store`, `media`, `lists`; all without.
    only: Vec<String>,
    /// Visits pushed in a round.
    #[arg(long, default_value_t = 2_000)]
    visits: usize,
    /// Visits stored when the cost of a push is measured once more, and in lists; 0 leaves these out.
    #[arg(long, default_value_t = 100_000)]
    stored: usize,
    /// Rounds of which the median is told.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// What this program does as a process of its own: opens the store of a phone, and does something then.
    #[arg(long, hide = true)]
    open: Option<std::path::PathBuf>,
    #[arg(long, hide = true, default_value = "nothing")]
    then: phone_store::Then,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let asked = Arguments::parse();
    if let Some(file) = &asked.open {
        return phone_store::open(file, asked.then);
    }
    let wanted = |what: &str| asked.only.is_empty() || asked.only.iter().any(|it| it == what);
    let mut table = report::Table::default();
    for database in ["sqlite", "postgres"] {
        if wanted(database) {
            rounds::measure(&mut table, database, &asked);
        }
    }
    if wanted("uploads") {
        for database in ["sqlite", "postgres"] {
            uploads::measure(&mut table, database, asked.rounds);
        }
    }
    if wanted("lists") && asked.stored > 0 {
        for database in ["sqlite", "postgres"] {
            lists::measure(&mut table, database, asked.stored);
        }
    }
    if wanted("phone") {
        verdict::measure(&mut table);
    }
    if wanted("phone_store") {
        phone_store::measure(&mut table);
    }
    if wanted("media") {
        media::measure(&mut table, asked.rounds);
    }
    println!("{table}");
}
