//! Roles of people and kinds of organisations (domain.md §1), as they are stored and sent.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A word that is none of ours.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not one of the words known here")]
pub struct UnknownWord(pub String);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every one.
            pub const ALL: &[$name] = &[$($name::$variant),*];
            /// As it is stored and sent.
            pub fn as_str(self) -> &'static str { match self { $($name::$variant => $word),* } }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }
        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word { $($word => Ok($name::$variant),)* _ => Err(UnknownWord(word.into())) }
            }
        }
        impl $crate::store::FromCell for $name {
            fn from_cell(cell: &$crate::store::Cell) -> Option<Self> {
                String::from_cell(cell).and_then(|word| word.parse().ok())
            }
        }
        impl From<$name> for $crate::store::Value {
            fn from(word: $name) -> Self { word.as_str().into() }
        }
        impl From<Option<$name>> for $crate::store::Value {
            fn from(word: Option<$name>) -> Self { word.map($name::as_str).into() }
        }
    };
}

words! {
    /// What a person may act as.
    Role {
        /// 抽样人员: enters, samples, seals. Never rules, never confirms a refusal.
        Sampler = "sampler",
        /// 承检机构: forms teams, reviews and submits results.
        InspectionBody = "inspection_body",
        /// 受托单位: collates what bodies report.
        EntrustedUnit = "entrusted_unit",
        /// 组织抽查部门: plans, approves, assigns, rules.
        Authority = "authority",
        /// 现场执法监管人员: confirms refusal or fraud on site.
        Enforcement = "enforcement",
        /// 产品质量科: rechecks, drafts, judges risk, publishes.
        QualitySection = "quality_section",
        /// 分管局领导: approves publication, decides.
        Leader = "leader",
        /// 新闻宣传科 / 综合执法支队: takes part in a consultation.
        Consulted = "consulted",
        /// 监测站(点): submits risk information.
        Station = "station",
        /// 县局: consolidates risk reports of its stations.
        County = "county",
        /// The one who receives samples at the laboratory (抽检分离: none of their samplers).
        LabReceiver = "lab_receiver",
        /// Administers the people and devices of an authority and of what lies below it.
        Admin = "admin",
    }
}

words! {
    /// What an organisation is.
    OrganisationKind {
        /// 组织抽查部门.
        Authority = "authority",
        /// 承检机构.
        InspectionBody = "inspection_body",
        /// 受托单位.
        EntrustedUnit = "entrusted_unit",
        /// 监测站(点).
        Station = "station",
        /// 新闻宣传科 / 综合执法支队.
        Consulted = "consulted",
    }
}

words! {
    /// The level of an authority.
    AuthorityLevel {
        /// 国家.
        National = "national",
        /// 省.
        Province = "province",
        /// 市.
        City = "city",
        /// 县.
        County = "county",
    }
}
