//! 影像审查: what waits to be looked at, one piece at a time with what there is to hold it against, and the decision. Everything
//! works with a mouse and without scripts; `review.js` adds the keys.

pub mod list;
pub mod media;
pub mod piece;

use form_urlencoded::Serializer;
use serde::Deserialize;
use sync_core::model::{CampaignId, DocumentId, OrganisationId};

use super::language::Language;
use crate::access::role::word;
use crate::endpoints::evidence::list::ReviewState;
use crate::services::evidence::reviewing::Filter;
use crate::wording::{self, Words};

/// Who opens the pages: whoever may decide, and whoever answers for the pictures.
pub const WHO: crate::access::operations::Who = crate::access::operations::Who::Roles(&[
    crate::access::Role::Authority,
    crate::access::Role::Admin,
    crate::access::Role::InspectionBody,
]);

/// Which pieces somebody goes through; it is kept in every address.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Going {
    #[serde(default)]
    pub(super) state: ReviewState,
    #[serde(default, deserialize_with = "blank_is_none")]
    pub(super) visit: Option<DocumentId>,
    #[serde(default, deserialize_with = "blank_is_none")]
    pub(super) campaign: Option<CampaignId>,
    #[serde(default, deserialize_with = "blank_is_none")]
    pub(super) body: Option<OrganisationId>,
    #[serde(default, deserialize_with = "ticked")]
    pub(super) reused: bool,
}

/// A field that a form leaves empty is not asked for.
fn blank_is_none<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text = Option::<String>::deserialize(deserializer)?;
    let text = text.as_deref().map(str::trim).filter(|it| !it.is_empty());
    text.map(|it| it.parse().map_err(serde::de::Error::custom))
        .transpose()
}

fn ticked<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(matches!(text.as_str(), "true" | "1" | "on"))
}

impl Going {
    fn filter(&self) -> Filter {
        Filter {
            state: word(&self.state),
            document: self.visit,
            campaign: self.campaign.map(|id| id.to_string()),
            body: self.body.map(|id| id.to_string()),
            reused: self.reused,
        }
    }

    /// As it stands behind the `?` of an address, with more beside it.
    fn query(&self, more: &[(&str, &str)]) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("state", &word(&self.state));
        let filters = [
            ("visit", self.visit.map(|id| id.to_string())),
            ("campaign", self.campaign.map(|id| id.to_string())),
            ("body", self.body.map(|id| id.to_string())),
            ("reused", self.reused.then(|| "true".to_owned())),
        ];
        for (name, value) in filters {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        }
        query.extend_pairs(more);
        query.finish()
    }
}

fn said(language: Language, words: Words) -> &'static str {
    language.pick(words.zh, words.en)
}

/// 影像种类 in words; a kind of an authority's own stays as it is.
pub(super) fn kind(language: Language, kind: &str) -> String {
    match sync_core::wording::in_list("evidence_kind", kind) {
        Some(words) => language.pick(words.zh, words.en).to_owned(),
        None => kind.to_owned(),
    }
}

/// How a state is marked.
pub(super) fn mark(state: &str) -> &'static str {
    match state {
        "accepted" => "good",
        "questioned" => "warn",
        "rejected" => "bad",
        "answered" => "calm",
        _ => "",
    }
}

pub(super) fn state_words(language: Language, state: &str) -> &'static str {
    said(language, wording::in_list("review_state", state))
}

/// The list of what waits in one visit.
pub fn of_visit(visit: &str) -> String {
    format!("/console/review?state=waiting&visit={visit}")
}

/// A piece by itself, and on from it through all of its visit.
pub fn of_piece(visit: &str, evidence: &str) -> String {
    format!("/console/review/{visit}/{evidence}?state=all&visit={visit}")
}

/// The address of a piece's page.
fn address(visit: DocumentId, evidence: &str, query: &str) -> String {
    format!("/console/review/{visit}/{evidence}?{query}")
}
