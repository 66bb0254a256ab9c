//! 产品标识: when two samples are of the same product. Names are folded, standards keep their year.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::canonical::canonical_json;
use super::ids::Digest;
use super::uscc::Uscc;
use crate::rules::ProductFact;

/// NFKC, trimmed, inner white space folded to one space, lower case.
pub fn normalise_text(text: &str) -> String {
    let folded: String = text.nfkc().collect::<String>().to_lowercase();
    // Lower-casing can leave the normal form (İ), so it is taken again: folding twice must change nothing.
    let folded: String = folded.nfkc().collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A code of a standard (标准号) with its year: no spaces, one kind of dash, upper case: `GB／T 2099．7—2015` =
/// `GB/T2099.7-2015`.
pub fn normalise_standard(code: &str) -> String {
    code.nfkc()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2043}' | '\u{30fc}' | '\u{4e00}' => '-',
            c => c,
        })
        .flat_map(char::to_uppercase)
        .collect()
}

/// What makes two samples the same product (同一产品): producer, standards, trademark, specification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductKey(ProductFact);

impl ProductKey {
    /// Normalises every part. An absent name, standard, trademark or specification makes the key incomplete.
    pub fn new(
        producer_uscc: Option<&Uscc>,
        producer_name: &str,
        standards: &[String],
        trademark: &str,
        spec_model: &str,
    ) -> Self {
        let standards: BTreeSet<String> = standards
            .iter()
            .map(|code| normalise_standard(code))
            .filter(|code| !code.is_empty())
            .collect();
        let producer = producer_uscc.map_or_else(
            || normalise_text(producer_name),
            std::string::ToString::to_string,
        );
        let (trademark, spec_model) = (normalise_text(trademark), normalise_text(spec_model));
        let incomplete = producer.is_empty()
            || standards.is_empty()
            || trademark.is_empty()
            || spec_model.is_empty();
        let producer_name =
            producer_uscc.map_or_else(String::new, |_| normalise_text(producer_name));
        Self(ProductFact {
            producer,
            producer_has_uscc: producer_uscc.is_some(),
            producer_name,
            standards,
            trademark,
            spec_model,
            incomplete,
        })
    }
    /// As rules read it.
    pub fn fact(&self) -> &ProductFact {
        &self.0
    }
    /// SHA-256 of the canonical JSON of the key.
    pub fn digest(&self) -> Digest {
        let text = canonical_json(&serde_json::json!({
            "producer": self.0.producer, "standards": self.0.standards,
            "trademark": self.0.trademark, "spec_model": self.0.spec_model,
        }));
        let mut hasher = Sha256::new();
        hasher.update(b"fieldseal/product/1\n");
        hasher.update(text.as_bytes());
        Digest(hasher.finalize().into())
    }
}

impl From<ProductKey> for ProductFact {
    fn from(key: ProductKey) -> Self {
        key.0
    }
}

/// Facts hold normalised keys.
impl From<ProductFact> for ProductKey {
    fn from(fact: ProductFact) -> Self {
        Self(fact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::product::{Sameness, sameness};

    #[test]
    fn spellings_of_one_product_have_one_key() {
        let uscc: Uscc = "911405250000B1E536".parse().unwrap();
        let a = ProductKey::new(
            Some(&uscc),
            "x",
            &["GB／T 23858—2009".into()],
            " ＡＢ  c ",
            "Φ700",
        );
        let b = ProductKey::new(Some(&uscc), "y", &["gb/t23858-2009".into()], "ab C", "φ700");
        assert_eq!(
            sameness(a.fact(), b.fact()),
            Sameness::Same,
            "whatever its name"
        );
        assert_eq!(a.digest(), b.digest());
        assert!(a.fact().standards.contains("GB/T23858-2009"));
        let other_year = ProductKey::new(
            Some(&uscc),
            "y",
            &["GB/T 23858-2019".into()],
            "ab c",
            "φ700",
        );
        assert_ne!(a.digest(), other_year.digest());
    }

    #[test]
    fn a_key_that_lacks_a_part_says_so() {
        assert!(
            ProductKey::new(None, "", &["GB 1".into()], "无", "无")
                .fact()
                .incomplete
        );
        let named = ProductKey::new(None, "某厂", &["GB 1".into()], "无", "无");
        assert!(!named.fact().incomplete && !named.fact().producer_has_uscc);
    }
}
