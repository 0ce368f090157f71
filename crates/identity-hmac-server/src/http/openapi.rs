//! The OpenAPI document, made from the handlers themselves, and the problems that they share.

use utoipa::openapi::Server;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi};

use super::problem::Document;

/// What the document says beside the routes.
#[derive(OpenApi)]
#[openapi(
    info(title = "identity-hmac-server"),
    tags(
        (name = "visitor", description = "what a chat page calls"),
        (name = "server", description = "what an organization's own backends call"),
        (name = "admin", description = "what the vendor's operator calls"),
        (name = "operation", description = "what a monitor calls"),
    ),
    servers((url = "http://127.0.0.1:8080", description = "the public listener, --listen")),
    components(schemas(Document)),
    modifiers(&BearerTokens)
)]
pub(crate) struct Description;

struct BearerTokens;

impl Modify for BearerTokens {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        for name in ["visitorToken", "apiKey", "adminToken"] {
            let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
            components.add_security_scheme(name, SecurityScheme::Http(bearer));
        }
    }
}

/// Says of routes that the public listener does not serve them.
pub(crate) fn move_to_admin_listener(described: &mut utoipa::openapi::OpenApi) {
    let mut server = Server::new("http://127.0.0.1:8081");
    server.description = Some("the admin listener, --admin-listen".to_owned());
    for path in described.paths.paths.values_mut() {
        path.servers = Some(vec![server.clone()]);
    }
}

/// Declares the problems that a handler answers with, for the document alone.
macro_rules! problems {
    ($(#[$doc:meta])* $name:ident { $($kind:ident: $status:literal $description:literal,)+ }) => {
        $(#[$doc])*
        #[derive(IntoResponses)]
        #[expect(dead_code, reason = "it stands for responses in the OpenAPI document")]
        pub(crate) enum $name {
            $(
                #[response(
                    status = $status,
                    description = $description,
                    content_type = "application/problem+json"
                )]
                $kind(Document<'static>),
            )+
        }
    };
}

problems! {
    /// Of `POST /v1/visitors`.
    NewVisitorProblems {
        Unauthorized: 401 "`unknown_organization`",
        Forbidden: 403 "`organization_suspended` or `origin_not_allowed`",
        TooManyRequests: 429 "`rate_limited`",
        Internal: 500 "`internal`",
        Unavailable: 503 "`unavailable`",
    }
}
problems! {
    /// Of `POST /v1/identify`.
    IdentifyProblems {
        Unauthorized: 401 "`invalid_visitor_token`",
        Forbidden: 403 "`hmac_required`, `hmac_verification_failed`, `identity_token_required`, `identity_token_invalid`, `identity_token_expired`, `identity_token_not_yet_valid`, `identity_token_claim`, `identity_token_other_visitor`, `identity_token_other_audience`, `identity_token_revoked`, `proof_not_accepted`, `unsigned_attributes`, `organization_suspended` or `origin_not_allowed`",
        TooManyRequests: 429 "`rate_limited`",
        Internal: 500 "`internal`",
        Unavailable: 503 "`unavailable`",
    }
}
problems! {
    /// Of a call that verifies who a visitor is.
    OtherPerson {
        Conflict: 409 "`visitor_belongs_to_another_user`",
    }
}
problems! {
    /// Of `GET /v1/identity`.
    IdentityProblems {
        Unauthorized: 401 "`invalid_visitor_token`",
        Forbidden: 403 "`organization_suspended` or `origin_not_allowed`",
        TooManyRequests: 429 "`rate_limited`",
        Internal: 500 "`internal`",
        Unavailable: 503 "`unavailable`",
    }
}
problems! {
    /// Of every route for backends.
    ServerProblems {
        Unauthorized: 401 "`invalid_api_key`",
        Forbidden: 403 "`organization_suspended`",
        TooManyRequests: 429 "`rate_limited`",
        Internal: 500 "`internal`",
        Unavailable: 503 "`unavailable`",
    }
}
problems! {
    /// Of a route of one visitor.
    NoVisitor {
        NotFound: 404 "`visitor_not_found`",
    }
}
problems! {
    /// Of every admin route.
    AdminProblems {
        Unauthorized: 401 "`invalid_admin_token`",
        TooManyRequests: 429 "`rate_limited`",
        Internal: 500 "`internal`",
        Unavailable: 503 "`unavailable`",
    }
}
problems! {
    /// Of a route of one organization.
    NoOrganization {
        NotFound: 404 "`organization_not_found`",
    }
}
problems! {
    /// Of a route of one API key.
    NoApiKey {
        NotFound: 404 "`api_key_not_found`",
    }
}
problems! {
    /// Of making an API key.
    TwoApiKeys {
        Conflict: 409 "`two_api_keys`",
    }
}
problems! {
    /// Of a route of one token key.
    NoTokenKey {
        NotFound: 404 "`token_key_not_found`",
    }
}
problems! {
    /// Of making a token key.
    TwoTokenKeys {
        Conflict: 409 "`two_token_keys`",
    }
}
problems! {
    /// Of what may leave an organization that requires a token without a key for one.
    NoUsableKey {
        Conflict: 409 "`no_usable_key`",
    }
}
problems! {
    /// Of a route of one record.
    NoIdentity {
        NotFound: 404 "`identity_not_found`",
    }
}
problems! {
    /// Of a route with a query.
    InvalidQuery {
        Invalid: 422 "`invalid_request`",
    }
}
problems! {
    /// Of a route with a body.
    BodyProblems {
        Timeout: 408 "`request_timeout`",
        TooLarge: 413 "`too_large`",
        MediaType: 415 "`unsupported_media_type`",
        Invalid: 422 "`invalid_request`, with `field` where one is at fault",
    }
}
problems! {
    /// Of the rotation of a secret.
    PreviousVerifies {
        Conflict: 409 "`previous_secret_verifies`",
    }
}
problems! {
    /// Of `GET /readyz`.
    ReadinessProblems {
        Unavailable: 503 "`unavailable`",
    }
}
