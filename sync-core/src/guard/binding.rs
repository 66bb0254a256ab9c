//! Which document a change is bound to. A skeleton contains its document's identity, and every hash covers the hashes of
//! what it depends on, so a change that builds on one of another document belongs there and can never be applied here.

use std::collections::HashMap;

use super::ChangeHeader;
use crate::model::ids::ChangeHash;

/// The changes among these that build, however far below, on something that belongs to another document, each with the
/// change of that document on which it stands. `belongs_elsewhere` speaks of hashes that are not among these; of what it
/// does not know nothing can be said, and such a change waits.
pub fn transplanted<'a>(
    changes: impl IntoIterator<Item = &'a ChangeHeader>,
    belongs_elsewhere: impl Fn(&ChangeHash) -> bool,
) -> HashMap<ChangeHash, ChangeHash> {
    let mut found: HashMap<ChangeHash, ChangeHash> = HashMap::new();
    let mut open = Vec::new();
    let mut above: HashMap<ChangeHash, Vec<ChangeHash>> = HashMap::new();
    for header in changes {
        if let Some(foreign) = header.deps.iter().find(|dep| belongs_elsewhere(dep)) {
            found.insert(header.hash, *foreign);
            open.push((header.hash, *foreign));
        }
        for dep in &header.deps {
            above.entry(*dep).or_default().push(header.hash);
        }
    }
    while let Some((below, foreign)) = open.pop() {
        for hash in above.remove(&below).unwrap_or_default() {
            if let std::collections::hash_map::Entry::Vacant(vacant) = found.entry(hash) {
                vacant.insert(foreign);
                open.push((hash, foreign));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::Actor;

    fn header(hash: u8, deps: &[u8]) -> ChangeHeader {
        ChangeHeader {
            hash: ChangeHash([hash; 32]),
            actor: Actor([1; 16]),
            seq: 1,
            start_op: 1,
            max_op: 1,
            time: 0,
            message: None,
            deps: deps.iter().map(|dep| ChangeHash([*dep; 32])).collect(),
            other_actors: Vec::new(),
        }
    }

    #[test]
    fn all_that_stands_on_another_document_is_found_in_any_order_and_nothing_else() {
        let mut headers = vec![
            header(4, &[3]),
            header(3, &[2, 9]),
            header(2, &[100]),
            header(5, &[9]),
            header(6, &[200]),
        ];
        for _ in 0..2 {
            let found = transplanted(&headers, |hash| hash.0[0] == 100);
            let mut hashes: Vec<_> = found.keys().map(|hash| hash.0[0]).collect();
            hashes.sort_unstable();
            assert_eq!(hashes, [2, 3, 4]);
            assert!(found.values().all(|foreign| foreign.0[0] == 100));
            headers.reverse();
        }
    }
}
