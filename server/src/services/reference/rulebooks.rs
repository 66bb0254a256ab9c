//! Rulebooks: published version by version, read by the engine of phone and server alike. A version binds from a day that
//! is not over yet, so what was ruled under an older one keeps it.

use serde::Serialize;
use sync_core::model::{Millis, UserId, shanghai_date};
use sync_core::rules::{Rulebook, RulebookError, Rulebooks};
use utoipa::ToSchema;

use super::{Change, Work};
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::services::ruling;
use crate::store::feed::{self, Audience, NewRow};
use crate::store::reference::rulebooks::{self, Publication};
use crate::store::reference::versions;
use crate::store::{Session, StoreError};

/// The kind of record under which rulebooks travel to phones.
const KIND: &str = "rulebook";

/// A version of a rulebook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RulebookVersion {
    /// `shanghai`
    pub rulebook_id: String,
    /// 1, 2, …
    pub version: i64,
    /// GB/T 2260; `000000` binds all authorities.
    pub region: String,
    /// First day, Asia/Shanghai.
    pub effective_from: String,
    /// Where it comes from, in words.
    pub source: String,
    /// Who published it; none for those that ship with the server.
    #[schema(value_type = Option<String>)]
    pub published_by: Option<UserId>,
    /// When, milliseconds.
    pub published_at_ms: Option<Millis>,
}

impl RulebookVersion {
    fn new(book: &Rulebook, publication: Option<Publication>) -> Self {
        Self {
            rulebook_id: book.id.clone(),
            version: book.version,
            region: book.region.clone(),
            effective_from: book.effective_from.to_string(),
            source: book.source.clone(),
            published_by: publication.map(|publication| publication.by),
            published_at_ms: publication.map(|publication| publication.at),
        }
    }
}

/// A version with its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RulebookText {
    /// Which.
    #[serde(flatten)]
    pub head: RulebookVersion,
    /// TOML.
    pub text: String,
}

/// What became of a line between two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineChange {
    /// It stands in both.
    Kept,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
}

impl LineChange {
    /// As the API writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// A line of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Line {
    /// What became of it.
    pub change: LineChange,
    /// What it says.
    pub text: String,
}

/// What differs between two versions of a rulebook.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Differences {
    /// The version that was asked for.
    pub version: RulebookVersion,
    /// The one that it is compared with; none for the first.
    pub from: Option<RulebookVersion>,
    /// Its lines, with those of the other that it has no more.
    pub lines: Vec<Line>,
}

/// Compares a version with another one, or with the one before it.
pub async fn compare(
    app: &App,
    db: &mut Session,
    id: &str,
    version: i64,
    from: Option<i64>,
) -> Result<Differences, Problem> {
    let texts = list(app, db).await?;
    let of_book = || texts.iter().filter(|it| it.head.rulebook_id == id);
    let exactly = |version| of_book().find(|it| it.head.version == version);
    let not_found = || Problem::new(Code::NotFound);
    let found = exactly(version).ok_or_else(not_found)?;
    let other = match from {
        Some(version) => Some(exactly(version).ok_or_else(not_found)?),
        None => of_book()
            .filter(|it| it.head.version < version)
            .max_by_key(|it| it.head.version),
    };
    Ok(Differences {
        version: found.head.clone(),
        from: other.map(|it| it.head.clone()),
        lines: differences(other.map(|it| it.text.as_str()), &found.text),
    })
}

