//! The HTTP interface: a router per resource over one store.

mod address;
mod api_keys;
mod audit;
mod auth;
pub mod body;
mod cors;
pub mod identify_params;
mod identities;
mod identity;
pub(crate) mod once;
mod openapi;
mod operation;
mod organizations;
mod params;
mod policy;
pub mod problem;
mod proof;
pub(crate) mod rate;
mod secret_use;
mod server_identities;
mod server_identity;
mod telemetry;
mod token_keys;
mod verification_stats;
mod visitors;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use identity_hmac::{IdentityKey, InputError, Keyring, TokenKeyring};
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(crate) use address::{Client, Peer};
pub(crate) use problem::Problem;

use crate::admin_token::AdminToken;
use crate::config::LogClientAddress;
use crate::dashboard;
use crate::log::DroppedLines;
use crate::master_key::MasterKeys;
use crate::store::{Policy, SealedSecrets, SealedTokenKey, Store};
use crate::token::Sha256Digest;
use crate::token_key;
use crate::verification_stats::VerificationStats;
use rate::Rate;
use secret_use::SecretUse;

/// How often an address may try to log in to the dashboard.
const LOGINS_PER_MINUTE: u32 = 10;

/// What every handler shares.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    /// Known once the database was reached: it says which keys are its own.
    master_keys: OnceLock<MasterKeys>,
    pub(crate) admin_token: AdminToken,
    trusted_proxies: Vec<IpNet>,
    log_client_address: LogClientAddress,
    address_rate: Rate<IpAddr>,
    visitor_rate: Rate<Sha256Digest>,
    organization_visitor_rate: Rate<Uuid>,
    visitor_token_lifetime: u32,
    server_rate: Rate<Uuid>,
    pub(crate) login_rate: Rate<IpAddr>,
    secret_use: SecretUse,
    pub(crate) body_deadline: Duration,
    request_deadline: Duration,
    metrics: PrometheusHandle,
    verification_stats: VerificationStats,
    dropped_log_lines: DroppedLines,
    draining: AtomicBool,
}

/// What an operator sets about the interface.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) admin_token: AdminToken,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) log_client_address: LogClientAddress,
    /// Calls a minute; 0 for no limit.
    pub(crate) address_rate: u32,
    /// Calls a minute; 0 for no limit.
    pub(crate) visitor_rate: u32,
    /// New visitors a minute; 0 for no limit.
    pub(crate) organization_visitor_rate: u32,
    /// Days without a call after which a visitor's token is refused; 0 for never.
    pub(crate) visitor_token_lifetime: u32,
    /// Calls of an organization's backends a minute; 0 for no limit.
    pub(crate) server_rate: u32,
    pub(crate) body_deadline: Duration,
    pub(crate) request_deadline: Duration,
    pub(crate) dropped_log_lines: DroppedLines,
}

impl App {
    pub(crate) fn new(store: Store, settings: Settings, metrics: PrometheusHandle) -> Self {
        Self {
            store,
            master_keys: OnceLock::new(),
            admin_token: settings.admin_token,
            trusted_proxies: settings.trusted_proxies,
            log_client_address: settings.log_client_address,
            address_rate: Rate::per_minute("address", settings.address_rate),
            visitor_rate: Rate::per_minute("visitor", settings.visitor_rate),
            organization_visitor_rate: Rate::per_minute(
                "organization_visitor",
                settings.organization_visitor_rate,
            ),
            visitor_token_lifetime: settings.visitor_token_lifetime,
            server_rate: Rate::per_minute("server", settings.server_rate),
            login_rate: Rate::per_minute("login", LOGINS_PER_MINUTE),
            secret_use: SecretUse::default(),
            body_deadline: settings.body_deadline,
            request_deadline: settings.request_deadline,
            metrics,
            verification_stats: VerificationStats::new(),
            dropped_log_lines: settings.dropped_log_lines,
            draining: AtomicBool::new(false),
        }
    }

