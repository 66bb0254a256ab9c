//! What a phone knows and what the engine says of it: reference data, lists, rulings, verdicts.

use automerge::Automerge;
use serde_json::Value;
use sync_core::document::conflicts::{ConflictRecord, conflicts};
use sync_core::document::{gist_digest, project, reading};
use sync_core::model::{Digest, DocumentId, Millis, normalise_text};
use sync_core::proof::log::SeenCheckpoints;
use sync_core::rules::{Facts, Rulebooks, rule};
use sync_core::sync::wire::RulingNotice;

use crate::client::{Client, Done};
use crate::error::ClientError;
use crate::kinds::{laid_over, unknown_visit, visit_in};
use crate::taking;
use crate::types::{ConflictInfo, EnterpriseFound, Reference, VisitSummary};

impl Client {
    /// Reference data of any kind.
    pub fn references(&self, kind: &str) -> Done<Vec<Reference>> {
        self.lock().store.list_references(kind)
    }

    /// Tasks in scope.
    pub fn tasks(&self) -> Done<Vec<Reference>> {
        self.references("task")
    }

    /// 实施细则 in scope.
    pub fn product_rules(&self) -> Done<Vec<Reference>> {
        self.references("product_rule")
    }

    /// Listed enterprises whose record contains the text, in any case.
    pub fn enterprises(&self, search: &str) -> Done<Vec<Reference>> {
        let wanted = search.trim().to_lowercase();
        let mut found = self.references("enterprise")?;
        found.retain(|enterprise| {
            enterprise
                .record
                .to_string()
                .to_lowercase()
                .contains(&wanted)
        });
        Ok(found)
    }

    /// Listed enterprises by name or 统一社会信用代码, at most so many: those whose code begins with the text, then those whose
    /// name does, then those that contain it, each by name. Full-width and half-width, upper and lower case are the same.
    pub fn find_enterprises(&self, text: &str, at_most: usize) -> Done<Vec<EnterpriseFound>> {
        let wanted = normalise_text(text);
        let mut found = Vec::new();
        for listed in self.references("enterprise")? {
            let field = |name: &str| {
                let value = listed.record.get(name).and_then(Value::as_str);
                value.map(str::to_owned)
            };
            let name = field("name").unwrap_or_default();
            let (by_name, by_code) = (
                normalise_text(&name),
                normalise_text(&field("uscc").unwrap_or_default()),
            );
            let rank = match () {
                () if by_code.starts_with(&wanted) => 0,
                () if by_name.starts_with(&wanted) => 1,
                () if by_name.contains(&wanted) || by_code.contains(&wanted) => 2,
                () => continue,
            };
            let enterprise = EnterpriseFound {
                enterprise_id: listed.id.clone(),
                name,
                uscc: field("uscc"),
                address: field("address").unwrap_or_default(),
                region: field("region"),
            };
            found.push((rank, by_name, enterprise));
        }
        found.sort_by(|a, b| (a.0, &a.1, &a.2.enterprise_id).cmp(&(b.0, &b.1, &b.2.enterprise_id)));
        let found = found.into_iter().map(|(_, _, it)| it);
        Ok(found.take(at_most).collect())
    }

    /// Which versions of rulebooks rule on this phone, as `shanxi@2`.
    pub fn rulebook_names(&self) -> Done<Vec<String>> {
        let books = self.rulebooks()?;
        Ok(books.books().iter().map(|book| book.name()).collect())
    }

    /// How current the duplicate index is; none was ever received.
    pub fn index_as_of(&self) -> Done<Option<Millis>> {
        let text = self.lock().store.setting("index_as_of")?;
        Ok(text.and_then(|text| text.parse().ok()))
    }

    /// What this phone has seen of the server's log, and where that broke: two signed checkpoints of which the later does not
    /// extend the earlier convict the server.
    pub fn seen_checkpoints(&self) -> Done<SeenCheckpoints> {
        taking::seen_checkpoints(&self.lock().store)
    }

    /// The list, newest first, from projected columns.
    pub fn visits(&self) -> Done<Vec<VisitSummary>> {
        self.lock().store.list_visits()
    }

