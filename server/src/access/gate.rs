//! The gate: every request passes here before its handler. It finds the operation in the table by path and method, and
//! whatever is not in the table cannot be called.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sync_core::model::Millis;
use sync_core::proof::KeyId;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::PathItem;

use super::operations::{OPERATIONS, Operation, Scope, Who};
use super::{Principal, jwt, replays};
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::services::sessions;

/// The operations by how they are called.
#[derive(Clone)]
pub struct Gate {
    app: App,
    routes: Arc<HashMap<(String, Method), &'static Operation>>,
    /// The methods of each path, as `Allow` tells them.
    allowed: Arc<HashMap<String, HeaderValue>>,
}

/// An operation of the OpenAPI document that has no row in the table, or a row without an operation.
#[derive(Debug, thiserror::Error)]
#[error("operations and the operation table differ: {0:?}")]
pub struct Unlisted(pub Vec<String>);

/// The operations of a path as (method, operation id).
pub fn operations_of(item: &PathItem) -> Vec<(Method, String)> {
    [
        (Method::GET, &item.get),
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::DELETE, &item.delete),
        (Method::PATCH, &item.patch),
        (Method::HEAD, &item.head),
        (Method::OPTIONS, &item.options),
    ]
    .into_iter()
    .filter_map(|(method, operation)| {
        let operation = operation.as_ref()?;
        Some((method, operation.operation_id.clone().unwrap_or_default()))
    })
    .collect()
}

impl Gate {
    /// A gate for exactly the operations of the document; the server does not start if one has no row.
    pub fn new(app: App, document: &OpenApi) -> Result<Self, Unlisted> {
        let mut unlisted = Vec::new();
        let mut routes = HashMap::new();
        for (path, item) in &document.paths.paths {
            for (method, id) in operations_of(item) {
                match OPERATIONS.iter().find(|operation| operation.id == id) {
                    Some(operation) => {
                        routes.insert((path.clone(), method), operation);
                    }
                    None => unlisted.push(format!("{method} {path} ({id})")),
                }
            }
        }
        for operation in OPERATIONS {
            if !routes.values().any(|routed| routed.id == operation.id) {
                unlisted.push(format!("a row for {}, which is no operation", operation.id));
            }
        }
        if !unlisted.is_empty() {
            return Err(Unlisted(unlisted));
        }
        Ok(Self {
            app,
            allowed: Arc::new(allowed(routes.keys())),
            routes: Arc::new(routes),
        })
    }
}

/// What each path takes: its operations, HEAD where it takes GET, and OPTIONS, which tells this.
fn allowed<'a>(routes: impl Iterator<Item = &'a (String, Method)>) -> HashMap<String, HeaderValue> {
    let mut methods: HashMap<String, BTreeSet<&str>> = HashMap::new();
    for (path, method) in routes {
        let of_path = methods.entry(path.clone()).or_default();
        of_path.insert(method.as_str());
        of_path.insert("OPTIONS");
        if method == Method::GET {
            of_path.insert("HEAD");
        }
    }
    let joined = methods.into_iter().filter_map(|(path, methods)| {
        let list = methods.into_iter().collect::<Vec<_>>().join(", ");
        Some((path, HeaderValue::from_str(&list).ok()?))
    });
    joined.collect()
}

/// The middleware.
pub async fn pass(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else {
        return next.run(request).await;
    };
    // axum answers HEAD through the GET handler, so it must pass as GET does.
    let method = if request.method() == Method::HEAD {
        &Method::GET
    } else {
        request.method()
    };
    let Some(operation) = gate.routes.get(&(path.as_str().to_owned(), method.clone())) else {
        let mut response = if method == Method::OPTIONS {
            StatusCode::NO_CONTENT.into_response()
        } else {
            Problem::new(Code::MethodNotAllowed).into_response()
        };
        if let Some(methods) = gate.allowed.get(path.as_str()) {
            response
                .headers_mut()
                .insert(header::ALLOW, methods.clone());
        }
        return response;
    };
    // Taken out first: a request's body cannot be shared across an await.
    let token = bearer(request.headers()).map(str::to_owned);
    let caller = match admit(&gate.app, operation, token).await {
        Ok(None) => None,
        Ok(Some((principal, ticket))) => {
            let caller = principal.user.to_string();
            request.extensions_mut().insert(principal);
            request.extensions_mut().insert(ticket);
            Some(caller)
        }
        Err(problem) => return problem.into_response(),
    };
    replays::once(&gate.app, operation, caller, request, next).await
}

async fn admit(
    app: &App,
    operation: &Operation,
    token: Result<String, Problem>,
) -> Result<Option<(Principal, Ticket)>, Problem> {
    let roles = match operation.who {
        Who::Public => return Ok(None),
        Who::Anyone => None,
        Who::Roles(roles) => Some(roles),
    };
    let (claims, key) = jwt::verify(app, &token?).await?;
    let principal = sessions::principal(app, &claims, &key).await?;
    if roles.is_some_and(|roles| !principal.has_any(roles)) {
        return Err(Problem::new(Code::RoleForbidden));
    }
    if operation.scope == Scope::OwnDevice {
        principal.needed_device()?;
    }
    let claims = Arc::new(claims);
    let ticket = Ticket(Held::Token { claims, key });
    Ok(Some((principal, ticket)))
}

/// What a caller was let in by: whoever answers for longer than a moment asks with it whether it still holds.
#[derive(Clone)]
pub struct Ticket(Held);

#[derive(Clone)]
enum Held {
    /// An access token.
    Token {
        claims: Arc<jwt::Claims>,
        key: KeyId,
    },
    /// The cookie of the console.
    Cookie { secret: String, until: Millis },
}

impl Ticket {
    /// Of whoever sits at the console.
    pub fn of_cookie(secret: String, until: Millis) -> Self {
        Self(Held::Cookie { secret, until })
    }

    /// When its time is over, in milliseconds.
    pub fn expires_at(&self) -> Millis {
        match &self.0 {
            Held::Token { claims, .. } => claims.exp.saturating_mul(1_000),
            Held::Cookie { until, .. } => *until,
        }
    }

    /// Who it is now; a problem where it holds no longer.
    pub async fn principal(&self, app: &App) -> Result<Principal, Problem> {
        if app.now() >= self.expires_at() {
            return Err(Problem::new(Code::TokenExpired));
        }
        match &self.0 {
            Held::Token { claims, key } => sessions::principal(app, claims, key).await,
            Held::Cookie { secret, .. } => Ok(sessions::seated(app, secret).await?.principal),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Ticket {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let ticket = parts.extensions.get::<Ticket>().cloned();
        ticket.ok_or_else(Principal::without_gate)
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Err(Problem::new(Code::TokenMissing));
    };
    let value = value
        .to_str()
        .map_err(|_| Problem::new(Code::TokenInvalid))?;
    let (scheme, token) = value
        .split_once(' ')
        .ok_or(Problem::new(Code::TokenInvalid))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::new(Code::TokenInvalid));
    }
    Ok(token.trim())
}
