//! Reading evidence (影像证据): who may, by a token or by a link of a few minutes, what the bytes are served as, and the line in
//! the audit trail for every read of an original.

use serde_json::json;
use sync_core::model::{Digest, DocumentId, EvidenceId, MediaOutcome};

use crate::access::jwt::{self, LinkClaims};
use crate::access::{Claims, Principal};
use crate::app::App;
use crate::objects::ObjectName;
use crate::problem::{Code, Problem};
use crate::services::media::{SCREEN, THUMBNAIL};
use crate::services::{audit, sessions};
use crate::store::evidence::{self, EvidenceRow};
use crate::store::media::{self, Examined};
use crate::store::sync::visits;
use crate::store::{Result, Session};

/// What is called what among the bytes that belong to a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// As it was captured.
    Original,
    /// Something that the server made of it.
    Rendition(Rendition),
}

/// What the server makes of an original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendition {
    /// Small, for lists.
    Thumbnail,
    /// As large as a screen.
    Screen,
}

impl Rendition {
    /// By the name in an address.
    pub fn parse(name: &str) -> Result<Self, Problem> {
        match name {
            "thumbnail" => Ok(Self::Thumbnail),
            "screen" => Ok(Self::Screen),
            _ => Err(Problem::new(Code::RenditionMissing)),
        }
    }

    /// In an address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Thumbnail => "thumbnail",
            Self::Screen => "screen",
        }
    }

    /// Among the objects.
    fn file(self) -> &'static str {
        match self {
            Self::Thumbnail => THUMBNAIL,
            Self::Screen => SCREEN,
        }
    }
}

/// How the reader came to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By an access token.
    Token,
    /// By a link.
    Link,
    /// On a page of the console.
    Page,
}

/// Something to be read.
#[derive(Clone, Debug)]
pub struct Readable {
    /// Where its bytes lie.
    pub object: ObjectName,
    /// How many there are.
    pub length: u64,
    /// Its strong validator, in quotes: these bytes have no other and no other bytes have it.
    pub etag: String,
    /// What it is served as.
    pub media_type: &'static str,
    /// What it is called when it is saved.
    pub filename: String,
    /// Whether a browser may show it.
    pub inline: bool,
    row: EvidenceRow,
    part: Part,
}

/// Types that a browser shows and never executes, and how their files end. Everything else is bytes to be saved, whatever it
/// claims to be.
const SHOWN: [(&str, &str); 9] = [
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("image/heic", "heic"),
    ("image/avif", "avif"),
    ("video/mp4", "mp4"),
    ("video/quicktime", "mov"),
    ("video/webm", "webm"),
];
/// What is served as nothing in particular.
const BYTES: (&str, &str) = ("application/octet-stream", "bin");

/// As what something is served of which this was found.
fn served(found: Option<&str>) -> (&'static str, &'static str) {
    let known = SHOWN.iter().find(|(known, _)| Some(*known) == found);
    known.copied().unwrap_or(BYTES)
}

/// What the caller may read. Evidence whose bytes were not brought for this visit is not here, even if the same bytes are.
async fn find(
    db: &mut Session,
    caller: &Principal,
    document: DocumentId,
    id: EvidenceId,
) -> Result<EvidenceRow, Problem> {
    if !visits::sees(db, caller, document).await? {
        return Err(Problem::new(Code::NotFound));
    }
    let row = evidence::find(db, document, id).await?;
    let row = row.ok_or_else(|| Problem::new(Code::NotFound))?;
    match row.verified_at {
        Some(_) => Ok(row),
        None => Err(Problem::new(Code::EvidenceAwaited)),
    }
}

/// What the bytes were found to be, once somebody looked. What is something else as well is nothing in particular.
async fn found_type(db: &mut Session, sha256: Digest) -> Result<Option<String>> {
    Ok(match media::find(db, sha256).await? {
        Some(Examined::Found(found)) => {
            let double = found.fact.outcomes.contains(&MediaOutcome::Polyglot);
            (!double).then_some(found.fact.media_type)
        }
        _ => None,
    })
}