    /// The highest version of each ruling in a visit.
    pub fn rulings(&self, visit: DocumentId) -> Done<Vec<RulingNotice>> {
        self.lock().store.list_rulings(visit)
    }

    /// One visit whole, as JSON: sealed records as they were sealed, amendments beside them with what holds of them, the
    /// rest as it stands.
    pub fn visit(&self, visit: DocumentId) -> Done<Value> {
        self.with_known(|known, store| {
            let document = visit_in(store, visit)?;
            let read = reading::read(&document, known, project(&document, known));
            serde_json::to_value(read).map_err(|error| {
                ClientError::new("store.failed", "A stored document cannot be shown").with(error)
            })
        })
    }

    /// The same with what lies in quarantine of it laid over, for who must decide at the gate; none where nothing does, or
    /// nothing of it goes on.
    pub fn visit_with_aside(&self, visit: DocumentId) -> Done<Option<Value>> {
        self.with_known(|known, store| {
            let standing = visit_in(store, visit)?;
            let mut found = laid_over(store, std::slice::from_ref(&standing))?;
            let Some((document, _)) = found.remove(&visit) else {
                return Ok(None);
            };
            let read = reading::read(&document, known, project(&document, known));
            let value = serde_json::to_value(read).map_err(|error| {
                ClientError::new("store.failed", "A stored document cannot be shown").with(error)
            })?;
            Ok(Some(value))
        })
    }

    /// SHA-256 of what a visit says and how it is ruled, without ids and times: see
    /// [`gist`](sync_core::document::gist).
    pub fn visit_digest(&self, visit: DocumentId) -> Done<Digest> {
        let rulings = self.rulings(visit)?;
        self.with_known(|known, store| {
            let document = visit_in(store, visit)?;
            let read = reading::read(&document, known, project(&document, known));
            Ok(gist_digest(&read, &rulings))
        })
    }

    /// What two phones wrote at the same time, kept.
    pub fn conflicts(&self, visit: DocumentId) -> Done<Vec<ConflictInfo>> {
        let shown = |record: ConflictRecord| {
            let mut values = record.values;
            values.sort_by_key(|value| value.change != record.winner);
            let json = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
            ConflictInfo {
                document_id: visit,
                path: record.path.join("/"),
                changes: values.iter().map(|value| value.change).collect(),
                values: values.iter().map(|value| json(&value.value)).collect(),
                open: record.open,
            }
        };
        let found = conflicts(&self.document(visit)?);
        Ok(found.into_iter().map(shown).collect())
    }

    fn document(&self, visit: DocumentId) -> Done<Automerge> {
        let row = self.lock().store.find_document(visit)?;
        let row = row.ok_or_else(|| unknown_visit(visit))?;
        Automerge::load(&row.snapshot).map_err(|error| {
            ClientError::new("store.failed", "A stored document cannot be read").with(error)
        })
    }

    /// The rulebooks of this build, and those that came down over them.
    pub(crate) fn rulebooks(&self) -> Done<Rulebooks> {
        let builtin = Rulebooks::builtin();
        let mut texts: Vec<String> = builtin.clone().into();
        for came in self.references("rulebook")? {
            // A newer build of the app may carry what came down before it.
            let known = builtin.books().iter().any(|book| book.name() == came.id);
            let text = came.record.get("text").and_then(Value::as_str);
            if let (Some(text), false) = (text, known) {
                texts.push(text.to_owned());
            }
        }
        // All at once: they come in no order, and one may extend another.
        Rulebooks::from_texts(texts).map_err(|error| {
            ClientError::new("rulebook.unreadable", "A rulebook cannot be read").with(error)
        })
    }

    /// The engine over given facts with this phone's rulebooks: the same bytes as the server's (I4).
    pub fn verdict(&self, facts_json: &str) -> Done<String> {
        let facts: Facts = serde_json::from_str(facts_json).map_err(|error| {
            ClientError::new("facts.unreadable", "The facts cannot be read").with(error)
        })?;
        let findings = rule(&facts, &self.rulebooks()?);
        serde_json::to_string(&findings).map_err(|error| {
            ClientError::new("facts.unreadable", "The findings are no JSON").with(error)
        })
    }
}
