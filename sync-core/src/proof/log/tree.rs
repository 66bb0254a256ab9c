//! The tree over the heads of chains, of the shape of RFC 6962: leaves are only ever appended, and two short lists of hashes
//! prove that a leaf is in it and that a larger tree begins with a smaller one. What is hashed are lines of text instead of
//! bytes with a prefix, so that `printf` and `sha256sum` climb it; the words at their beginning keep leaves and nodes apart.
//!
//! Nodes over a full power of two leaves never change: they are stored, and every other hash follows from those.

use std::collections::HashMap;

use super::chain::{Head, line_hash};
use crate::model::{Digest, DocumentId};

/// A full node: over the leaves `index << level .. (index + 1) << level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Zero for a leaf.
    pub level: u32,
    /// From the left.
    pub index: u64,
}

/// The text of a leaf: where a chain ended when the tree grew.
pub fn leaf_text(chain: DocumentId, head: &Head) -> String {
    format!("fieldseal-head/1 {chain} {} {}", head.lines, head.hash)
}

/// The hash of a leaf.
pub fn leaf_hash(chain: DocumentId, head: &Head) -> Digest {
    line_hash(&leaf_text(chain, head))
}

/// The hash of a node over two others.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    line_hash(&format!("fieldseal-node/1 {left} {right}"))
}

/// The root of a tree without leaves.
pub fn empty_root() -> Digest {
    line_hash("fieldseal-empty/1")
}

/// The full nodes that become known with the leaf number `index`, when the ones before it are: the leaf itself, and every
/// node that it completes. `find` gives hashes of nodes that are known.
pub fn grow(
    index: u64,
    leaf: Digest,
    mut find: impl FnMut(Node) -> Option<Digest>,
) -> Option<Vec<(Node, Digest)>> {
    let mut node = Node { level: 0, index };
    let mut hash = leaf;
    let mut grown = vec![(node, hash)];
    while node.index % 2 == 1 {
        let left = find(Node {
            level: node.level,
            index: node.index - 1,
        })?;
        hash = node_hash(&left, &hash);
        node = Node {
            level: node.level + 1,
            index: node.index / 2,
        };
        grown.push((node, hash));
    }
    Some(grown)
}

/// Leaves `start .. end`, a part of the tree that one hash stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    start: u64,
    end: u64,
}

impl Part {
    /// The whole tree.
    pub fn whole(leaves: u64) -> Self {
        Self {
            start: 0,
            end: leaves,
        }
    }

    /// The full nodes from which its hash follows, from the left.
    pub fn nodes(self) -> Vec<Node> {
        let mut nodes = Vec::new();
        let mut start = self.start;
        while start < self.end {
            let left = self.end - start;
            let level = left.ilog2().min(match start {
                0 => 63,
                start => start.trailing_zeros(),
            });
            nodes.push(Node {
                level,
                index: start >> level,
            });
            start += 1 << level;
        }
        nodes
    }

    /// Its hash, where its nodes are known.
    pub fn hash(self, known: &HashMap<Node, Digest>) -> Option<Digest> {
        let mut hashes = Vec::new();
        for node in self.nodes() {
            hashes.push(*known.get(&node)?);
        }
        let mut hashes = hashes.into_iter().rev();
        let Some(last) = hashes.next() else {
            return Some(empty_root());
        };
        Some(hashes.fold(last, |right, left| node_hash(&left, &right)))
    }
}

/// The largest power of two below `leaves`, which is more than one.
fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// What proves that the leaf number `index` is in a tree: hashes of these parts, from the leaf up.
pub fn inclusion(index: u64, leaves: u64) -> Vec<Part> {
    let (mut start, mut end) = (0, leaves);
    let mut parts = Vec::new();
    while end.saturating_sub(start) > 1 {
        let middle = start + split(end - start);
        if index < middle {
            parts.push(Part { start: middle, end });
            end = middle;
        } else {
            parts.push(Part { start, end: middle });
            start = middle;
        }
    }
    parts.reverse();
    parts
}

/// On which side of the climbing hash each hash of an inclusion proof stands: true where it stands on the left.
pub fn sides(index: u64, leaves: u64) -> Vec<bool> {
    let parts = inclusion(index, leaves);
    parts.iter().map(|part| part.start <= index).collect()
}

/// Whether a leaf is in the tree with this root.
pub fn includes(index: u64, leaves: u64, leaf: &Digest, proof: &[Digest], root: &Digest) -> bool {
    if index >= leaves {
        return false;
    }
    let sides = sides(index, leaves);
    sides.len() == proof.len() && climb(leaf, sides.into_iter().zip(proof)) == *root
}

/// Climbs from a hash; true stands for a hash on the left.
pub fn climb<'a>(from: &Digest, steps: impl Iterator<Item = (bool, &'a Digest)>) -> Digest {
    steps.fold(*from, |hash, (left, other)| match left {
        true => node_hash(other, &hash),
        false => node_hash(&hash, other),
    })
}

/// What proves that a tree of `later` leaves begins with the one of `earlier`: hashes of these parts.
pub fn consistency(earlier: u64, later: u64) -> Vec<Part> {
    if earlier == 0 || earlier >= later {
        return Vec::new();
    }
    let (mut start, mut end) = (0, later);
    let mut parts = Vec::new();
    // Down to the part that ends where the earlier tree does; what is passed by stands beside it.
    let mut whole = true;
    while end != earlier {
        let middle = start + split(end - start);
        if earlier <= middle {
            parts.push(Part { start: middle, end });
            end = middle;
        } else {
            parts.push(Part { start, end: middle });
            start = middle;
            whole = false;
        }
    }
    if !whole {
        parts.push(Part { start, end });
    }
    parts.reverse();
    parts
}

