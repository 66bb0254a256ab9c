//! The one catalogue of everything a client can be told is wrong, as RFC 9457 problem JSON. A code is stable: clients
//! act on it, so it is never renamed and a retired one is never given to something else.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sync_core::limits::{DATABASE_RETRY_S, OBJECTS_AWAY_S, STORAGE_FULL_S};
use utoipa::ToSchema;

use crate::objects::ObjectsError;
use crate::store::StoreError;

/// A status by its name; tus has one of its own.
macro_rules! status {
    (CHECKSUM_MISMATCH) => {
        StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST)
    };
    ($name:ident) => {
        StatusCode::$name
    };
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal, $status:ident, $title:literal;)*) => {
        /// A stable code. The doc comment says when it is given.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])* $name,)* }

        impl Code {
            /// Every code, in the catalogue's order.
            pub const ALL: &[Code] = &[$(Code::$name),*];
            /// As clients read it.
            pub fn as_str(self) -> &'static str { match self { $(Code::$name => $code),* } }
            /// The HTTP status it comes with.
            pub fn status(self) -> StatusCode {
                match self { $(Code::$name => status!($status)),* }
            }
            /// When it is given.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc),*).trim_ascii()),* }
            }
            /// A short summary that does not change from one occurrence to the next.
            pub fn title(self) -> &'static str { match self { $(Code::$name => $title),* } }
        }
    };
}

