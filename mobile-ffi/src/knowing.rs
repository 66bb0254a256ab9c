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
    /// name does, then those that contain it, each by name. Full-width and half-width, upper and lower case are the same;
    /// spaces and marks that nobody sees do not count, nor dashes in a code.
    pub fn find_enterprises(&self, text: &str, at_most: usize) -> Done<Vec<EnterpriseFound>> {
        let (wanted, wanted_code) = (squeezed(text), without_dashes(text));
        let mut found = Vec::new();
        for listed in self.references("enterprise")? {
            let field = |name: &str| {
                let value = listed.record.get(name).and_then(Value::as_str);
                value.map(str::to_owned)
            };
            let name = field("name").unwrap_or_default();
            let (by_name, by_code) = (
                squeezed(&name),
                without_dashes(&field("uscc").unwrap_or_default()),
            );
            // Dashes alone are no part of a code.
            let code = !wanted_code.is_empty() || wanted.is_empty();
            let rank = match () {
                () if code && by_code.starts_with(&wanted_code) => 0,
                () if by_name.starts_with(&wanted) => 1,
                () if by_name.contains(&wanted) => 2,
                () if code && by_code.contains(&wanted_code) => 2,
                () => continue,
            };
            let enterprise = EnterpriseFound {
                enterprise_id: listed.id.clone(),
                name,
                uscc: field("uscc"),
                address: field("address").unwrap_or_default(),
                region: field("region"),
            };
            found.push((rank, normalise_text(&enterprise.name), enterprise));
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

/// What is typed, without what stands between its characters: white space, and marks of format that a clipboard brings along.
fn squeezed(text: &str) -> String {
    let between = |c: &char| {
        c.is_whitespace()
            || matches!(
                *c,
                '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{feff}'
            )
            || matches!(*c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}')
    };
    let normal = normalise_text(text);
    normal.chars().filter(|c| !between(c)).collect()
}

/// The same of a code, which somebody may have written in groups.
fn without_dashes(text: &str) -> String {
    let dash = |c: char| {
        matches!(
            c,
            '-' | '\u{2010}'
                ..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}'
        )
    };
    squeezed(text).replace(dash, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;
    use serde_json::json;

    #[test]
    fn an_enterprise_is_found_by_name_and_code_however_they_are_typed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phone.db");
        let client = Client::open(&path, Host::system()).unwrap();
        let listed = [
            ("1", "泽州示例农资有限公司", Some("911405250000B1E536")),
            ("2", "泽州 示例 化工厂", Some("9114 0525-0000B1E-544")),
            ("3", "无码—示例商店", None),
        ];
        for (id, name, uscc) in listed {
            let record = json!({ "name": name, "uscc": uscc });
            let mut inner = client.lock();
            let put = inner
                .store
                .write(|write| write.put_reference("enterprise", id, 1, Some(&record)));
            put.unwrap();
        }
        let found = |text: &str| -> Vec<String> {
            let found = client.find_enterprises(text, 10).unwrap();
            found.into_iter().map(|it| it.enterprise_id).collect()
        };
        for code in [
            "911405250000B1E536",
            "9114 0525 0000B1E536",
            "91140525-0000B1E536",
            "9114\u{200b}05250000B1E536\u{feff}",
            "９１１４０５２５—００００ｂ１ｅ５３６",
            "0000b1e-536",
        ] {
            assert_eq!(found(code), ["1"], "{code}");
        }
        assert_eq!(found("911405250000B1E544"), ["2"]);
        for name in ["泽州示例", "泽州 示例", "泽\u{2060}州　示\u{ad}例"] {
            assert_eq!(found(name), ["2", "1"], "{name}");
        }
        assert_eq!(found("示例 商店"), ["3"]);
        // A dash is looked for in a name, and nowhere in a code.
        assert_eq!(found("—"), ["3"]);
        assert_eq!(found(" ").len(), 3);
        assert!(found("泽州-示例").is_empty());
    }
}
