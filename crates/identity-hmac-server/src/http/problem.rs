//! One error type for every route: it answers as an RFC 9457 problem document and logs what the
//! answer hides.

use axum::Json;
use axum::http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use identity_hmac::TokenError;
use identity_hmac::strict_json::Refusal;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::telemetry;
use crate::store::{AcceptedProofs, Proof, StoreError};

/// How many characters of a member's path an answer repeats: a name may be as long as the body.
const MAX_FIELD_CHARS: usize = 200;

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub(crate) struct Document<'a> {
    /// Always `about:blank`: `code` tells the kinds apart.
    #[schema(example = "about:blank")]
    r#type: &'static str,
    /// The phrase of the HTTP status.
    #[schema(example = "Forbidden")]
    title: &'a str,
    /// The HTTP status.
    #[schema(example = 403)]
    status: u16,
    /// What is wrong and what to do, for a person.
    #[schema(example = "HMAC verification failed")]
    detail: &'a str,
    /// What is wrong, for a program: stable.
    #[schema(example = "hmac_verification_failed")]
    code: &'static str,
    /// The path of the member at fault, where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "metadata.plan")]
    field: Option<&'a str>,
    /// What is wrong with a claim of a token, for a program: `missing`, `type`, `twice`, `empty`,
    /// `too_long`, `address`, `lifetime` or `json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "missing")]
    reason: Option<&'static str>,
    /// The time at which a token was found not to be valid, by the service's clock, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    server_time: Option<u64>,
    /// The `exp` of a token that has expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, required = false)]
    exp: Option<f64>,
    /// The `iat` of a token that is not valid yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, required = false)]
    iat: Option<f64>,
    /// The `nbf` of a token that is not valid yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, required = false)]
    nbf: Option<f64>,
    /// The same as in `X-Request-Id` and in the service's log.
    request_id: Uuid,
}