/// Whether the tree of `later` leaves with its root begins with the one of `earlier` leaves with its root (RFC 9162,
/// section 2.1.4.2).
pub fn extends(
    (earlier, earlier_root): (u64, &Digest),
    (later, later_root): (u64, &Digest),
    proof: &[Digest],
) -> bool {
    if earlier > later {
        return false;
    }
    if earlier == later {
        return proof.is_empty() && earlier_root == later_root;
    }
    if earlier == 0 {
        return proof.is_empty() && *earlier_root == empty_root();
    }
    let mut proof = proof.iter();
    let mut place = earlier - 1;
    let mut last = later - 1;
    while place % 2 == 1 {
        (place, last) = (place / 2, last / 2);
    }
    // Where the earlier tree is one full node, its root is known and not sent.
    let seed = match place {
        0 => Some(earlier_root),
        _ => proof.next(),
    };
    let Some(seed) = seed else {
        return false;
    };
    let (mut old, mut new) = (*seed, *seed);
    for hash in proof {
        if last == 0 {
            return false;
        }
        if place % 2 == 1 || place == last {
            old = node_hash(hash, &old);
            new = node_hash(hash, &new);
            while place % 2 == 0 && place != 0 {
                (place, last) = (place / 2, last / 2);
            }
        } else {
            new = node_hash(&new, hash);
        }
        (place, last) = (place / 2, last / 2);
    }
    last == 0 && old == *earlier_root && new == *later_root
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAVES: u64 = 40;

    fn leaf(index: u64) -> Digest {
        line_hash(&format!("leaf {index}"))
    }

    /// The tree as RFC 6962 §2.1 defines it, without anything kept.
    fn defined(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => empty_root(),
            [one] => *one,
            more => {
                let (left, right) = more.split_at(split(more.len() as u64) as usize);
                node_hash(&defined(left), &defined(right))
            }
        }
    }

    fn known() -> HashMap<Node, Digest> {
        let mut known: HashMap<Node, Digest> = HashMap::new();
        for index in 0..LEAVES {
            let grown = grow(index, leaf(index), |node| known.get(&node).copied());
            known.extend(grown.unwrap());
        }
        known
    }

    fn root(leaves: u64) -> Digest {
        Part::whole(leaves).hash(&known()).unwrap()
    }

    fn hashes(parts: Vec<Part>) -> Vec<Digest> {
        let known = known();
        let hashes = parts.into_iter().map(|part| part.hash(&known).unwrap());
        hashes.collect()
    }

    #[test]
    fn stored_nodes_give_the_root_that_the_definition_gives() {
        let leaves: Vec<Digest> = (0..LEAVES).map(leaf).collect();
        for size in 0..=LEAVES {
            assert_eq!(root(size), defined(&leaves[..size as usize]), "{size}");
        }
    }

    #[test]
    fn every_leaf_is_proved_in_every_tree_and_nothing_else_is() {
        for size in 1..=LEAVES {
            let root = root(size);
            for index in 0..size {
                let proof = hashes(inclusion(index, size));
                assert!(includes(index, size, &leaf(index), &proof, &root));
                assert!(!includes(index, size, &leaf(index + 1), &proof, &root));
                let other = (index + 1) % size;
                assert!(size == 1 || !includes(other, size, &leaf(index), &proof, &root));
                for place in 0..proof.len() {
                    let mut forged = proof.clone();
                    forged[place].0[0] ^= 1;
                    assert!(!includes(index, size, &leaf(index), &forged, &root));
                }
                let longer = [proof.clone(), vec![root]].concat();
                assert!(!includes(index, size, &leaf(index), &longer, &root));
            }
            assert!(!includes(size, size, &leaf(size), &[], &root));
        }
    }

    #[test]
    fn a_larger_tree_is_proved_to_begin_with_every_smaller_one_and_with_no_other() {
        for later in 1..=LEAVES {
            for earlier in 0..=later {
                let proof = hashes(consistency(earlier, later));
                let (old, new) = (root(earlier), root(later));
                assert!(
                    extends((earlier, &old), (later, &new), &proof),
                    "{earlier} {later}"
                );
                let other = line_hash("another past");
                assert!(!extends((earlier, &other), (later, &new), &proof));
                assert!(earlier == 0 || !extends((earlier, &old), (later, &other), &proof));
                for place in 0..proof.len() {
                    let mut forged = proof.clone();
                    forged[place].0[31] ^= 1;
                    assert!(!extends((earlier, &old), (later, &new), &forged));
                    let mut short = proof.clone();
                    short.remove(place);
                    assert!(!extends((earlier, &old), (later, &new), &short));
                }
                let longer = [proof, vec![old]].concat();
                assert!(!extends((earlier, &old), (later, &new), &longer));
            }
        }
        assert!(!extends((3, &root(3)), (2, &root(2)), &[]));
    }

    #[test]
    fn a_leaf_that_was_changed_behind_a_checkpoint_cannot_be_hidden() {
        let mut leaves: Vec<Digest> = (0..LEAVES).map(leaf).collect();
        leaves[3] = line_hash("rewritten");
        let mut rewritten: HashMap<Node, Digest> = HashMap::new();
        for (index, hash) in leaves.iter().enumerate() {
            let grown = grow(index as u64, *hash, |node| rewritten.get(&node).copied());
            rewritten.extend(grown.unwrap());
        }
        for earlier in 4..LEAVES {
            let parts = consistency(earlier, LEAVES).into_iter();
            let proof: Vec<_> = parts.map(|part| part.hash(&rewritten).unwrap()).collect();
            let new = Part::whole(LEAVES).hash(&rewritten).unwrap();
            assert!(!extends((earlier, &root(earlier)), (LEAVES, &new), &proof));
        }
    }
}