/// Opens a part of a piece for a caller.
pub async fn open(
    app: &App,
    caller: &Principal,
    document: DocumentId,
    id: EvidenceId,
    part: Part,
) -> Result<Readable, Problem> {
    let (row, found) = {
        let mut db = app.store.read().await?;
        let row = find(&mut db, caller, document, id).await?;
        let found = match part {
            Part::Original => found_type(&mut db, row.entry.sha256).await?,
            Part::Rendition(_) => None,
        };
        (row, found)
    };
    let sha256 = row.entry.sha256;
    let (object, (media_type, extension), etag) = match part {
        Part::Original => (
            ObjectName::original(sha256),
            served(found.as_deref()),
            format!("\"{sha256}\""),
        ),
        Part::Rendition(rendition) => (
            ObjectName::rendition(sha256, rendition.file()),
            ("image/jpeg", "jpg"),
            format!("\"{sha256}-{}\"", rendition.name()),
        ),
    };
    let length = app.objects.size(&object).await?;
    let length = match (length, &part) {
        (Some(length), _) => length,
        (None, Part::Rendition(_)) => return Err(Problem::new(Code::RenditionMissing)),
        (None, Part::Original) => {
            tracing::error!(%sha256, "an original that was verified is not in the store of objects");
            return Err(Problem::new(Code::StorageUnavailable));
        }
    };
    Ok(Readable {
        object,
        length,
        etag,
        media_type,
        filename: format!("{id}.{extension}"),
        inline: media_type != BYTES.0,
        row,
        part,
    })
}

/// Who holds a link: they are asked of the database as at any other request, so that it ends with the session, the device
/// and the person, and reads what they may read now.
pub async fn follow(app: &App, token: &str) -> Result<(Principal, Readable), Problem> {
    let (claims, key) = jwt::verify_link(app, token).await?;
    let caller = holder(app, &claims, &key).await?;
    let part = match &claims.rendition {
        None => Part::Original,
        Some(name) => Part::Rendition(Rendition::parse(name)?),
    };
    let readable = open(app, &caller, claims.document, claims.evidence, part).await?;
    // The entry names other bytes by now: the link was for those of then.
    if readable.row.entry.sha256 != claims.sha256 {
        return Err(Problem::new(Code::LinkInvalid));
    }
    Ok((caller, readable))
}

async fn holder(app: &App, claims: &LinkClaims, key: &str) -> Result<Principal, Problem> {
    let claims = Claims {
        iss: claims.iss.clone(),
        aud: claims.aud.clone(),
        sub: claims.sub,
        sid: claims.sid,
        dev: claims.dev,
        iat: 0,
        exp: claims.exp,
    };
    sessions::principal(app, &claims, key).await
}

/// A link to a part of a piece, and when it expires, in milliseconds.
pub async fn link(
    app: &App,
    caller: &Principal,
    document: DocumentId,
    id: EvidenceId,
    rendition: Option<&str>,
) -> Result<(String, i64), Problem> {
    let part = match rendition {
        None => Part::Original,
        Some(name) => Part::Rendition(Rendition::parse(name)?),
    };
    let readable = open(app, caller, document, id, part).await?;
    let rendition = rendition.map(str::to_owned);
    let (token, exp) = jwt::issue_link(app, caller, document, &readable.row.entry, rendition)?;
    Ok((format!("/v1/media/{token}"), exp * 1_000))
}

/// Leaves a line in the audit trail before bytes of an original are sent; `ranges` are those asked for, as (first, last).
pub async fn note_read(
    app: &App,
    caller: &Principal,
    readable: &Readable,
    ranges: &[(u64, u64)],
    way: Way,
) -> Result<(), Problem> {
    if readable.part != Part::Original {
        return Ok(());
    }
    let entry = &readable.row.entry;
    let subject = format!(
        "evidence:{}/{}",
        readable.row.document_id, entry.evidence_id
    );
    let way = match way {
        Way::Token => "token",
        Way::Link => "link",
        Way::Page => "page",
    };
    let mut detail = json!({ "sha256": entry.sha256, "size_bytes": entry.size_bytes, "way": way });
    if !ranges.is_empty() {
        detail["ranges"] = json!(ranges);
    }
    let mut tx = app.store.begin_beside().await?;
    audit::record(app, &mut tx, caller, "evidence.read", subject, detail).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_browser_might_execute_is_served_as_what_it_is() {
        assert_eq!(served(Some("image/jpeg")), ("image/jpeg", "jpg"));
        for odd in [
            None,
            Some("image/svg+xml"),
            Some("text/html"),
            Some("application/pdf"),
            Some("application/xhtml+xml"),
            Some("IMAGE/JPEG"),
            Some("image/jpeg\r\nset-cookie: a=b"),
        ] {
            assert_eq!(served(odd), BYTES, "{odd:?}");
        }
    }
}
