//! The duplicate index: which product, and which enterprise in which year, was sampled when and for whom, without a name
//! or a result. Server and phone hash with the same functions, so a phone finds a row only if it knows the product.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::wire::IndexRow;
use crate::document::project::prior_sampling;
use crate::model::{Digest, EnterpriseKey, ProductKey, SampleId};
use crate::rules::{ProductFact, SampleFact, SamplingSource};

/// Rows about one product.
pub const PRODUCT: &str = "product";
/// Rows about one enterprise in one year.
pub const YEAR: &str = "year";

fn keyed(key: &[u8], kind: &str, text: &str) -> Digest {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Digest([0; 32]);
    };
    mac.update(kind.as_bytes());
    mac.update(b"\n");
    mac.update(text.as_bytes());
    Digest(mac.finalize().into_bytes().into())
}

/// HMAC-SHA-256 of `product\n` and the product key's digest.
pub fn product_hash(key: &[u8], product: &ProductFact) -> Digest {
    let digest = ProductKey::from(product.clone()).digest();
    keyed(key, PRODUCT, &digest.to_string())
}

/// HMAC-SHA-256 of `year\n<year>/<enterprise key>`; the enterprise after aliases.
pub fn year_hash(key: &[u8], enterprise: &EnterpriseKey, year: i16) -> Digest {
    keyed(key, YEAR, &format!("{year}/{enterprise}"))
}

/// Name of a row: the sample is in it, so that a phone does not count its own sample twice.
pub fn row_id(kind: &str, sample: SampleId) -> String {
    format!("{kind}/{sample}")
}

/// The sample of a row; none where the name is of another make.
pub fn sample_of(row: &IndexRow) -> Option<SampleId> {
    row.row_id.rsplit('/').next()?.parse().ok()
}

/// A row as a sampling elsewhere: its whole civil day.
pub fn sampling(
    row: &IndexRow,
    enterprise: Option<EnterpriseKey>,
    product: ProductFact,
) -> Option<SampleFact> {
    let source = SamplingSource::Imported {
        origin: "duplicate index".to_owned(),
    };
    let mut fact = prior_sampling(source, &row.sampled_on, enterprise, product)?;
    fact.authority_id = Some(row.authority_id);
    fact.sampling_kind.clone_from(&row.sampling_kind);
    Some(fact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OrganisationId;
    use uuid::Uuid;

    fn product(model: &str) -> ProductFact {
        let standards = ["GB/T 23858-2009".to_owned()];
        ProductKey::new(None, "某厂", &standards, "无", model).into()
    }

    #[test]
    fn a_row_is_found_only_by_who_knows_product_and_key() {
        let hash = product_hash(b"key", &product("Φ700"));
        assert_eq!(hash, product_hash(b"key", &product(" φ700 ")));
        assert_ne!(hash, product_hash(b"other key", &product("φ700")));
        assert_ne!(hash, product_hash(b"key", &product("φ800")));
    }

    #[test]
    fn a_row_is_a_sampling_of_its_whole_day() {
        let sample = SampleId(Uuid::from_u128(7));
        let row = IndexRow {
            row_id: row_id(PRODUCT, sample),
            key_hash: product_hash(b"key", &product("φ700")),
            kind: PRODUCT.to_owned(),
            sampled_on: "2025-03-01".to_owned(),
            authority_id: OrganisationId(Uuid::from_u128(31)),
            level: "city".to_owned(),
            sampling_kind: "routine".to_owned(),
        };
        assert_eq!(sample_of(&row), Some(sample));
        let fact = sampling(&row, None, product("φ700")).unwrap();
        let (first, last) = fact.sampled.usable().shanghai_days();
        assert_eq!(
            (first.to_string(), last.to_string()),
            ("2025-03-01".to_owned(), "2025-03-01".to_owned())
        );
        let undated = IndexRow {
            sampled_on: "last year".to_owned(),
            ..row
        };
        assert_eq!(sampling(&undated, None, product("φ700")), None);
    }
}