    /// Lets the service begin: the database was reached, and the master keys are its own.
    pub(crate) fn begin(&self, master_keys: MasterKeys) {
        // A second call could only bring the same keys.
        let _ = self.master_keys.set(master_keys);
    }

    /// Tells monitors to send nothing more here.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Runs now and then, so that memory does not grow.
    pub(crate) fn upkeep(&self) {
        self.address_rate.forget_idle();
        self.visitor_rate.forget_idle();
        self.organization_visitor_rate.forget_idle();
        self.server_rate.forget_idle();
        self.login_rate.forget_idle();
        self.secret_use.forget_idle();
        self.store.upkeep();
        self.metrics.run_upkeep();
    }

    /// Adds what was counted of each organization to the database.
    pub(crate) async fn flush_verification_stats(&self) {
        if let Err(error) = self.verification_stats.flush(&self.store).await {
            tracing::warn!(%error, "the verification stats are written later");
        }
    }

    pub(crate) fn master_keys(&self) -> Result<&MasterKeys, Problem> {
        self.master_keys.get().ok_or_else(Problem::unavailable)
    }

    /// Opens the secrets of an organization.
    pub(crate) fn keyring(
        &self,
        organization: Uuid,
        secrets: &SealedSecrets,
    ) -> Result<Keyring, Problem> {
        let master_keys = self.master_keys()?;
        let open = |sealed: &[u8]| {
            let secret = master_keys
                .open(organization, sealed)
                .map_err(|error| Problem::internal(&error.to_string()))?;
            IdentityKey::new(&*secret)
                .map_err(|error: InputError| Problem::internal(&error.to_string()))
        };
        let keyring = Keyring::new(open(&secrets.current)?);
        Ok(match &secrets.previous {
            Some(previous) => keyring.with_previous(open(previous)?),
            None => keyring,
        })
    }

    /// Opens the token keys of an organization; `None` when it has none.
    pub(crate) fn token_keyring(
        &self,
        organization: Uuid,
        keys: &[SealedTokenKey],
        policy: &Policy,
    ) -> Result<Option<TokenKeyring>, Problem> {
        token_key::keyring(self.master_keys()?, organization, keys, policy)
            .map_err(|error| Problem::internal(&error.to_string()))
    }
}

fn visitor_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(visitors::create))
        .routes(routes!(identity::identify))
        .routes(routes!(identity::show))
}

fn server_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(server_identity::show, server_identity::identify))
        .routes(routes!(server_identities::list))
}

fn admin_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(organizations::create, organizations::list))
        .routes(routes!(
            organizations::show,
            organizations::update,
            organizations::delete
        ))
        .routes(routes!(organizations::rotate_secret))
        .routes(routes!(organizations::retire_previous_secret))
        .routes(routes!(organizations::revoke_visitor_tokens))
        .routes(routes!(api_keys::create, api_keys::list))
        .routes(routes!(api_keys::delete))
        .routes(routes!(token_keys::create, token_keys::list))
        .routes(routes!(token_keys::delete))
        .routes(routes!(verification_stats::show))
        .routes(routes!(audit::list))
        .routes(routes!(identities::list, identities::erase_person))
        .routes(routes!(identities::export))
        .routes(routes!(identities::erase))
}

fn health_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(operation::healthz))
        .routes(routes!(operation::readyz))
}

fn inspection_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(operation::metrics))
        .routes(routes!(operation::openapi))
}

/// The two interfaces, each for a listener of its own.
#[derive(Debug)]
pub(crate) struct Routers {
    /// What pages, backends and load balancers call.
    pub(crate) public: Router,
    /// What the vendor's operator calls and sees, and the health routes as well.
    pub(crate) admin: Router,
}

