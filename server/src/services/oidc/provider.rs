//! The configured OpenID Connect provider: what it says of itself, its keys, and the two calls that a login makes. What it
//! says is kept for a while; a key that nobody knows is looked up once, and not more often than a bound allows.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde_json::{Map, Value};
use sync_core::limits::{
    OIDC_ANSWER_BYTES_MAX, OIDC_KEPT_MS, OIDC_KEYS_REST_MS, OIDC_REQUEST_S, OIDC_RETRY_S,
};
use sync_core::model::Millis;

use super::id_token;
use crate::config::OidcConfig;
use crate::problem::{Code, Problem};

/// Where a provider is reached, as it says itself (OpenID Connect Discovery §3).
#[derive(Clone, Debug, Deserialize)]
pub struct Endpoints {
    issuer: String,
    /// Where the browser goes.
    pub authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    /// Whether it names itself when it sends the browser back (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

/// What a code was exchanged for.
#[derive(Debug, Deserialize)]
pub struct Exchanged {
    /// Who it is.
    pub id_token: String,
    /// For the userinfo endpoint.
    pub access_token: Option<String>,
}

/// Something of the provider's, and when it was read.
type Kept<T> = RwLock<Option<(Millis, Arc<T>)>>;

/// A provider.
pub struct Provider {
    /// As configured.
    pub config: OidcConfig,
    agent: ureq::Agent,
    endpoints: Kept<Endpoints>,
    keys: Kept<Vec<Jwk>>,
}

/// Why there is no answer of the provider.
enum Silence {
    /// It cannot be reached, or fails itself.
    Down(String),
    /// It refuses.
    Refused,
}

fn unavailable(detail: &str) -> Problem {
    tracing::warn!(detail, "the OpenID Connect provider does not answer");
    Problem::new(Code::OidcUnavailable).retry_after_s(OIDC_RETRY_S)
}

/// Whether secrets may travel there: encrypted, or without leaving this machine.
pub fn is_safe(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return url.starts_with("https://");
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    ["127.0.0.1", "[::1]", "localhost"].contains(&host)
}

fn fresh<T>(kept: &Kept<T>, now: Millis, for_ms: Millis) -> Option<Arc<T>> {
    let kept = kept.read().unwrap_or_else(PoisonError::into_inner);
    let (at, value) = kept.as_ref()?;
    (0..for_ms).contains(&(now - at)).then(|| Arc::clone(value))
}

fn keep<T>(kept: &Kept<T>, now: Millis, value: T) -> Arc<T> {
    let value = Arc::new(value);
    let mut kept = kept.write().unwrap_or_else(PoisonError::into_inner);
    *kept = Some((now, Arc::clone(&value)));
    value
}

impl Provider {
    /// A provider of these settings; nothing is asked of it yet.
    pub fn new(config: OidcConfig) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // A login is rare, and a connection that was kept may be dead by then.
            .max_idle_connections(0)
            .timeout_global(Some(Duration::from_secs(OIDC_REQUEST_S)))
            .build()
            .new_agent();
        Self {
            config,
            agent,
            endpoints: Kept::default(),
            keys: Kept::default(),
        }
    }

    /// Where the provider sends the browser back to.
    pub fn redirect_uri(&self) -> String {
        let base = self.config.redirect_base.trim_end_matches('/');
        format!("{base}/v1/oidc/callback")
    }

    /// Whether browsers reach this server encrypted, so that cookies may insist on it.
    pub fn is_encrypted(&self) -> bool {
        self.config.redirect_base.starts_with("https://")
    }

    /// Where it is reached.
    pub async fn endpoints(&self, now: Millis) -> Result<Arc<Endpoints>, Problem> {
        if let Some(known) = fresh(&self.endpoints, now, OIDC_KEPT_MS) {
            return Ok(known);
        }
        let issuer = &self.config.issuer;
        let url = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let told = self.get(&url, None).await?;
        let found: Endpoints =
            serde_json::from_value(told).map_err(|error| unavailable(&error.to_string()))?;
        if found.issuer != *issuer {
            return Err(unavailable("it calls itself by another name"));
        }
        let urls = [
            &found.authorization_endpoint,
            &found.token_endpoint,
            &found.jwks_uri,
        ];
        let all = urls.into_iter().chain(&found.userinfo_endpoint);
        if !all.into_iter().all(|url| is_safe(url)) {
            return Err(unavailable("it names an address that is not encrypted"));
        }
        Ok(keep(&self.endpoints, now, found))
    }