/// The lines of a version, with those of the version before that it lost; without one before it, each is kept. The longest
/// common sequence of lines stands: a rulebook has some hundred.
pub fn differences(before: Option<&str>, after: &str) -> Vec<Line> {
    let new: Vec<&str> = after.lines().collect();
    let old: Vec<&str> = before.map_or_else(|| new.clone(), |text| text.lines().collect());
    // The length of the longest common sequence of what follows each pair of places.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for (i, was) in old.iter().enumerate().rev() {
        for (j, is) in new.iter().enumerate().rev() {
            common[i][j] = match was == is {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let line = |change, text: &str| Line {
        change,
        text: text.to_owned(),
    };
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < old.len() || j < new.len() {
        match (old.get(i), new.get(j)) {
            (Some(was), Some(is)) if was == is => {
                lines.push(line(LineChange::Kept, is));
                (i, j) = (i + 1, j + 1);
            }
            (Some(was), is) if is.is_none() || common[i + 1][j] >= common[i][j + 1] => {
                lines.push(line(LineChange::Removed, was));
                i += 1;
            }
            (_, is) => {
                lines.push(line(LineChange::Added, is.copied().unwrap_or_default()));
                j += 1;
            }
        }
    }
    lines
}

/// All versions, those that ship with the server too.
pub async fn list(app: &App, db: &mut Session) -> Result<Vec<RulebookText>, StoreError> {
    let books = ruling::rulebooks::in_force(&app.rulebooks, db).await?;
    let publications = rulebooks::list_publications(db).await?;
    let texts = books.books().iter().map(|book| {
        let publication = publications.get(&(book.id.clone(), book.version));
        RulebookText {
            head: RulebookVersion::new(book, publication.copied()),
            text: book.text.clone(),
        }
    });
    Ok(texts.collect())
}

/// Publishes the next version of a rulebook, or the first of a new one. The same text again changes nothing.
pub async fn publish(work: &mut Work<'_>, text: &str) -> Result<(RulebookText, Change), Problem> {
    let known = list(work.app, &mut work.tx).await?;
    if let Some(same) = known.iter().find(|known| known.text == text) {
        return Ok((same.clone(), Change::Unchanged));
    }
    let standing = ruling::rulebooks::in_force(&work.app.rulebooks, &mut work.tx).await?;
    let books = standing.with(text).map_err(unreadable)?;
    let added = books.books().iter().find(|book| book.text == text);
    let book = added.ok_or_else(|| Problem::fault("a rulebook that was added is not there"))?;
    if !work.caller.sees_region(&book.region) {
        return Err(Problem::new(Code::ScopeForbidden).field("region", "lies outside yours"));
    }
    let before = standing.books().iter().rfind(|other| other.id == book.id);
    if before.is_some_and(|before| before.region != book.region) {
        return Err(Problem::new(Code::Conflict).field("id", "is a rulebook of another region"));
    }
    let next = before.map_or(1, |before| before.version + 1);
    if book.version != next {
        return Err(Problem::value("version", format!("must be {next}")));
    }
    if book.effective_from < shanghai_date(work.now) {
        let detail = "lies in the past: what was ruled keeps the version that it was ruled under";
        return Err(Problem::value("effective_from", detail));
    }
    let publication = Publication {
        by: work.caller.user,
        at: work.now,
    };
    rulebooks::insert(&mut work.tx, &book.id, book.version, text, publication).await?;
    let published = RulebookText {
        head: RulebookVersion::new(book, Some(publication)),
        text: text.to_owned(),
    };
    let (name, detail) = (book.name(), serde_json::json!({ "region": book.region }));
    work.publish(KIND, &name, [Audience::Everyone], Some(&published))
        .await?;
    work.audit("rulebook.published", format!("rulebook:{name}"), detail)
        .await?;
    ruling::mark_dirty_for_everything(&mut work.tx, work.now).await?;
    Ok((published, Change::Created))
}

fn unreadable(error: RulebookError) -> Problem {
    Problem::new(Code::RulebookInvalid).field(error.code, error.detail)
}

/// Sends down the rulebooks of this binary that never went to phones: at the first start, and after an upgrade.
pub async fn deliver_builtin(app: &App) -> Result<(), StoreError> {
    let mut tx = app.store.begin().await?;
    let mut rows = Vec::new();
    for book in Rulebooks::builtin().books() {
        let name = book.name();
        if versions::exists(&mut tx, KIND, &name).await? {
            continue;
        }
        let record = serde_json::json!(RulebookText {
            head: RulebookVersion::new(book, None),
            text: book.text.clone(),
        });
        let version = versions::next(&mut tx, KIND, &name).await?;
        let row = NewRow::reference(Audience::Everyone, KIND, &name, version, Some(&record));
        rows.push(row);
    }
    if !rows.is_empty() {
        feed::append(&mut tx, &rows, app.now()).await?;
    }
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_two_versions_is_marked_and_the_rest_stands() {
        let told = |before, after| -> Vec<String> {
            let lines = differences(before, after);
            let line = |it: Line| format!("{} {}", it.change.word(), it.text);
            lines.into_iter().map(line).collect()
        };
        assert_eq!(
            told(Some("a\nmax = 1\nc"), "a\nmax = 2\nc\nd"),
            [
                "kept a",
                "removed max = 1",
                "added max = 2",
                "kept c",
                "added d"
            ]
        );
        assert_eq!(told(Some("a\nb"), "b"), ["removed a", "kept b"]);
        assert_eq!(told(Some(""), "a"), ["added a"]);
        assert_eq!(told(None, "a\nb"), ["kept a", "kept b"]);
        assert_eq!(told(Some("a"), ""), ["removed a"]);
    }
}
