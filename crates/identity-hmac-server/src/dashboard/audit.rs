//! What admins did.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::page::{self, Page, cut};
use super::params::{Asked, Organization};
use super::when::When;
use crate::http::App;
use crate::organization::OrganizationView;
use crate::store::{AuditEvent, StoreError};

/// How many rows a page lists.
const PER_PAGE: u32 = 50;
/// How much of a value is shown, in characters: a list of origins may be long.
const MAX_DETAIL: usize = 300;

struct Row {
    id: Uuid,
    at: When,
    actor: String,
    action: String,
    organization: Option<Uuid>,
    /// What was set, by name.
    details: Vec<(String, String)>,
}

impl From<AuditEvent> for Row {
    fn from(event: AuditEvent) -> Self {
        let details = event.details.as_object().cloned().unwrap_or_default();
        Self {
            id: event.id,
            at: event.at.into(),
            actor: match event.actor.split_once(':') {
                Some(("command", user)) => format!("{user}, by command"),
                _ => event.actor.replace('-', " "),
            },
            action: event.action.replace('_', " "),
            organization: event.organization,
            details: details
                .into_iter()
                .map(|(name, value)| (name, cut(in_words(&value), MAX_DETAIL)))
                .collect(),
        }
    }
}

fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => values.iter().map(in_words).collect::<Vec<_>>().join(", "),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    }
}

/// A part of the audit log.
struct Part {
    is_first: bool,
    rows: Vec<Row>,
    /// The row before which the next page begins.
    next: Option<Uuid>,
}

impl Part {
    async fn read(
        app: &App,
        organization: Option<Uuid>,
        before: Option<Uuid>,
    ) -> Result<Self, StoreError> {
        let mut events = app
            .store
            .audit_events(organization, before, PER_PAGE + 1)
            .await?;
        let has_more = events.len() > PER_PAGE as usize;
        events.truncate(PER_PAGE as usize);
        Ok(Self {
            is_first: before.is_none(),
            next: events.last().filter(|_| has_more).map(|last| last.id),
            rows: events.into_iter().map(Into::into).collect(),
        })
    }
}

/// Which part.
#[derive(Debug, Deserialize)]
pub(super) struct Position {
    /// The last row of the page before.
    before: Option<Uuid>,
}

#[derive(Template)]
#[template(path = "audit_all.html")]
struct AllPage {
    part: Part,
    path: &'static str,
}

/// Lists what was done to any organization, and to the service itself.
pub(super) async fn all(State(app): State<Arc<App>>, Asked(from): Asked<Position>) -> Page {
    page::render(&AllPage {
        part: Part::read(&app, None, from.before).await?,
        path: "/dashboard/audit",
    })
}

#[derive(Template)]
#[template(path = "audit.html")]
struct OrganizationPage {
    organization: OrganizationView,
    part: Part,
    path: String,
}

/// Lists what was done to one organization.
pub(super) async fn of_organization(
    State(app): State<Arc<App>>,
    Organization(organization): Organization,
    Asked(from): Asked<Position>,
) -> Page {
    page::render(&OrganizationPage {
        part: Part::read(&app, Some(organization.id), from.before).await?,
        path: format!("{}/audit", super::organization_path(organization.id)),
        organization,
    })
}