    /// Its keys; `anew` where one is named that is not among those that are kept.
    pub async fn keys(&self, now: Millis, anew: bool) -> Result<Arc<Vec<Jwk>>, Problem> {
        let for_ms = if anew {
            OIDC_KEYS_REST_MS
        } else {
            OIDC_KEPT_MS
        };
        if let Some(known) = fresh(&self.keys, now, for_ms) {
            return Ok(known);
        }
        let url = self.endpoints(now).await?.jwks_uri.clone();
        let told = self.get(&url, None).await?;
        Ok(keep(&self.keys, now, id_token::keys(&told)))
    }

    /// What it says of the owner of an access token.
    pub async fn userinfo(
        &self,
        access_token: &str,
        now: Millis,
    ) -> Result<Option<Map<String, Value>>, Problem> {
        let Some(url) = self.endpoints(now).await?.userinfo_endpoint.clone() else {
            return Ok(None);
        };
        match self.get(&url, Some(access_token.to_owned())).await? {
            Value::Object(claims) => Ok(Some(claims)),
            _ => Ok(None),
        }
    }

    /// Takes tokens for a code.
    pub async fn exchange(
        &self,
        code: &str,
        verifier: &str,
        now: Millis,
    ) -> Result<Exchanged, Problem> {
        let endpoints = self.endpoints(now).await?;
        let methods = &endpoints.token_endpoint_auth_methods_supported;
        let basic = methods.is_empty() || methods.iter().any(|it| it == "client_secret_basic");
        let (id, secret) = (&self.config.client_id, &self.config.client_secret);
        let redirect = self.redirect_uri();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect),
            ("code_verifier", verifier),
        ];
        let mut authorization = None;
        if basic {
            let joined = format!("{}:{}", escaped(id), escaped(secret));
            authorization = Some(format!("Basic {}", STANDARD.encode(joined)));
        } else {
            form.extend([("client_id", id.as_str()), ("client_secret", secret)]);
        }
        let body: Vec<String> = form
            .iter()
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        let (agent, url) = (self.agent.clone(), endpoints.token_endpoint.clone());
        let answered = blocking(move || {
            let mut request = agent
                .post(&url)
                .header("content-type", "application/x-www-form-urlencoded")
                .header("accept", "application/json");
            if let Some(authorization) = authorization {
                request = request.header("authorization", authorization);
            }
            read(request.send(body.join("&")))
        });
        match answered.await? {
            Ok(told) => serde_json::from_value(told)
                .map_err(|_| invalid("the provider gave no token that says who it is")),
            Err(Silence::Refused) => Err(invalid("the provider does not take the code")),
            Err(Silence::Down(detail)) => Err(unavailable(&detail)),
        }
    }

    async fn get(&self, url: &str, bearer: Option<String>) -> Result<Value, Problem> {
        let (agent, url) = (self.agent.clone(), url.to_owned());
        let answered = blocking(move || {
            let mut request = agent.get(&url).header("accept", "application/json");
            if let Some(token) = bearer {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            read(request.call())
        });
        answered.await?.map_err(|silence| match silence {
            Silence::Refused => unavailable("it refuses what every client may ask"),
            Silence::Down(detail) => unavailable(&detail),
        })
    }
}

/// The problem that what came of a login is not believed.
pub fn invalid(detail: &str) -> Problem {
    Problem::new(Code::OidcTokenInvalid).detail(detail)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Problem::internal(&error))
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, Silence> {
    let down = |error: ureq::Error| Silence::Down(error.to_string());
    let mut answer = answer.map_err(down)?;
    match answer.status().as_u16() {
        200 => {}
        400..=499 => return Err(Silence::Refused),
        status => return Err(Silence::Down(format!("it answers {status}"))),
    }
    let body = answer.body_mut().with_config().limit(OIDC_ANSWER_BYTES_MAX);
    let text = body.read_to_string().map_err(down)?;
    serde_json::from_str(&text).map_err(|error| Silence::Down(error.to_string()))
}

/// As in a form or a query: everything but unreserved characters is written in percent.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_travel_encrypted_or_stay_on_the_machine() {
        for safe in [
            "https://id.example.org/x",
            "http://127.0.0.1:8080",
            "http://localhost/a",
            "http://[::1]:9/x",
        ] {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_url in [
            "http://id.example.org",
            "http://127.0.0.1.example.org",
            "http://localhost@example.org/",
            "http://127.0.0.1:x@example.org",
            "ftp://127.0.0.1",
            "javascript:alert(1)",
        ] {
            assert!(!is_safe(unsafe_url), "{unsafe_url}");
        }
    }

    #[test]
    fn what_stands_in_a_query_is_escaped() {
        assert_eq!(escaped("a b&c=d/监~"), "a%20b%26c%3Dd%2F%E7%9B%91~");
    }
}
