//! The extractors handlers use instead of axum's own: their rejections are problems of the catalogue, and a body, path or
//! query of the wrong shape says which field is wrong.

use std::fmt;
use std::marker::PhantomData;

use axum::extract::rejection::{
    BytesRejection, FailedToBufferBody, FormRejection, JsonRejection, PathRejection, QueryRejection,
};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::problem::{Code, Problem};

/// A JSON body of exactly the shape `T`: types for it carry `#[serde(deny_unknown_fields)]`.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::<Object<T>>::from_request(request, state).await {
            Ok(axum::Json(Object(body))) => Ok(Self(body)),
            Err(rejection) => Err(json_problem(&rejection)),
        }
    }
}

/// A JSON object as `T`. serde would take a list of the fields' values for a struct too, and so give a meaning to bodies
/// that no document describes.
struct Object<T>(T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: DeserializeOwned> Visitor<'de> for Fields<T> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer
            .deserialize_map(Fields(PhantomData))
            .map(Object)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

fn json_problem(rejection: &JsonRejection) -> Problem {
    match rejection {
        JsonRejection::JsonDataError(error) => {
            let text = innermost(error);
            Problem::new(Code::BodyInvalid).detail(text)
        }
        JsonRejection::JsonSyntaxError(error) => {
            Problem::new(Code::JsonMalformed).detail(innermost(error))
        }
        JsonRejection::MissingJsonContentType(_) => {
            Problem::new(Code::MediaTypeUnsupported).detail("send Content-Type: application/json")
        }
        JsonRejection::BytesRejection(error) => bytes_problem(error),
        _ => Problem::new(Code::BodyUnreadable),
    }
}

/// A form of a page. What it does not hold, or what is not what it should be, is said of the field.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Form::<T>::from_request(request, state).await {
            Ok(axum::Form(form)) => Ok(Self(form)),
            Err(FormRejection::FailedToDeserializeFormBody(error)) => {
                Err(field_problem(&error.body_text()))
            }
            Err(FormRejection::BytesRejection(error)) => Err(bytes_problem(&error)),
            Err(FormRejection::InvalidFormContentType(_)) => {
                Err(Problem::new(Code::MediaTypeUnsupported))
            }
            Err(_) => Err(Problem::new(Code::BodyUnreadable)),
        }
    }
}

/// What is wrong with a form, from serde's words: `…: FIELD: WHAT`, or of one that is not there `missing field `FIELD``.
fn field_problem(told: &str) -> Problem {
    if let Some((_, rest)) = told.split_once("missing field `") {
        let field = rest.split('`').next().unwrap_or_default();
        return Problem::value(field, "is missing");
    }
    let mut parts = told.split(": ");
    let is_field = |it: &&str| it.bytes().all(|c| c.is_ascii_lowercase() || c == b'_');
    match parts.find(is_field) {
        Some(field) if told.contains("digit") => Problem::value(field, "is no whole number"),
        Some(field) => Problem::value(field, "is no word of the list"),
        None => Problem::new(Code::BodyInvalid),
    }
}

/// The problem of a body that could not be buffered, for handlers that take raw bytes.
pub fn bytes_problem(rejection: &BytesRejection) -> Problem {
    match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Problem::new(Code::BodyTooLarge)
        }
        _ => Problem::new(Code::BodyUnreadable),
    }
}

/// serde's own words are at the end of the chain; axum's wrappers only say that there was an error.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// Identifiers of the path.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => {
                Err(Problem::new(Code::PathInvalid).detail(error.body_text()))
            }
            Err(error) => Err(Problem::internal(&error)),
        }
    }
}

/// Parameters of the query; types for it carry `#[serde(deny_unknown_fields)]`. Of a request that only reads, a filter that
/// is left blank is none: forms of HTML send all their fields. The document says so of each (`openapi.rs`).
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        let asked = parts.uri.query().unwrap_or_default();
        if !(reads && asked.split('&').any(is_blank)) {
            return read_query(asked).map(Self);
        }
        let filled = read_query(&without_blanks::<T>(asked));
        // What must be there is there, though it says nothing: that is for whoever asked for it.
        filled
            .or_else(|problem| read_query(asked).map_err(|_| problem))
            .map(Self)
    }
}

fn read_query<T: DeserializeOwned>(asked: &str) -> Result<T, Problem> {
    let uri = format!("/?{asked}").parse::<Uri>();
    let uri = uri.map_err(|error| Problem::internal(&error))?;
    match axum::extract::Query::<T>::try_from_uri(&uri) {
        Ok(axum::extract::Query(value)) => Ok(value),
        Err(QueryRejection::FailedToDeserializeQueryString(error)) => {
            Err(Problem::new(Code::QueryInvalid).detail(innermost(&error)))
        }
        Err(error) => Err(Problem::internal(&error)),
    }
}

