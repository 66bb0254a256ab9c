//! What one of somebody's lists is to be: whole, or as somebody ticked it on a page, which undoes nothing of what others did
//! meanwhile.

use std::collections::BTreeSet;

/// What a list without order is to be.
#[derive(Clone, Debug)]
pub enum Wanted<T> {
    /// This, whatever it was.
    Whole(BTreeSet<T>),
    /// What was ticked, against what stood there before: what somebody else changed meanwhile stays.
    Ticked {
        /// What the page showed.
        shown: BTreeSet<T>,
        /// What was sent.
        ticked: BTreeSet<T>,
    },
}

impl<T: Ord + Clone> Wanted<T> {
    /// What is to stand where this stands.
    pub fn applied_to(&self, stands: BTreeSet<T>) -> BTreeSet<T> {
        match self {
            Self::Whole(wanted) => wanted.clone(),
            Self::Ticked { shown, ticked } => {
                let kept = stands
                    .into_iter()
                    .filter(|it| ticked.contains(it) || !shown.contains(it));
                kept.chain(ticked.difference(shown).cloned()).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(of: &[&'static str]) -> BTreeSet<&'static str> {
        of.iter().copied().collect()
    }

    #[test]
    fn what_was_ticked_changes_and_what_somebody_else_changed_meanwhile_stays() {
        let ticked = |shown: &[&'static str], ticked: &[&'static str]| Wanted::Ticked {
            shown: set(shown),
            ticked: set(ticked),
        };
        for (wanted, stands, is) in [
            (Wanted::Whole(set(&["a"])), &["b"][..], &["a"][..]),
            (ticked(&["a"], &["a", "b"]), &["a"], &["a", "b"]),
            (ticked(&["a", "b"], &["b"]), &["a", "b"], &["b"]),
            (ticked(&["a"], &["b"]), &["a", "c"], &["b", "c"]),
            // Taken by somebody else, and still ticked on a page of before.
            (ticked(&["a", "b"], &["a", "b"]), &["a"], &["a"]),
            (ticked(&["a", "b"], &["b"]), &["b", "c"], &["b", "c"]),
            (ticked(&["a"], &[]), &["a"], &[]),
        ] {
            assert_eq!(wanted.applied_to(set(stands)), set(is), "{wanted:?}");
        }
    }
}
