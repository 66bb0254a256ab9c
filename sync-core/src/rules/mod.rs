//! The rules: `Facts` in, `Findings` out, pure, and the same on phone and server (I4). One file a rule: its citation, its
//! words, its predicate. `engine` dispatches by scope, `rulebook` says which rules hold for whom, `catalogue` lists them.

pub mod catalogue;
pub mod descriptor;
pub mod effects;
pub mod engine;
pub mod facts;
pub mod findings;
pub mod index;
pub mod rulebook;
pub mod scope;

mod assign;
mod attime;
mod batch3;
mod case;
mod collision;
mod dispute;
mod dup6;
mod duplot;
pub mod entry1;
#[cfg(test)]
mod examples;
mod form;
mod media;
mod nosamp;
mod notice;
mod notsampled;
mod occasion;
mod onsite;
mod overshoot;
mod plan;
mod preview;
pub mod product;
mod recuse;
mod refuse;
mod reuse;
mod roster;
mod sampleid;
mod sealed;
mod sealno;
pub mod separate;
mod sheetno;
mod stop;
mod suspend;
mod task3;
#[cfg(test)]
pub(crate) mod testing;
mod trace;
mod two;
mod upper;
mod year3;

pub use catalogue::render;
pub use descriptor::Lang;
pub use effects::{Effect, RefusalEffect, effects};
pub use engine::{
    canonical, dirty_after, final_validity, hash_of, rule, rule_normal, scopes_of, scopes_of_sample,
};
pub use facts::*;
pub use findings::*;
pub use preview::{Ruled, rule_about, rule_all};
pub use rulebook::{Rulebook, RulebookError, Rulebooks};
pub use scope::ScopeKey;
