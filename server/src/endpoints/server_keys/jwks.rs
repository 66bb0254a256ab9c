//! `GET /.well-known/jwks.json`: the keys in force, as a JSON Web Key Set (RFC 7517, RFC 8037).

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sync_core::limits::JWKS_AGE_S;
use utoipa::ToSchema;

use crate::app::App;
use crate::crypto::sha256;
use crate::keys;
use crate::problem::{Problem, ProblemBody};

/// A JSON Web Key Set.
#[derive(Serialize, ToSchema)]
pub struct JsonWebKeySet {
    /// The one that signs now, those that sign next, and those under which something may still be in force.
    keys: Vec<JsonWebKey>,
}

/// An Ed25519 public key.
#[derive(Serialize, ToSchema)]
pub struct JsonWebKey {
    /// `OKP`.
    kty: &'static str,
    /// `Ed25519`.
    crv: &'static str,
    /// `EdDSA`.
    alg: &'static str,
    /// `sig`.
    #[serde(rename = "use")]
    usage: &'static str,
    /// Its name in the header of a token and in everything signed.
    kid: String,
    /// The public key, base64url.
    x: String,
}

/// The server's public keys in force, as a JSON Web Key Set
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "server keys",
    responses((status = 200, body = JsonWebKeySet, headers(("ETag" = String), ("Cache-Control" = String))),
        (status = 304, description = "It is what you have"), (status = "4XX", body = ProblemBody)))]
pub async fn jwks(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    // A server that was told of nothing for a moment must not publish less than another one signs with.
    app.keys.read_again(&mut *app.store.read().await?).await?;
    let ring = app.keys.ring();
    let mut rows: Vec<_> = keys::in_force(&ring, app.now()).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.activates_at));
    let keys = rows.into_iter().map(|row| JsonWebKey {
        kty: "OKP",
        crv: "Ed25519",
        alg: "EdDSA",
        usage: "sig",
        kid: row.key_id.clone(),
        x: URL_SAFE_NO_PAD.encode(&row.public_key),
    });
    let set = JsonWebKeySet {
        keys: keys.collect(),
    };
    let body = serde_json::to_vec(&set).map_err(|error| Problem::internal(&error))?;
    let tag = format!("\"{}\"", hex::encode(&sha256(&body)[..16]));
    let known = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut known = known.filter_map(|value| value.to_str().ok());
    let same = known.any(|value| {
        let mut tags = value.split(',').map(str::trim);
        tags.any(|it| it == "*" || it.trim_start_matches("W/") == tag)
    });
    let mut response = match same {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => body.into_response(),
    };
    let fields = response.headers_mut();
    if !same {
        let json = HeaderValue::from_static("application/json");
        fields.insert(header::CONTENT_TYPE, json);
    }
    for (name, value) in [
        (header::ETAG, tag),
        (
            header::CACHE_CONTROL,
            format!("public, max-age={JWKS_AGE_S}"),
        ),
    ] {
        let value = HeaderValue::from_str(&value).map_err(|error| Problem::internal(&error))?;
        fields.insert(name, value);
    }
    Ok(response)
}