/// A call that is not done as asked.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    field: Option<String>,
    /// Why a token is refused.
    token: Option<Box<TokenError>>,
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            field: None,
            token: None,
            // RFC 9110 section 11.6.1 wants a challenge.
            header: (status == StatusCode::UNAUTHORIZED)
                .then(|| Box::new((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))),
        }
    }

    fn with_header(self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        Self {
            header: Some(Box::new((name, value.into()))),
            ..self
        }
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong and what to do, for a person.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    pub(crate) fn hmac_required() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "hmac_required",
            "HMAC verification is required: pass the hmac that your backend made for this visitor",
        )
    }

    pub(crate) fn hmac_verification_failed() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "hmac_verification_failed",
            "HMAC verification failed",
        )
    }

    pub(crate) fn identity_token_required() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "identity_token_required",
            "an identity token is required: pass the token that your backend made for this visitor",
        )
    }

    pub(crate) fn proof_not_accepted(given: Proof, accepted: AcceptedProofs) -> Self {
        let given = AcceptedProofs::from(given);
        let detail = format!(
            "this organization does not take the proof {given}: pass its {accepted} instead"
        );
        Self {
            field: Some(given.to_string()),
            ..Self::new(StatusCode::FORBIDDEN, "proof_not_accepted", detail)
        }
    }

    /// Exact once the signature is known to be right, and always the same before.
    pub(crate) fn identity_token(error: &TokenError) -> Self {
        Self {
            field: error.field().map(ToOwned::to_owned),
            token: Some(Box::new(error.clone())),
            ..Self::new(StatusCode::FORBIDDEN, error.code(), error.to_string())
        }
    }

    pub(crate) fn unsigned_attributes(attribute: &str) -> Self {
        let detail = format!(
            "{attribute}: this organization takes attributes in an identity token alone: leave it out, \
             and let your backend put it into the token"
        );
        Self {
            field: Some(attribute.to_owned()),
            ..Self::new(StatusCode::FORBIDDEN, "unsigned_attributes", detail)
        }
    }

    pub(crate) fn visitor_belongs_to_another_user() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "visitor_belongs_to_another_user",
            "this visitor was verified as another user before, and stays that user: make a new visitor \
             with POST /v1/visitors when the user changes",
        )
    }

    pub(crate) fn invalid_visitor_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_visitor_token",
            "the visitor token is missing or not valid: send Authorization: Bearer with the \
             visitorToken that POST /v1/visitors gave",
        )
    }

    pub(crate) fn invalid_admin_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_admin_token",
            "the admin token is missing or not valid: send it as Authorization: Bearer",
        )
    }

    pub(crate) fn unknown_organization() -> Self {
        Self {
            field: Some("organizationKey".to_owned()),
            ..Self::new(
                StatusCode::UNAUTHORIZED,
                "unknown_organization",
                "no organization has this organizationKey: check it, and that this is its service. It is \
                 sent once, as X-Organization-Key",
            )
        }
        .with_header(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("X-Organization-Key"),
        )
    }

    pub(crate) fn organization_suspended() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "organization_suspended",
            "this organization is suspended: ask the chat's vendor",
        )
    }

    pub(crate) fn origin_not_allowed() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "origin_not_allowed",
            "pages of this origin may not call for this organization: add the origin to its \
             allowedOrigins",
        )
    }

    pub(crate) fn several_origins() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "origin_not_allowed",
            "the call has several Origin headers: send the one that the browser makes",
        )
    }

    pub(crate) fn organization_not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "organization_not_found",
            "there is no organization with this id",
        )
    }

    pub(crate) fn previous_secret_verifies() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "previous_secret_verifies",
            "the secret of the last rotation still verifies: once the customer's backends sign with the \
             current one, DELETE …/previous-secret and rotate again; if the answer with the current \
             one was lost, rotate with ?force=true",
        )
    }

    pub(crate) fn invalid_api_key() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_api_key",
            "the API key is missing or not valid: send Authorization: Bearer with an sk_… of your \
             organization that was not deleted",
        )
    }

    pub(crate) fn api_key_not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "api_key_not_found",
            "the organization has no API key with this id: GET …/api-keys lists those that it has",
        )
    }

    pub(crate) fn two_api_keys() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "two_api_keys",
            "the organization has two API keys: once no backend uses one of them, DELETE \
             …/api-keys/{keyId} and make another one; lastUsedAt says when each was last used",
        )
    }

    pub(crate) fn token_key_not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "token_key_not_found",
            "the organization has no token key with this kid: GET …/token-keys lists those that it has",
        )
    }

    pub(crate) fn two_token_keys() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "two_token_keys",
            "the organization has two token keys: once no backend signs with one of them, DELETE \
             …/token-keys/{kid} and make another one; lastUsedAt says when each was last used",
        )
    }

    pub(crate) fn visitor_not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "visitor_not_found",
            "the organization has no visitor with this id: send the visitorId that POST /v1/visitors gave",
        )
    }

    pub(crate) fn identity_not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "identity_not_found",
            "there is no such identity: it was never made, or was erased",
        )
    }

    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is nothing here: /openapi.json of the admin listener lists what there is",
        )
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "this path does not take this method: see /openapi.json of the admin listener",
        )
    }

    pub(crate) fn request_timeout() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "request_timeout",
            "the body did not arrive in time",
        )
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("the body is larger than {limit} bytes"),
        )
    }

    pub(crate) fn unsupported_media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "the body has to be JSON: send Content-Type: application/json, once",
        )
    }

    /// RFC 9110 section 15.5.16.
    pub(crate) fn unsupported_encoding() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "the body is compressed: send it as it is, without Content-Encoding",
        )
        .with_header(ACCEPT_ENCODING, HeaderValue::from_static("identity"))
    }

    /// A member of the body, by its path, or the body as a whole.
    pub(crate) fn invalid_request(field: Option<&str>, reason: &str) -> Self {
        let field = field.map(|field| match field.char_indices().nth(MAX_FIELD_CHARS) {
            Some((end, _)) => format!("{}…", &field[..end]),
            None => field.to_owned(),
        });
        let detail = match &field {
            Some(field) => format!("{field}: {reason}"),
            None => format!("the request cannot be read: {reason}"),
        };
        Self {
            field,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", detail)
        }
    }

    /// `seconds` until a call would be served again.
    pub(crate) fn rate_limited(seconds: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            format!("too many requests: try again in {seconds} s"),
        )
        .with_header(RETRY_AFTER, seconds)
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "the service cannot do this now: try again",
        )
        .with_header(RETRY_AFTER, 1)
    }

    /// A fault of the service itself. The reason stays in the log.
    pub(crate) fn internal(reason: &str) -> Self {
        tracing::error!(reason, "internal fault");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the service failed: the log has the reason under this request's id",
        )
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::MetadataTooLarge { .. } => {
                Self::invalid_request(Some("metadata"), &error.to_string())
            }
            StoreError::NoUsableKey => {
                Self::new(StatusCode::CONFLICT, "no_usable_key", error.to_string())
            }
            StoreError::NoVisitor => Self::invalid_visitor_token(),
            StoreError::OtherPerson => Self::visitor_belongs_to_another_user(),
            StoreError::Corrupt(_) => Self::internal(&error.to_string()),
            _ => {
                tracing::error!(%error, "not done");
                Self::unavailable()
            }
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::invalid_request(refusal.path().as_deref(), refusal.reason())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let token = self.token.as_deref();
        let (time, server_time) = match token {
            Some(
                &TokenError::Expired {
                    expires_at: time,
                    now,
                }
                | &TokenError::NotYetValid {
                    valid_from: time,
                    now,
                    ..
                },
            ) => (Some(time), Some(now)),
            _ => (None, None),
        };
        let of = |claim| time.filter(|_| self.field.as_deref() == Some(claim));
        let document = Document {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            field: self.field.as_deref(),
            reason: token.and_then(TokenError::reason),
            server_time,
            exp: of("exp"),
            iat: of("iat"),
            nbf: of("nbf"),
            request_id: telemetry::request_id(),
        };
        let mut response = (self.status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.extend(self.header.map(|header| *header));
        // What is left of the body will not be read.
        if self.status == StatusCode::REQUEST_TIMEOUT {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
