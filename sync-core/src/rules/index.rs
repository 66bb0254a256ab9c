//! The duplicate index (重复抽查索引): under which keyed hashes a sampling is found. Server and phone compute them with the
//! functions of this file, so that both agree; a row holds no name and no number, and without the key it says nothing.
//!
//! The key is narrower than the scope that is ruled: a scope takes all goods of one producer, because `sameness` leaves
//! standards shared in part to a person. A hash cannot be compared in part, so a product has one hash for the whole key
//! and one for each standard beside producer, trademark and specification. A producer with a code is found by its name as
//! well, for those who know it by its name alone; two codes never meet under a name.

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
    let mut keys = own_keys(key, product);
    if product.producer_has_uscc
        && let Some(name) = product.name()
    {
        let named =
            |standard: &String| (IndexKind::Standard, named_key(key, name, standard, product));
        keys.extend(product.standards.iter().map(named));
    }
    keys
}

fn own_keys(key: &[u8], product: &ProductFact) -> Vec<(IndexKind, Digest)> {
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

/// What a producer with a code bears for those who know its name alone.
fn named_key(key: &[u8], name: &str, standard: &str, product: &ProductFact) -> Digest {
    let text = canonical_json(&serde_json::json!({
        "named": name, "standards": [standard],
        "trademark": product.trademark, "spec_model": product.spec_model,
    }));
    index_key(key, IndexKind::Standard, &text)
}

/// Stands for standards that a row does not tell.
const UNTOLD: &str = "其他标准";

/// Under which hashes a product looks for its like, each with the product as a row there tells it, the whole key first.
pub fn product_lookups(key: &[u8], product: &ProductFact) -> Vec<(IndexKind, Digest, ProductFact)> {
    if product.incomplete {
        return Vec::new();
    }
    // Which other standards it has is not told: enough that they are not the same.
    let partly = |product: &ProductFact, shared: &String| ProductFact {
        standards: [shared.clone(), UNTOLD.to_owned()].into(),
        ..product.clone()
    };
    let standards = product.standards.iter();
    let told = std::iter::once(product.clone()).chain(standards.map(|it| partly(product, it)));
    let mut lookups: Vec<_> = own_keys(key, product)
        .into_iter()
        .zip(told)
        .map(|((kind, hash), told)| (kind, hash, told))
        .collect();
    let Some(name) = product.name() else {
        return lookups;
    };
    if product.producer_has_uscc {
        let nameless = ProductFact {
            producer: name.to_owned(),
            producer_has_uscc: false,
            producer_name: String::new(),
            ..product.clone()
        };
        let of_name = own_keys(key, &nameless).into_iter().skip(1);
        for ((kind, hash), shared) in of_name.zip(&product.standards) {
            lookups.push((kind, hash, partly(&nameless, shared)));
        }
    } else {
        for shared in &product.standards {
            let hash = named_key(key, name, shared, product);
            lookups.push((IndexKind::Standard, hash, partly(product, shared)));
        }
    }
    lookups
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
    fn a_producer_with_a_code_meets_its_name_alone_and_no_other_code_of_that_name() {
        let of = |uscc: Option<&str>, name: &str| -> ProductFact {
            let uscc: Option<Uscc> = uscc.map(|code| code.parse().unwrap());
            let standards = ["GB/T 23858-2009".to_owned()];
            ProductKey::new(uscc.as_ref(), name, &standards, "示例", "Φ700").into()
        };
        let finds = |a: &ProductFact, b: &ProductFact| {
            let there = product_index_keys(KEY, b);
            let mut found = product_lookups(KEY, a);
            found.retain(|(kind, hash, _)| there.contains(&(*kind, *hash)));
            found.into_iter().map(|(kind, ..)| kind).collect::<Vec<_>>()
        };
        let coded = of(Some("911405250000B1E536"), "泽州示例铸造");
        let named = of(None, " 泽州示例铸造 ");
        assert_eq!(finds(&coded, &named), [IndexKind::Standard]);
        assert_eq!(finds(&named, &coded), [IndexKind::Standard]);
        let namesake = of(Some("913708110000A1B24D"), "泽州示例铸造");
        assert_eq!(finds(&coded, &namesake), []);
        assert_eq!(finds(&named, &of(Some("911405250000B1E536"), "别家")), []);
        assert_eq!(
            finds(&coded, &of(Some("911405250000B1E536"), "别家")).len(),
            2
        );
        for product in [&coded, &named] {
            let (_, _, told) = product_lookups(KEY, product).pop().unwrap();
            assert!(!told.producer_has_uscc && told.standards.len() == 2);
        }
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
