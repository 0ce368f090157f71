//! The people of an organization: what is verified of each, apart from what a visitor says.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use identity_hmac::attributes::Metadata;
use serde::Deserialize;
use uuid::Uuid;

use super::failure::Failure;
use super::page::{self, Confirm, Page, cut};
use super::params::{Asked, Fields, Organization};
use super::session::LoggedIn;
use super::when::When;
use super::{organization_path, see_other};
use crate::http::{App, Problem};
use crate::identity::PersonExport;
use crate::organization::OrganizationView;
use crate::store::{Identity, IdentityFilter, Person, VouchedBy};

/// How many records a page lists.
const PER_PAGE: u32 = 20;
/// How much of the metadata is shown, in characters. The export has all of it.
const MAX_METADATA: usize = 500;

/// What somebody says of a person.
#[derive(Default)]
struct Said {
    external_id: Option<String>,
    name: Option<String>,
    email: Option<String>,
    /// As JSON.
    metadata: Option<String>,
}

impl Said {
    fn is_empty(&self) -> bool {
        let texts = [&self.external_id, &self.name, &self.email, &self.metadata];
        texts.into_iter().all(Option::is_none)
    }
}

fn json(metadata: Option<&Metadata>) -> Option<String> {
    let json = serde_json::to_string_pretty(metadata?).ok()?;
    Some(cut(json, MAX_METADATA))
}

struct Record {
    id: Uuid,
    visitor: Uuid,
    verified: Option<Said>,
    claimed: Said,
    vouched_by: &'static str,
    updated: When,
    /// Finds the person again: the external id or the e-mail address that counts.
    found_by: Option<String>,
}

impl From<Identity> for Record {
    fn from(identity: Identity) -> Self {
        let person = identity.pin.map(|pin| pin.person);
        let found_by = match &person {
            Some(person) => Some(person.external_id.clone()),
            None => identity.external_id.clone().or(identity.email.clone()),
        };
        Self {
            id: identity.id,
            visitor: identity.visitor_id,
            verified: person.map(|person| Said {
                metadata: json(person.metadata.as_ref()),
                external_id: Some(person.external_id),
                name: person.name,
                email: person.email,
            }),
            claimed: Said {
                metadata: json(identity.metadata.as_ref()),
                external_id: identity.external_id,
                name: identity.name,
                email: identity.email,
            },
            vouched_by: match identity.vouched_by {
                Some(VouchedBy::Hmac) => "with a valid hmac",
                Some(VouchedBy::Token) => "with a valid token",
                Some(VouchedBy::Backend) => "by a backend with an API key",
                None => "without a proof",
            },
            updated: identity.updated_at.into(),
            found_by,
        }
    }
}

/// Which person, in the query of a page or the fields of a form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Whose {
    external_id: Option<String>,
    email: Option<String>,
    /// One record alone.
    record: Option<Uuid>,
}

