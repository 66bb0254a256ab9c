//! Statements over many rows: a way to the database costs more than a row does, so what is written or asked for by the
//! hundred goes in few statements. Each exists in a few fixed sizes, which a test prepares on both databases like all others.

use std::sync::OnceLock;

use super::{Result, Row, Session, Statement, Tx, Value};

/// Rows of one statement, largest first.
const SIZES: [usize; 5] = [64, 16, 8, 4, 1];
/// Arguments of one statement at most: SQLite's are named one by one, and each name is looked for among all of them.
const ARGUMENTS_MAX: usize = 160;

/// A statement whose middle is repeated for every row: `head (…), (…) tail`.
#[derive(Debug)]
pub struct Bulk {
    name: &'static str,
    head: &'static str,
    fixed: usize,
    columns: usize,
    tail: &'static str,
    sized: OnceLock<Vec<(usize, Statement)>>,
}

impl Bulk {
    /// Rows of so many columns; with one column, as in `IN`, there are no brackets around each. `fixed` arguments come
    /// before the rows, and are named `$1` and so on in the head.
    pub const fn new(
        name: &'static str,
        head: &'static str,
        fixed: usize,
        columns: usize,
        tail: &'static str,
    ) -> Self {
        Self {
            name,
            head,
            fixed,
            columns,
            tail,
            sized: OnceLock::new(),
        }
    }

    /// Its statements and the rows that each takes, largest first.
    fn sized(&self) -> &[(usize, Statement)] {
        self.sized.get_or_init(|| {
            let fits = |rows: &usize| *rows == 1 || rows * self.columns <= ARGUMENTS_MAX;
            let sized = SIZES.into_iter().filter(fits).map(|rows| {
                let sql = self.text(rows).leak();
                let name = self.name;
                (rows, Statement { name, sql })
            });
            sized.collect()
        })
    }

    fn text(&self, rows: usize) -> String {
        let mut next = self.fixed;
        let mut row = || {
            let columns = (0..self.columns).map(|_| {
                next += 1;
                format!("${next}")
            });
            let columns = Vec::from_iter(columns).join(", ");
            if self.columns > 1 {
                format!("({columns})")
            } else {
                columns
            }
        };
        let rows: Vec<String> = (0..rows).map(|_| row()).collect();
        format!("{} {}{}", self.head, rows.join(", "), self.tail)
    }

    /// As errors name it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// In all its sizes.
    pub fn statements(&'static self) -> impl Iterator<Item = &'static Statement> {
        self.sized().iter().map(|(_, statement)| statement)
    }

    /// The smallest size that takes so many rows, or the largest there is.
    fn at_least(&self, rows: usize) -> &(usize, Statement) {
        let sized = self.sized();
        let place = sized.iter().rposition(|(size, _)| *size >= rows);
        &sized[place.unwrap_or(0)]
    }

    /// The largest size that so many rows fill.
    fn at_most(&self, rows: usize) -> &(usize, Statement) {
        let sized = self.sized();
        let place = sized.iter().position(|(size, _)| *size <= rows);
        &sized[place.unwrap_or(sized.len() - 1)]
    }
}

/// Declares statements over many rows, and `BULK` with every one of them: head, fixed arguments, columns of a row, tail.
macro_rules! bulk {
    ($($(#[$doc:meta])* $name:ident = ($head:expr, $fixed:literal, $columns:literal, $tail:expr);)*) => {
        $($(#[$doc])* pub static $name: $crate::store::bulk::Bulk = $crate::store::bulk::Bulk::new(
            concat!(module_path!(), "::", stringify!($name)), $head, $fixed, $columns, $tail);)*
        /// Every statement over many rows of this module.
        pub static BULK: &[&$crate::store::bulk::Bulk] = &[$(&$name),*];
    };
}
pub(crate) use bulk;

impl Session {
    /// The rows that `bulk`, ending in a list, finds for any of these keys. Each key is asked for once; nothing is said of
    /// their order.
    pub async fn all_of(
        &mut self,
        bulk: &Bulk,
        fixed: Vec<Value>,
        keys: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>> {
        let keys: Vec<Value> = keys.into_iter().collect();
        let mut found = Vec::new();
        let mut left = keys.as_slice();
        while let Some(first) = left.first() {
            let (size, statement) = bulk.at_least(left.len());
            let (now, later) = left.split_at((*size).min(left.len()));
            let mut args = fixed.clone();
            args.extend_from_slice(now);
            // A list may name one thing twice.
            args.extend(std::iter::repeat_n(first.clone(), size - now.len()));
            found.extend(self.all(statement, args).await?);
            left = later;
        }
        Ok(found)
    }
}

impl Tx {
    /// Writes rows in their order.
    pub async fn exec_rows(&mut self, bulk: &Bulk, rows: Vec<Vec<Value>>) -> Result<()> {
        let mut left = rows.into_iter();
        while left.len() > 0 {
            let (size, statement) = bulk.at_most(left.len());
            let args = left.by_ref().take(*size).flatten().collect();
            self.exec(statement, args).await?;
        }
        Ok(())
    }

    /// Writes rows in their order, and gives what comes back.
    pub async fn all_rows(&mut self, bulk: &Bulk, rows: Vec<Vec<Value>>) -> Result<Vec<Row>> {
        let mut left = rows.into_iter();
        let mut back = Vec::new();
        while left.len() > 0 {
            let (size, statement) = bulk.at_most(left.len());
            let args = left.by_ref().take(*size).flatten().collect();
            back.extend(self.all(statement, args).await?);
        }
        Ok(back)
    }

    /// Runs `bulk`, ending in a list, for all these keys.
    pub async fn exec_of(
        &mut self,
        bulk: &Bulk,
        fixed: Vec<Value>,
        keys: impl IntoIterator<Item = Value>,
    ) -> Result<()> {
        let keys: Vec<Value> = keys.into_iter().collect();
        let mut left = keys.as_slice();
        while !left.is_empty() {
            let (size, statement) = bulk.at_most(left.len());
            let (now, later) = left.split_at(*size);
            let mut args = fixed.clone();
            args.extend_from_slice(now);
            self.exec(statement, args).await?;
            left = later;
        }
        Ok(())
    }
}