/// Builds both interfaces, and the document that describes them.
pub(crate) fn routers(app: &Arc<App>) -> serde_json::Result<Routers> {
    let mut document = openapi::Description::openapi();
    let mut part = |routes: OpenApiRouter<Arc<App>>, is_admins: bool| {
        let (router, mut described) = routes.split_for_parts();
        if is_admins {
            openapi::move_to_admin_listener(&mut described);
        }
        document.merge(described);
        // Before any layer: a preflight, which CORS answers, is not a method of these routes.
        router.method_not_allowed_fallback(async || Problem::method_not_allowed())
    };
    let limit = from_fn_with_state(app.clone(), rate::limit_address);
    let visitor = for_pages(part(visitor_routes(), false), app);
    let health = guarded(part(health_routes(), false), app);
    // Without CORS: an API key has no business in a page.
    let server = guarded(part(server_routes(), false), app).layer(limit.clone());
    let admin = guarded(part(admin_routes(), true), app).layer(limit.clone());
    let dashboard = guarded(dashboard::routes(app), app).layer(limit);
    let inspection = guarded(part(inspection_routes(), true), app);
    let document = Bytes::from(document.to_json()?);
    Ok(Routers {
        public: observed(visitor.merge(server).merge(health.clone()), app),
        admin: observed(
            admin
                .merge(dashboard)
                .merge(inspection.layer(Extension(operation::Document(document))))
                .merge(health),
            app,
        ),
    })
}

/// What every answer goes through.
fn observed(routes: Router<Arc<App>>, app: &Arc<App>) -> Router {
    routes
        .fallback(async || Problem::not_found())
        .layer(from_fn_with_state(app.clone(), telemetry::observe))
        .layer(catch_panic())
        .with_state(app.clone())
}

/// Lets pages call. CORS is the outermost layer, so that a page can read why a call was refused and when
/// to try again.
fn for_pages(routes: Router<Arc<App>>, app: &Arc<App>) -> Router<Arc<App>> {
    guarded(routes, app)
        .layer(from_fn_with_state(app.clone(), rate::limit_address))
        .layer(cors::layer())
}

/// Bounds what a call may send, how long it may take, and what a panic ends.
fn guarded(routes: Router<Arc<App>>, app: &Arc<App>) -> Router<Arc<App>> {
    routes
        .layer(DefaultBodyLimit::max(body::MAX_LEN))
        .layer(from_fn_with_state(app.clone(), end_in_time))
        // The log and the metrics know of the answer to a panic.
        .layer(catch_panic())
}

type PanicHandler = fn(Box<dyn std::any::Any + Send>) -> Response;

fn catch_panic() -> CatchPanicLayer<PanicHandler> {
    CatchPanicLayer::custom(|_| Problem::internal("a panic").into_response())
}

/// Gives up on a request that takes too long, so that none holds its connection for ever.
async fn end_in_time(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    tokio::time::timeout(app.request_deadline, next.run(request))
        .await
        .map_err(|_| {
            tracing::error!("the request took too long");
            Problem::unavailable()
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN};
    use axum::routing::get;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tower::ServiceExt;

    #[tokio::test]
    async fn a_page_reads_that_its_call_ended_in_a_panic() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("identity.db").display());
        let settings = Settings {
            admin_token: AdminToken::Stored,
            trusted_proxies: Vec::new(),
            log_client_address: LogClientAddress::Full,
            address_rate: 0,
            visitor_rate: 0,
            organization_visitor_rate: 0,
            visitor_token_lifetime: 0,
            server_rate: 0,
            body_deadline: Duration::from_secs(8),
            request_deadline: Duration::from_secs(15),
            dropped_log_lines: DroppedLines::none(),
        };
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let app = Arc::new(App::new(Store::open(&url, 1).unwrap(), settings, metrics));
        let panics = get(async || -> StatusCode { panic!("of the test") });
        let router = for_pages(Router::new().route("/", panics), &app).with_state(app);
        let request = Request::builder().header(ORIGIN, "https://shop.example");
        let answer = router
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN],
            "https://shop.example"
        );
    }
}
