//! The duplicate index (重复抽查索引): under which keyed hashes a sampling is found. Server and phone compute them with the
//! functions of this file, so that both agree; a row holds no name and no number, and without the key it says nothing.
//!
//! The key is narrower than the scope that is ruled: a scope takes all goods of one producer, because `sameness` leaves
//! standards shared in part to a person. A hash cannot be compared in part, so a product has one hash for the whole key
//! and one for each standard beside producer, trademark and specification.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{ProductFact, SampleFact};
use crate::model::{Digest, EnterpriseKey, SampleId, canonical_json};

/// What a row of the index is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndexKind {
    /// The whole product key: where it is equal, the products are the same as far as keys tell.
    Product,
    /// Producer, trademark, specification and one standard: where only this is equal, a person decides.
    Standard,
    /// One sampled party in one calendar year.
    Year,
}

impl IndexKind {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Standard => "standard",
            Self::Year => "year",
        }
    }
}

/// HMAC-SHA-256 under the server's index key of what `kind` stands for.
fn index_key(key: &[u8], kind: IndexKind, text: &str) -> Digest {
    keyed(
        key,
        &format!("fieldseal/index/1\n{}\n{text}", kind.as_str()),
    )
}

fn keyed(key: &[u8], text: &str) -> Digest {
    // Every length of key is taken: shorter ones are padded, longer ones hashed.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(text.as_bytes());
    Digest(mac.finalize().into_bytes().into())
}

/// The hashes of a product; none for one that lacks a key, which no hash can compare.
pub fn product_index_keys(key: &[u8], product: &ProductFact) -> Vec<(IndexKind, Digest)> {
    if product.incomplete {
        return Vec::new();
    }
    let text = |standards: Vec<&String>| {
        canonical_json(&serde_json::json!({
            "producer": product.producer, "standards": standards,
            "trademark": product.trademark, "spec_model": product.spec_model,
        }))
    };
    let whole = text(product.standards.iter().collect());
    let mut keys = vec![(
        IndexKind::Product,
        index_key(key, IndexKind::Product, &whole),
    )];
    for standard in &product.standards {
        let one = text(vec![standard]);
        keys.push((
            IndexKind::Standard,
            index_key(key, IndexKind::Standard, &one),
        ));
    }
    keys
}

/// The hash of a sampled party's year.
pub fn year_index_key(key: &[u8], enterprise: &EnterpriseKey, year: i16) -> (IndexKind, Digest) {
    let text = format!("{year}/{enterprise}");
    (IndexKind::Year, index_key(key, IndexKind::Year, &text))
}

/// All hashes under which a sampling stands, in the order of their kinds.
pub fn index_keys(key: &[u8], sample: &SampleFact) -> Vec<(IndexKind, Digest)> {
    let mut keys = product_index_keys(key, &sample.product);
    if let Some(enterprise) = &sample.enterprise {
        let (first, last) = sample.sampled.usable().shanghai_days();
        // A sampling whose year cannot be told is for the server alone.
        if first.year() == last.year() {
            keys.push(year_index_key(key, enterprise, first.year()));
        }
    }
    keys
}

/// The name of one row: stable, and no way back to the sample.
pub fn index_row_id(key: &[u8], sample: SampleId, hash: &Digest) -> String {
    let Digest(bytes) = keyed(key, &format!("fieldseal/index-row/1\n{sample}\n{hash}"));
    hex::encode(&bytes[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ProductKey, Uscc};

    const KEY: &[u8] = b"a key of a server";

    fn product(standards: &[&str], trademark: &str) -> ProductFact {
        let uscc: Uscc = "911405250000B1E536".parse().unwrap();
        let standards: Vec<String> = standards.iter().map(ToString::to_string).collect();
        ProductKey::new(Some(&uscc), "", &standards, trademark, "Φ700").into()
    }

    fn kinds_in_common(a: &ProductFact, b: &ProductFact) -> Vec<IndexKind> {
        let theirs = product_index_keys(KEY, b);
        let mut common = product_index_keys(KEY, a);
        common.retain(|key| theirs.contains(key));
        common.into_iter().map(|(kind, _)| kind).collect()
    }

    #[test]
    fn spellings_of_one_product_meet_in_the_index_and_other_trademarks_do_not() {
        let a = product(&["GB／T 23858—2009"], "示例");
        let b = product(&["gb/t23858-2009"], " 示例 ");
        assert_eq!(
            kinds_in_common(&a, &b),
            [IndexKind::Product, IndexKind::Standard]
        );
        assert_eq!(
            kinds_in_common(&a, &product(&["GB/T 23858-2009"], "别的")),
            []
        );
        assert_eq!(
            kinds_in_common(&a, &product(&["GB/T 23858-2019"], "示例")),
            []
        );
    }

    #[test]
    fn standards_shared_in_part_meet_under_the_shared_one_alone() {
        let a = product(&["GB 1-2020", "GB 2-2020"], "示例");
        let b = product(&["GB 2-2020", "GB 3-2020"], "示例");
        assert_eq!(kinds_in_common(&a, &b), [IndexKind::Standard]);
    }

    #[test]
    fn a_product_without_all_keys_is_not_hashed() {
        assert!(product_index_keys(KEY, &product(&["GB 1-2020"], "")).is_empty());
    }

    #[test]
    fn another_key_another_year_or_another_party_gives_another_hash() {
        let party = |text: &str| EnterpriseKey(text.to_owned());
        let here = year_index_key(KEY, &party("uscc:1"), 2025);
        assert_eq!(here, year_index_key(KEY, &party("uscc:1"), 2025));
        assert_ne!(here, year_index_key(b"another", &party("uscc:1"), 2025));
        assert_ne!(here, year_index_key(KEY, &party("uscc:1"), 2024));
        assert_ne!(here, year_index_key(KEY, &party("uscc:2"), 2025));
    }

    #[test]
    fn the_hash_of_a_year_never_changes() {
        let (_, hash) = year_index_key(KEY, &EnterpriseKey("uscc:1".to_owned()), 2025);
        assert_eq!(
            hash.to_string(),
            "bba57c3b8b2b6a52f5723064c261cacb3b2c96a4ac5ab1f91cb56a78475b9971"
        );
    }
}
