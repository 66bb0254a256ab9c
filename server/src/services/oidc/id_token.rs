//! What a provider says of somebody, signed: an ID token (OpenID Connect Core §2, §3.1.3.7), believed only if everything
//! that can be checked holds. Pure: keys, times and expectations are passed in.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};
use sync_core::limits::{OIDC_CLOCK_LEEWAY_S, OIDC_SUBJECT_CHARS_MAX};

/// What is asked of the token.
pub struct Expected<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// We.
    pub client_id: &'a str,
    /// Of this login.
    pub nonce: &'a str,
    /// What came beside it, for `at_hash`.
    pub access_token: Option<&'a str>,
    /// Our clock, seconds.
    pub now_s: i64,
}

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It names a key that is not among these: the provider may have a new one.
    UnknownKey,
    /// This does not hold.
    Invalid(&'static str),
}

/// Somebody, as the provider knows them.
#[derive(Debug, PartialEq)]
pub struct Subject {
    /// Theirs for ever, at this provider.
    pub subject: String,
    /// Everything else that was said.
    pub claims: Map<String, Value>,
}

/// Reads the keys of a JSON Web Key Set; those of unknown kinds are left out.
pub fn keys(set: &Value) -> Vec<Jwk> {
    let keys = set.get("keys").and_then(Value::as_array);
    let keys = keys.into_iter().flatten().cloned();
    keys.filter_map(|key| serde_json::from_value(key).ok())
        .collect()
}

/// Whether a key of this kind verifies this algorithm. Secrets verify nothing: a public key taken as a secret is the
/// oldest trick there is.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    let kind = matches!(
        (&key.algorithm, algorithm),
        (
            AlgorithmParameters::RSA(_),
            RS256 | RS384 | RS512 | PS256 | PS384 | PS512
        ) | (AlgorithmParameters::EllipticCurve(_), ES256 | ES384)
            | (AlgorithmParameters::OctetKeyPair(_), EdDSA)
    );
    let named = key.common.key_algorithm.map(|it| it.to_string());
    let signs = !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
    kind && signs && named.is_none_or(|name| name == format!("{algorithm:?}"))
}

/// Verifies a token and says who it is.
pub fn verify(token: &str, keys: &[Jwk], expected: &Expected<'_>) -> Result<Subject, Fault> {
    // An unsigned token has no algorithm that the library knows.
    let header = jsonwebtoken::decode_header(token).map_err(|_| Fault::Invalid("its header"))?;
    if matches!(
        header.alg,
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512
    ) {
        return Err(Fault::Invalid("its algorithm"));
    }
    let named: Vec<&Jwk> = match &header.kid {
        Some(kid) => {
            let of_name = keys
                .iter()
                .filter(|it| it.common.key_id.as_ref() == Some(kid));
            of_name.collect()
        }
        None => keys.iter().collect(),
    };
    if named.is_empty() {
        return Err(Fault::UnknownKey);
    }
    let mut fitting = named.into_iter().filter(|key| fits(key, header.alg));
    let key = fitting.next().ok_or(Fault::Invalid("its algorithm"))?;
    if header.kid.is_none() && fitting.next().is_some() {
        return Err(Fault::Invalid("it names none of several keys"));
    }
    let key = DecodingKey::from_jwk(key).map_err(|_| Fault::Invalid("its key"))?;
    let mut validation = Validation::new(header.alg);
    // All of it is compared below, by our clock.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation)
        .map_err(|_| Fault::Invalid("its signature"))?
        .claims;
    check(&claims, header.alg, expected).map_err(Fault::Invalid)?;
    let subject = text(&claims, "sub").unwrap_or_default().to_owned();
    Ok(Subject { subject, claims })
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

fn check(
    claims: &Map<String, Value>,
    algorithm: Algorithm,
    expected: &Expected<'_>,
) -> Result<(), &'static str> {
    let holds = |holds: bool, claim: &'static str| if holds { Ok(()) } else { Err(claim) };
    let seconds = |name: &str| claims.get(name).and_then(Value::as_f64);
    let now = expected.now_s as f64;
    let leeway = OIDC_CLOCK_LEEWAY_S as f64;

    holds(text(claims, "iss") == Some(expected.issuer), "iss")?;
    let subject = text(claims, "sub").unwrap_or_default();
    let length = subject.chars().count();
    holds((1..=OIDC_SUBJECT_CHARS_MAX).contains(&length), "sub")?;
    holds(!subject.chars().any(char::is_control), "sub")?;
    let audience: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    holds(audience.contains(&expected.client_id), "aud")?;
    let party = text(claims, "azp");
    holds(audience.len() == 1 || party.is_some(), "azp")?;
    holds(party.is_none_or(|it| it == expected.client_id), "azp")?;
    holds(claims.get("azp").is_none_or(Value::is_string), "azp")?;
    holds(seconds("exp").is_some_and(|at| now < at + leeway), "exp")?;
    holds(seconds("iat").is_some_and(|at| at <= now + leeway), "iat")?;
    let not_before = claims.get("nbf");
    let begun = seconds("nbf").is_some_and(|at| at <= now + leeway);
    holds(not_before.is_none() || begun, "nbf")?;
    holds(text(claims, "nonce") == Some(expected.nonce), "nonce")?;
    if let Some(told) = claims.get("at_hash") {
        let ours = expected.access_token.map(|it| half_hash(it, algorithm));
        holds(
            ours.as_deref() == told.as_str() && ours.is_some(),
            "at_hash",
        )?;
    }
    Ok(())
}