impl Whose {
    fn person(&self) -> Option<Person> {
        match (&self.external_id, &self.email) {
            (Some(id), None) => Some(Person::ExternalId(id.clone())),
            (None, Some(email)) => Some(Person::Email(email.clone())),
            _ => None,
        }
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let record = self.record.map(|record| record.to_string());
        [
            ("external_id", self.external_id.clone()),
            ("email", self.email.clone()),
            ("record", record),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

/// Which records.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Search {
    /// An external id or an e-mail address, whole.
    q: String,
    /// The last record of the page before.
    after: Option<Uuid>,
    /// How many records were erased, after that.
    erased: Option<u64>,
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    organization: OrganizationView,
    q: String,
    is_first: bool,
    records: Vec<Record>,
    /// The record after which the next page begins.
    next: Option<Uuid>,
    /// The person that was searched for, and found.
    found: Option<Whose>,
    erased: Option<u64>,
}

/// Lists the records, or those of the person that is searched for.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Organization(organization): Organization,
    Asked(search): Asked<Search>,
) -> Page {
    let id = organization.id;
    let q = search.q.trim().to_owned();
    let find = async |external_id: Option<String>, email: Option<String>| {
        let filter = IdentityFilter {
            external_id,
            email,
            after: search.after,
        };
        app.store.identities(id, &filter, PER_PAGE + 1).await
    };
    let mut found = None;
    let mut records = if q.is_empty() {
        find(None, None).await?
    } else {
        let by_id = find(Some(q.clone()), None).await?;
        let is_id = !by_id.is_empty();
        let records = if is_id {
            by_id
        } else {
            find(None, Some(q.clone())).await?
        };
        found = (!records.is_empty()).then(|| Whose {
            external_id: is_id.then(|| q.clone()),
            email: (!is_id).then(|| q.clone()),
            record: None,
        });
        records
    };
    let has_more = records.len() > PER_PAGE as usize;
    records.truncate(PER_PAGE as usize);
    page::render(&PeoplePage {
        organization,
        q,
        is_first: search.after.is_none(),
        next: records.last().filter(|_| has_more).map(|last| last.id),
        records: records.into_iter().map(Into::into).collect(),
        found,
        erased: search.erased,
    })
}

/// Hands out all that is stored of a person, as a file.
pub(super) async fn export(
    State(app): State<Arc<App>>,
    Organization(organization): Organization,
    Asked(whose): Asked<Whose>,
) -> Result<Response, Failure> {
    let person = whose.person().ok_or_else(Problem::identity_not_found)?;
    let export = PersonExport::read(&app.store, organization.id, &person).await?;
    let name = "attachment; filename=\"person.json\"";
    Ok(([(CONTENT_DISPOSITION, name)], Json(export)).into_response())
}

fn people_path(organization: Uuid) -> String {
    format!("{}/people", organization_path(organization))
}

/// Asks whether to erase a person, or one record.
pub(super) async fn confirm_erasure(
    State(app): State<Arc<App>>,
    Organization(organization): Organization,
    Asked(whose): Asked<Whose>,
) -> Page {
    let path = people_path(organization.id);
    let (question, what) = match (whose.person(), whose.record) {
        (Some(person), None) => {
            let records = app
                .store
                .person(organization.id, &person, PER_PAGE + 1)
                .await?;
            let count = match records.len() {
                0 => return Err(Problem::identity_not_found().into()),
                1 => "1 record".to_owned(),
                count if count > PER_PAGE as usize => format!("More than {PER_PAGE} records"),
                count => format!("{count} records"),
            };
            let who = match person {
                Person::ExternalId(id) => format!("the external id {id}"),
                Person::Email(email) => format!("the e-mail address {email}"),
            };
            (
                "Erase this person?",
                format!("{count} with {who} will be erased."),
            )
        }
        (None, Some(record)) => (
            "Erase this record?",
            format!("The record {record} will be erased, with its visitor."),
        ),
        _ => return Err(Problem::identity_not_found().into()),
    };
    page::render(&Confirm {
        organization: &organization.name,
        question,
        consequences: vec![
            what,
            "Their browsers become new visitors. This cannot be undone.".to_owned(),
        ],
        action: format!("{path}/erase"),
        fields: whose.fields(),
        button: "Erase",
        back: path,
    })
}

/// Erases a person, or one record.
pub(super) async fn erase(
    State(app): State<Arc<App>>,
    Extension(actor): LoggedIn,
    Organization(organization): Organization,
    Fields(whose): Fields<Whose>,
) -> Result<Response, Failure> {
    let id = organization.id;
    let erased = match (whose.person(), whose.record) {
        (Some(person), None) => app.store.erase_person(id, &person, &actor).await?,
        (None, Some(record)) => u64::from(app.store.erase_identity(id, record, &actor).await?),
        _ => return Err(Problem::identity_not_found().into()),
    };
    Ok(see_other(&format!("{}?erased={erased}", people_path(id))))
}