codes! {
    // What came is not what the operation takes.
    /// The body is no JSON at all.
    JsonMalformed = "json_malformed", BAD_REQUEST, "The body is not valid JSON";
    /// The body is JSON of another shape: an unknown field, a missing one, a wrong type.
    BodyInvalid = "body_invalid", UNPROCESSABLE_ENTITY, "The body does not have the expected shape";
    /// The `Content-Type` is not the one this operation takes.
    MediaTypeUnsupported = "media_type_unsupported", UNSUPPORTED_MEDIA_TYPE, "The Content-Type is not supported here";
    /// The body is longer than this operation takes.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// The body could not be read to its end.
    BodyUnreadable = "body_unreadable", BAD_REQUEST, "The body could not be read";
    /// A query parameter is unknown, missing or of a wrong type.
    QueryInvalid = "query_invalid", BAD_REQUEST, "A query parameter is not valid";
    /// An identifier in the path is malformed.
    PathInvalid = "path_invalid", BAD_REQUEST, "An identifier in the path is malformed";
    /// A header is malformed.
    HeaderInvalid = "header_invalid", BAD_REQUEST, "A header is malformed";
    /// The shape is right, a value is not: see `errors`.
    ValueInvalid = "value_invalid", UNPROCESSABLE_ENTITY, "A value is not valid";

    // Nothing there.
    /// No operation has this path.
    RouteUnknown = "route_unknown", NOT_FOUND, "There is nothing at this address";
    /// The path exists, with other methods.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "This address does not take this method";
    /// Nothing with this identifier, or none that the caller may see: the two are not told apart.
    NotFound = "not_found", NOT_FOUND, "Not found";
    /// It conflicts with what is there: a name that is taken, the same identifier with other content.
    Conflict = "conflict", CONFLICT, "This conflicts with what is already there";

    /// The `Idempotency-Key` came with another request before: draw a new key for it.
    IdempotencyKeyReused = "idempotency_key_reused", CONFLICT, "This Idempotency-Key belongs to another request";
    /// A request under this `Idempotency-Key` is under way; see `Retry-After`.
    IdempotencyKeyInUse = "idempotency_key_in_use", CONFLICT, "The same request is under way";

    // Leases.
    /// Another team holds the door, or held it until less than a day ago: `errors` says until when (`expires_at`), from
    /// when it may be had (`free_at`), and to those who see the team which one it is.
    LeaseHeld = "lease_held", CONFLICT, "Another team holds this door";
    /// The device holds as many leases as one may; give one back.
    LeasesExceeded = "leases_exceeded", CONFLICT, "This device holds too many leases";

    // The laboratory.
    /// A rule forbids to receive or test this sample: `errors` names the rule, the finding and the ruling. The attempt
    /// is recorded.
    SampleRefused = "sample_refused", CONFLICT, "The laboratory may not take this sample";
    /// A different report came for what was reported before: both are kept, the first one stands.
    ReportContradicts = "report_contradicts", CONFLICT, "This contradicts an earlier report; both are kept";
    /// Testing was to begin, or a result to be served, on a sample that no laboratory has accepted.
    SampleNotReceived = "sample_not_received", CONFLICT, "The sample was not received";
    /// Rows of the file are not valid: `errors` names line, column, code and what is wrong. Nothing was written.
    ImportInvalid = "import_invalid", UNPROCESSABLE_ENTITY, "The file has bad rows; nothing was written";

    /// The text is no rulebook: `errors` names the reader's code (`rulebook.unknown_rule`, …) and the place.
    RulebookInvalid = "rulebook_invalid", UNPROCESSABLE_ENTITY, "This is not a valid rulebook";

    // Evidence.
    /// No manifest that the caller may send for names this piece of evidence: sync first, so that the visit which names it is
    /// here, then ask again.
    EvidenceUnlisted = "evidence_unlisted", CONFLICT, "No manifest here names this evidence yet; sync first";
    /// Its bytes are not here, or were not verified yet: `GET /v1/visits/{id}/evidence` says how far they are.
    EvidenceAwaited = "evidence_awaited", NOT_FOUND, "These bytes are not here yet";
    /// Nothing of that name was made of this original: it is none that can be shown, or it was not looked at yet.
    RenditionMissing = "rendition_missing", NOT_FOUND, "There is no such rendition";
    /// The link was not made here, or was altered.
    LinkInvalid = "link_invalid", FORBIDDEN, "This link is not valid";
    /// The link's few minutes are over: ask for a new one.
    LinkExpired = "link_expired", FORBIDDEN, "This link has expired";
    /// None of the ranges asked for lies in these bytes; `Content-Range` says how many there are.
    RangeUnsatisfiable = "range_unsatisfiable", RANGE_NOT_SATISFIABLE, "None of these ranges is in there";
    /// What is there is not what `If-Match` names.
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED, "This is not what If-Match names";
    /// Somebody has reviewed this piece of evidence since you read it: `errors` has the `version` that stands; read it again.
    ReviewOutdated = "review_outdated", CONFLICT, "This evidence was reviewed meanwhile";
    /// Somebody has ruled on this since you read it, or the rules have: `errors` has the `version` that stands; read it again.
    RulingOutdated = "ruling_outdated", CONFLICT, "This was ruled on meanwhile";
    /// The manifest names this piece of evidence with another hash or another size: `errors` says which.
    EvidenceDiffers = "evidence_differs", CONFLICT, "The manifest names other bytes";

    // Printed forms.
    /// No form is called so: it is `sheet`, `refusal`, `not_sampled`, `on_site_report` or `notice`.
    FormUnknown = "form_unknown", NOT_FOUND, "There is no such form";
    /// The visit has no such record, or no arrival names a notice of this number.
    FormSubjectUnknown = "form_subject_unknown", NOT_FOUND, "The visit has nothing of this name to print";

    // Uploads (tus).
    /// `Tus-Resumable` is missing or names another version; `Tus-Version` says which ones there are.
    TusVersionUnsupported = "tus_version_unsupported", PRECONDITION_FAILED, "Only tus 1.0.0 is spoken here";
    /// The upload stands at another offset, which `Upload-Offset` tells: go on from there.
    UploadOffsetConflict = "upload_offset_conflict", CONFLICT, "The upload stands at another offset";
    /// A newer request writes this upload, or the server ends: what was read is kept; ask for the offset and go on from there.
    UploadTakenOver = "upload_taken_over", CONFLICT, "Another request writes this upload now";
    /// All bytes of this upload came, so it is not given up any more.
    UploadComplete = "upload_complete", CONFLICT, "This upload is complete";
    /// More bytes came than the upload was declared to have, or it was declared to be longer than any may be.
    UploadTooLong = "upload_too_long", PAYLOAD_TOO_LARGE, "This is longer than the upload may be";
    /// The upload was given up, its time is over, or parts of it are lost: begin a new one.
    UploadGone = "upload_gone", GONE, "This upload is gone; begin a new one";
    /// All bytes of this upload came, and they are not those that the manifest names. They are kept aside; the right ones are
    /// asked for: begin a new upload.
    UploadMismatch = "upload_mismatch", GONE, "These were other bytes than the manifest names; begin a new upload";
    /// The hash in `Upload-Checksum` is computed in a way that is not known here; `Tus-Checksum-Algorithm` names those that are.
    ChecksumAlgorithmUnknown = "checksum_algorithm_unknown", BAD_REQUEST, "This way of computing a checksum is not known";
    /// The bytes of the request do not have the hash in `Upload-Checksum`; none of them was kept.
    ChecksumMismatch = "checksum_mismatch", CHECKSUM_MISMATCH, "The bytes do not have the checksum";

    /// The person has as many streams of live notice open here as one may: close one, or come again after `Retry-After`.
    StreamsExceeded = "streams_exceeded", TOO_MANY_REQUESTS, "Too many streams are open";

    /// A list in one file would have more rows than a file may: ask for a shorter time, or one task.
    ExportTooLong = "export_too_long", UNPROCESSABLE_ENTITY, "This list is too long for one file";

    // Cases.
    /// Somebody else has taken this case: `errors` says who (`holder`) and since when.
    CaseTaken = "case_taken", CONFLICT, "Somebody else has taken this case";
    /// A report goes to the case office one step at a time, each step once; `detail` and `errors` say what is in the way.
    CaseOutOfStep = "case_out_of_step", CONFLICT, "This is not the next step of this case";

    // Who is calling.
    /// No access token was sent.
    TokenMissing = "token_missing", UNAUTHORIZED, "An access token is needed";
    /// The access token is not ours, not for us, or altered.
    TokenInvalid = "token_invalid", UNAUTHORIZED, "The access token is not valid";
    /// The access token has expired. Refresh it; nothing stored on the phone is affected.
    TokenExpired = "token_expired", UNAUTHORIZED, "The access token has expired";
    /// The key that signed the access token was revoked. Refresh it; nothing stored on the phone is affected.
    TokenKeyRevoked = "token_key_revoked", UNAUTHORIZED, "The key of this access token was revoked";
    /// The session of the token was ended: logout, a new password, or a refresh token used twice.
    SessionEnded = "session_ended", UNAUTHORIZED, "This session was ended; log in again";
    /// The person's account is disabled.
    UserDisabled = "user_disabled", FORBIDDEN, "This account is disabled";
    /// The device was revoked. What it holds stays readable; what it sends from now on is quarantined.
    DeviceRevoked = "device_revoked", FORBIDDEN, "This device was revoked";
    /// No such device is enrolled here: it was enrolled after the backup from which this server was restored. An
    /// administrator makes a new code; with it the phone enrols again as who it was, and delivers what it holds.
    DeviceUnknown = "device_unknown", FORBIDDEN, "This device is not enrolled here; enrol it again with a new code";
    /// The operation needs a device's token, and this one belongs to no device.
    DeviceNeeded = "device_needed", FORBIDDEN, "Only an enrolled device may do this";
    /// None of the caller's roles may do this.
    RoleForbidden = "role_forbidden", FORBIDDEN, "Your role may not do this";
    /// It lies outside the caller's region or organisation.
    ScopeForbidden = "scope_forbidden", FORBIDDEN, "This lies outside what you may act on";
    /// Unknown user name or wrong password: the two are not told apart.
    CredentialsWrong = "credentials_wrong", UNAUTHORIZED, "The user name or password is wrong";
    /// Too many failed attempts for this account or from this address; see `Retry-After`.
    AttemptsExceeded = "attempts_exceeded", TOO_MANY_REQUESTS, "Too many attempts; wait and try again";
    /// The enrolment code is unknown, used or expired: the three are not told apart.
    EnrolmentCodeInvalid = "enrolment_code_invalid", FORBIDDEN, "The enrolment code is not valid";
    /// The challenge is unknown, used or expired.
    ChallengeInvalid = "challenge_invalid", FORBIDDEN, "The challenge is not valid; ask for a new one";
    /// The signature does not verify with the key it must belong to.
    SignatureInvalid = "signature_invalid", FORBIDDEN, "The signature does not verify";
    /// The refresh token is unknown, expired, or of another device.
    RefreshTokenInvalid = "refresh_token_invalid", UNAUTHORIZED, "The refresh token is not valid; log in again";
    /// A refresh token came a second time: somebody holds a copy, so the whole session is ended, and the device that it was
    /// bound to is revoked.
    RefreshTokenReused = "refresh_token_reused", UNAUTHORIZED, "The refresh token was used before; the session is ended";

    /// Nobody would administer any more, or the caller would lock themselves out: `errors` says by which field.
    AdministratorNeeded = "administrator_needed", CONFLICT, "An administrator must remain";

    // The console.
    /// A page of the console was asked to change something without a session that goes on: log in, and send it again.
    LoginNeeded = "login_needed", UNAUTHORIZED, "Log in to go on";
    /// A request that changes something came from a page of another origin, or does not say from which it came.
    OriginForeign = "origin_foreign", FORBIDDEN, "This was sent by a page of somewhere else";
    /// The token of the first run is unknown, used or expired: the three are not told apart.
    SetupTokenInvalid = "setup_token_invalid", FORBIDDEN, "The token of the first run is not valid";
    /// There is somebody already, so nobody is made by a token of the first run any more.
    SetupOver = "setup_over", CONFLICT, "This server is set up already";

    /// No OpenID Connect provider is configured here.
    OidcNotConfigured = "oidc_not_configured", NOT_FOUND, "There is no provider to log in at";
    /// The login was not begun by this browser, was ended before, or took longer than ten minutes: begin again.
    OidcStateInvalid = "oidc_state_invalid", FORBIDDEN, "This login was not begun here; begin again";
    /// The provider did not let the person in, or they declined: `detail` has its code.
    OidcDenied = "oidc_denied", FORBIDDEN, "The provider did not agree";
    /// What came from the provider does not hold: `detail` says what.
    OidcTokenInvalid = "oidc_token_invalid", FORBIDDEN, "What the provider said is not believed";
    /// The provider knows the person, and no administrator here is bound to them or has their name.
    OidcUserUnknown = "oidc_user_unknown", FORBIDDEN, "No administrator here is this person";
    /// The code of a login at the provider is missing, unknown, used or older than a minute.
    OidcCodeInvalid = "oidc_code_invalid", FORBIDDEN, "The login at the provider is over; begin again";
    /// The provider cannot be reached, or fails; see `Retry-After`. Passwords go on.
    OidcUnavailable = "oidc_unavailable", SERVICE_UNAVAILABLE, "The provider to log in at does not answer";

    // The server.
    /// Too much at once; see `Retry-After`.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "The server is busy; try again";
    /// The database does not answer, or its file is gone: send requests to another server, and wake somebody.
    NotReady = "not_ready", SERVICE_UNAVAILABLE, "The server cannot work now";
    /// The database cannot be reached. Whether it was done is not known; sending the same again is safe. See `Retry-After`.
    DatabaseUnavailable = "database_unavailable", SERVICE_UNAVAILABLE, "The database cannot be reached; send the same again";
    /// The server has no room for what came; nothing that it acknowledged is lost, and what was sent so far is kept. See
    /// `Retry-After`.
    StorageFull = "storage_full", SERVICE_UNAVAILABLE, "The server has no room; send the same again later";
    /// The place where evidence is kept cannot be reached. See `Retry-After`.
    StorageUnavailable = "storage_unavailable", SERVICE_UNAVAILABLE, "Evidence cannot be kept now; send the same again";
    /// It took too long. Whether it was done is not known; sending the same again is safe.
    Timeout = "timeout", SERVICE_UNAVAILABLE, "The server took too long; send the same again";
    /// A fault of the server; its logs have it under the request id.
    Internal = "internal", INTERNAL_SERVER_ERROR, "The server failed";
}

