//! The organizations: finding one, and creating one.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use identity_hmac::VerificationMode;
use serde::Deserialize;
use uuid::Uuid;

use super::failure::Failure;
use super::page::{self, Page, ShownOnce};
use super::params::{Asked, Fields};
use super::session::LoggedIn;
use super::when::When;
use crate::http::App;
use crate::new_secret::NewSecret;
use crate::organization::{self, MAX_NAME_CHARS};
use crate::store::{Organization, Policy};
use crate::token::parse_organization_key;

/// How many organizations a page lists.
const PER_PAGE: u32 = 50;
/// How many names one search looks at.
const WINDOW: u32 = 10_000;

/// Which organizations.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Search {
    /// A part of the name, the id, or the organization key.
    q: String,
    /// The last organization of the page before.
    after: Option<Uuid>,
}

struct Row {
    id: Uuid,
    name: String,
    verification: &'static str,
    suspended: bool,
    created: When,
}

impl From<Organization> for Row {
    fn from(organization: Organization) -> Self {
        Self {
            id: organization.id,
            name: organization.name,
            verification: organization.verification.as_str(),
            suspended: organization.suspended,
            created: organization.created_at.into(),
        }
    }
}

#[derive(Template)]
#[template(path = "organizations.html")]
struct OrganizationsPage {
    q: String,
    is_first: bool,
    rows: Vec<Row>,
    /// The organization after which the list, or the search, goes on.
    next: Option<Uuid>,
}

/// Lists the organizations, or those that are searched for.
pub(super) async fn list(State(app): State<Arc<App>>, Asked(search): Asked<Search>) -> Page {
    let q = search.q.trim().to_owned();
    let named = q.parse().ok().or_else(|| parse_organization_key(&q));
    let (found, next) = match named {
        Some(id) => (
            app.store.organization(id).await?.into_iter().collect(),
            None,
        ),
        None if q.is_empty() => {
            let found = app.store.organizations(search.after, PER_PAGE).await?;
            let next = found.get(PER_PAGE as usize - 1).map(|last| last.id);
            (found, next)
        }
        None => {
            app.store
                .organizations_named(&q, search.after, PER_PAGE, WINDOW)
                .await?
        }
    };
    page::render(&OrganizationsPage {
        q,
        is_first: search.after.is_none(),
        next,
        rows: found.into_iter().map(Into::into).collect(),
    })
}

#[derive(Template)]
#[template(path = "new_organization.html")]
struct FormPage<'a> {
    name: &'a str,
    error: Option<String>,
}

/// Shows the form for a new organization.
pub(super) async fn form() -> Page {
    page::render(&FormPage {
        name: "",
        error: None,
    })
}

/// What a new organization is.
#[derive(Debug, Deserialize)]
pub(super) struct NewOrganization {
    name: String,
}

/// Creates an organization, and shows its secret.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Extension(actor): LoggedIn,
    Fields(NewOrganization { name }): Fields<NewOrganization>,
) -> Result<Response, Failure> {
    let name = name.trim();
    if let Err(refused) = organization::check_name(name) {
        let form = page::render(&FormPage {
            name,
            error: Some(refused.to_string()),
        })?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, form).into_response());
    }
    let created = NewSecret::of_new_organization(
        app.master_keys()?,
        name.to_owned(),
        VerificationMode::default(),
        Policy::default(),
        Vec::new(),
    )?;
    created.store(&app.store, &actor).await?;
    let shown = created.shown();
    let page = page::render(&ShownOnce {
        title: &format!("{name} is created"),
        label: "Secret",
        secret: &shown.secret,
        purpose: "The organization's backends sign visitor ids with it, as IDENTITY_SECRET.",
        next: super::organization_path(shown.organization.id),
    })?;
    Ok(page.into_response())
}

impl FormPage<'_> {
    const MAX_NAME_CHARS: usize = MAX_NAME_CHARS;
}