/// The left half of an access token's hash, by the hash of the algorithm (§3.1.3.6).
pub fn half_hash(access_token: &str, algorithm: Algorithm) -> String {
    use Algorithm::{ES256, HS256, PS256, RS256};
    use Algorithm::{ES384, HS384, PS384, RS384};
    let hash = match algorithm {
        ES256 | RS256 | PS256 | HS256 => &digest::SHA256,
        ES384 | RS384 | PS384 | HS384 => &digest::SHA384,
        _ => &digest::SHA512,
    };
    let hash = digest::digest(hash, access_token.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;
    use serde_json::json;

    use super::*;
    use crate::keys::ServerKey;
    use crate::rng::SeededRng;

    const NOW_S: i64 = 1_740_790_800;
    const ACCESS: &str = "an access token of the provider";

    fn key(number: u64) -> ServerKey {
        ServerKey::make(&SeededRng::new(number)).unwrap()
    }

    fn jwk(key: &ServerKey) -> Value {
        json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.key_id(),
            "x": URL_SAFE_NO_PAD.encode(key.public_key()),
        })
    }

    fn published(keys: &[Value]) -> Vec<Jwk> {
        super::keys(&json!({ "keys": keys }))
    }

    fn expected() -> Expected<'static> {
        Expected {
            issuer: "https://id.example.org",
            client_id: "fieldseal",
            nonce: "of this login",
            access_token: Some(ACCESS),
            now_s: NOW_S,
        }
    }

    fn claims() -> Value {
        json!({
            "iss": "https://id.example.org", "sub": "1401", "aud": "fieldseal", "nonce": "of this login",
            "iat": NOW_S, "exp": NOW_S + 300, "at_hash": half_hash(ACCESS, Algorithm::EdDSA),
        })
    }

    fn joined(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn signed(key: &ServerKey, claims: &Value) -> String {
        let header = json!({ "alg": "EdDSA", "kid": key.key_id() });
        joined(&header, claims, |message| key.sign_bytes(message).to_vec())
    }

    /// What becomes of an honest token of which one claim is another one, or is gone.
    fn with(claim: &str, value: Value) -> Result<Subject, Fault> {
        let key = key(1);
        let mut claims = claims();
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(claim)),
            value => claims[claim] = value,
        }
        verify(
            &signed(&key, &claims),
            &published(&[jwk(&key)]),
            &expected(),
        )
    }

    #[test]
    fn an_honest_token_says_who_it_is() {
        assert_eq!(with("email", json!("a@b")).unwrap().subject, "1401");
        assert!(with("at_hash", Value::Null).is_ok(), "it may be left out");
        assert!(with("aud", json!(["fieldseal"])).is_ok());
        assert!(with("azp", json!("fieldseal")).is_ok());
    }

    #[test]
    fn what_is_for_somebody_else_from_somebody_else_or_of_another_login_is_not_believed() {
        for (claim, value) in [
            ("iss", json!("https://id.example.org/")),
            ("iss", Value::Null),
            ("aud", json!("another")),
            ("aud", json!([])),
            ("aud", Value::Null),
            ("azp", json!("another")),
            ("azp", json!(7)),
            ("nonce", json!("of another login")),
            ("nonce", Value::Null),
            ("sub", json!("")),
            ("sub", json!("a\u{0}b")),
            ("sub", Value::Null),
            ("at_hash", json!("AAAA")),
            ("at_hash", json!(7)),
            ("exp", Value::Null),
            ("exp", json!("never")),
            ("iat", Value::Null),
            ("nbf", json!("soon")),
        ] {
            let told = with(claim, value.clone());
            assert_eq!(
                told,
                Err(Fault::Invalid(static_name(claim))),
                "{claim} {value}"
            );
        }
        let several = with("aud", json!(["fieldseal", "another"]));
        assert_eq!(
            several,
            Err(Fault::Invalid("azp")),
            "for several, it says for whom"
        );
    }

    fn static_name(claim: &str) -> &'static str {
        let names = [
            "iss", "aud", "azp", "nonce", "sub", "at_hash", "exp", "iat", "nbf",
        ];
        names.into_iter().find(|name| *name == claim).unwrap()
    }

    #[test]
    fn clocks_may_differ_by_the_leeway_and_no_more() {
        let leeway = OIDC_CLOCK_LEEWAY_S;
        assert!(with("exp", json!(NOW_S - leeway + 1)).is_ok());
        assert!(with("exp", json!(NOW_S - leeway)).is_err());
        for claim in ["iat", "nbf"] {
            assert!(with(claim, json!(NOW_S + leeway)).is_ok());
            assert!(with(claim, json!(NOW_S + leeway + 1)).is_err());
        }
    }

    #[test]
    fn a_subject_is_as_long_as_allowed_and_no_longer() {
        let of = |chars: usize| json!("s".repeat(chars));
        assert!(with("sub", of(OIDC_SUBJECT_CHARS_MAX)).is_ok());
        assert!(with("sub", of(OIDC_SUBJECT_CHARS_MAX + 1)).is_err());
    }

    #[test]
    fn no_signature_another_key_and_a_public_key_as_a_secret_are_not_believed() {
        let (honest, thief) = (key(1), key(2));
        let keys = published(&[jwk(&honest)]);
        let told = |token: &str| verify(token, &keys, &expected()).unwrap_err();
        let none = joined(&json!({ "alg": "none" }), &claims(), |_| Vec::new());
        assert_eq!(told(&none), Fault::Invalid("its header"));
        for name in ["HS256", "HS384", "HS512"] {
            let header = json!({ "alg": name, "kid": honest.key_id() });
            let confused = joined(&header, &claims(), |message| {
                let secret = hmac::Key::new(hmac::HMAC_SHA256, &honest.public_key());
                hmac::sign(&secret, message).as_ref().to_vec()
            });
            assert_eq!(told(&confused), Fault::Invalid("its algorithm"), "{name}");
        }
        for name in ["RS256", "ES256"] {
            let header = json!({ "alg": name, "kid": honest.key_id() });
            let other = joined(&header, &claims(), |message| {
                honest.sign_bytes(message).to_vec()
            });
            assert_eq!(told(&other), Fault::Invalid("its algorithm"), "{name}");
        }
        let header = json!({ "alg": "EdDSA", "kid": honest.key_id() });
        let forged = joined(&header, &claims(), |message| {
            thief.sign_bytes(message).to_vec()
        });
        assert_eq!(told(&forged), Fault::Invalid("its signature"));
        assert_eq!(told(&signed(&thief, &claims())), Fault::UnknownKey);
        let honest_token = signed(&honest, &claims());
        let mut parts: Vec<_> = honest_token.split('.').map(str::to_owned).collect();
        let mut other = claims();
        other["sub"] = json!("1402");
        parts[1] = URL_SAFE_NO_PAD.encode(other.to_string());
        assert_eq!(told(&parts.join(".")), Fault::Invalid("its signature"));
        for garbage in ["", "a.b", "a.b.c", "....", &"x".repeat(10_000)] {
            assert_eq!(told(garbage), Fault::Invalid("its header"));
        }
    }

    #[test]
    fn a_token_without_the_name_of_a_key_is_believed_only_where_there_is_one() {
        let (one, two) = (key(1), key(2));
        let header = json!({ "alg": "EdDSA" });
        let token = joined(&header, &claims(), |message| {
            one.sign_bytes(message).to_vec()
        });
        assert!(verify(&token, &published(&[jwk(&one)]), &expected()).is_ok());
        let both = published(&[jwk(&one), jwk(&two)]);
        assert!(verify(&token, &both, &expected()).is_err());
        let mut for_encryption = jwk(&one);
        for_encryption["use"] = json!("enc");
        assert!(verify(&token, &published(&[for_encryption]), &expected()).is_err());
        // A kind of key that nobody here knows harms no other.
        let unknown = json!({ "kty": "LATTICE", "kid": "new" });
        assert!(verify(&token, &published(&[unknown, jwk(&one)]), &expected()).is_ok());
    }
}