/// One field's fault.
#[derive(Clone, Debug, Serialize, ToSchema, PartialEq, Eq)]
pub struct FieldError {
    /// Where: a JSON path such as `items[2].uscc`.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

/// What a client is told when a request was not done.
#[derive(Clone, Debug)]
pub struct Problem {
    code: Code,
    detail: Option<String>,
    errors: Vec<FieldError>,
    retry_after_s: Option<u64>,
}

/// The body of every error: RFC 9457, `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// Where this kind of problem is described.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for every problem of the kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The stable code to act on.
    pub code: String,
    /// Under which the server's logs have this request.
    pub request_id: String,
    /// The fields concerned, if any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// A problem with nothing to add to its title.
    pub fn new(code: Code) -> Self {
        Self {
            code,
            detail: None,
            errors: Vec::new(),
            retry_after_s: None,
        }
    }

    /// Says what is wrong this time. Never put a name, number or token of a person here: it is logged.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Names a field.
    pub fn field(mut self, field: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError {
            field: field.into(),
            detail: detail.into(),
        });
        self
    }

    /// Names several fields.
    pub fn fields(mut self, errors: impl IntoIterator<Item = FieldError>) -> Self {
        self.errors.extend(errors);
        self
    }

    /// Says when to come again, as `Retry-After`.
    pub fn retry_after_s(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// One value is not valid.
    pub fn value(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Code::ValueInvalid).field(field, detail)
    }

    /// What is wrong this time.
    pub fn told(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// When to come again, in seconds.
    pub fn retry_after(&self) -> Option<u64> {
        self.retry_after_s
    }

    /// The fields concerned.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.code
    }
}