/// What says which page: a place that is left blank is no place, and whoever goes on from it would begin anew for ever.
pub const PAGING: [&str; 2] = ["after", "limit"];

/// Whether a text says nothing, as the pattern of the document has it: `^\s*$`.
fn says_nothing(text: &str) -> bool {
    let separates = |c: char| c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}');
    text.chars().all(separates)
}

/// Whether a part of a query is a name with a value that says nothing.
fn is_blank(part: &str) -> bool {
    let pair = form_urlencoded::parse(part.as_bytes()).next();
    pair.is_some_and(|(_, value)| says_nothing(&value))
}

/// A query without the parameters of a type that are left blank; names that are none of its stay, to be told.
fn without_blanks<T: DeserializeOwned>(asked: &str) -> String {
    let names = names_of::<T>();
    let kept = asked.split('&').filter(|part| {
        let name = form_urlencoded::parse(part.as_bytes()).next();
        let known = name.is_some_and(|(name, _)| {
            let filters = !PAGING.contains(&name.as_ref());
            filters && names.is_none_or(|names| names.iter().any(|known| *known == name))
        });
        !(known && is_blank(part))
    });
    Vec::from_iter(kept).join("&")
}

/// The fields of a type as it asks for them; none of a type that takes any.
fn names_of<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    struct Asked<'a>(&'a mut Option<&'static [&'static str]>);
    impl<'de> Deserializer<'de> for Asked<'_> {
        type Error = serde::de::value::Error;
        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Self::Error> {
            *self.0 = Some(fields);
            Err(serde::de::Error::custom("the names are all that is asked"))
        }
        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(serde::de::Error::custom("any name"))
        }
        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
            seq tuple tuple_struct map enum identifier ignored_any
        }
    }
    let mut names = None;
    // The error is how it ends.
    let _ = T::deserialize(Asked(&mut names)).map(drop);
    names
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        region: Option<String>,
        #[serde(default)]
        rows: u32,
        after: Option<u32>,
    }

    async fn read(method: Method, uri: &str) -> Result<Wanted, Problem> {
        let request = axum::http::Request::builder().method(method).uri(uri);
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let read = Query::<Wanted>::from_request_parts(&mut parts, &()).await;
        read.map(|Query(wanted)| wanted)
    }

    #[derive(Debug, Deserialize)]
    struct Typed {
        #[expect(dead_code, reason = "it is only read")]
        organisation: uuid::Uuid,
        #[expect(dead_code, reason = "it is only read")]
        quota_batches: i64,
    }

    #[tokio::test]
    async fn a_form_says_which_of_its_fields_is_wrong() {
        for (body, field, detail) in [
            (
                "organisation=x&quota_batches=1",
                "organisation",
                "is no word of the list",
            ),
            (
                "organisation=01900000-0000-7000-8000-000000000001&quota_batches=many",
                "quota_batches",
                "is no whole number",
            ),
            ("quota_batches=1", "organisation", "is missing"),
        ] {
            let request = axum::http::Request::builder().method(Method::POST);
            let kind = "application/x-www-form-urlencoded";
            let request = request.header("content-type", kind);
            let request = request.body(axum::body::Body::from(body)).unwrap();
            let problem = Form::<Typed>::from_request(request, &()).await.unwrap_err();
            let error = &problem.errors()[0];
            assert_eq!(
                (error.field.as_str(), error.detail.as_str()),
                (field, detail)
            );
        }
    }

    #[tokio::test]
    async fn what_is_left_blank_is_not_asked_and_a_name_that_is_none_is_told() {
        for blank in [
            "/",
            "/?",
            "/?region=&rows=",
            "/?region=%20%E3%80%80&rows",
            "/?rows=+&",
        ] {
            let wanted = read(Method::GET, blank).await.unwrap();
            assert_eq!(wanted, Wanted::default(), "{blank}");
        }
        let wanted = read(Method::GET, "/?region=140500&rows=").await.unwrap();
        assert_eq!(wanted.region.as_deref(), Some("140500"));
        for wrong in [
            "/?colour=",
            "/?rows=many",
            "/?region=&colour=red",
            "/?after=&region=",
        ] {
            let problem = read(Method::GET, wrong).await.unwrap_err();
            assert_eq!(problem.code(), Code::QueryInvalid, "{wrong}");
        }
        // Whoever changes something and says `rows` says it wholly, or is told.
        let problem = read(Method::POST, "/?rows=").await.unwrap_err();
        assert_eq!(problem.code(), Code::QueryInvalid);
    }
}