/// For the command line: the title, and what is wrong with which argument.
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code.title())?;
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        for error in &self.errors {
            write!(f, "; {} {}", error.field, error.detail)?;
        }
        Ok(())
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Problem::new(code)
    }
}

impl From<ObjectsError> for Problem {
    fn from(error: ObjectsError) -> Self {
        tracing::error!(error = %error, "an object was not read or written");
        match error {
            ObjectsError::Full(_) => Problem::new(Code::StorageFull).retry_after_s(STORAGE_FULL_S),
            ObjectsError::Unavailable(_) => {
                Problem::new(Code::StorageUnavailable).retry_after_s(OBJECTS_AWAY_S)
            }
            ObjectsError::Missing(_) => Problem::fault("an object is missing"),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { .. } => Problem::new(Code::Conflict),
            StoreError::Retry | StoreError::Exhausted => {
                Problem::new(Code::Overloaded).retry_after_s(1)
            }
            StoreError::Nul => Problem::new(Code::ValueInvalid).detail("a text holds U+0000"),
            StoreError::Unavailable(error) => {
                tracing::error!(error = %error, "the database cannot be reached");
                Problem::new(Code::DatabaseUnavailable).retry_after_s(DATABASE_RETRY_S)
            }
            StoreError::Full(error) => {
                tracing::error!(error = %error, "the database has no room");
                Problem::new(Code::StorageFull).retry_after_s(STORAGE_FULL_S)
            }
            other => Problem::internal(&other),
        }
    }
}

impl Problem {
    /// A fault of ours: logged in full, told as nothing but its request id.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %error, "a request failed inside the server");
        Problem::new(Code::Internal)
    }

    /// The same where no error says what it was: this is what does not hold, as the log has it.
    pub fn fault(what: &'static str) -> Self {
        tracing::error!(what, "a request failed inside the server");
        Problem::new(Code::Internal)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        // For the console, whose pages say in words what is JSON to others.
        let told = self.clone();
        let body = ProblemBody {
            kind: format!("/docs/problems#{}", self.code.as_str()),
            title: self.code.title().to_owned(),
            status: status.as_u16(),
            detail: self.detail,
            code: self.code.as_str().to_owned(),
            request_id: crate::telemetry::request_id(),
            errors: self.errors,
        };
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // For the log line: which problem it was, without reading the body again.
        response.extensions_mut().insert(self.code);
        response.extensions_mut().insert(told);
        response
    }
}
