//! The secrets and keys of an organization: what its backends sign and call with.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use time::OffsetDateTime;
use uuid::Uuid;

use super::failure::Failure;
use super::page::{self, Confirm, Page, ShownOnce};
use super::params::{Asked, Fields, Organization, Within};
use super::session::LoggedIn;
use super::verification::{DAYS, origin_in_words};
use super::when::When;
use super::{organization_path, see_other};
use crate::http::{App, Problem};
use crate::new_key::MadeKey;
use crate::new_secret::{NewSecret, Rotation};
use crate::organization::OrganizationView;
use crate::store::{KeyKind, NewKey, Proof, StoreError, StoredKey};
use crate::verification_stats::VerificationStatsView;

/// How many keys of a kind an organization has at most.
const MAX_KEYS: usize = 2;

/// A kind of key, as a path names it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Token,
    Api,
}

impl From<Kind> for KeyKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Token => Self::Token,
            Kind::Api => Self::Api,
        }
    }
}

struct Key {
    id: String,
    created: When,
    last_used: Option<When>,
}

impl From<StoredKey> for Key {
    fn from(key: StoredKey) -> Self {
        Self {
            id: key.id,
            created: key.created_at.into(),
            last_used: key.last_used_at.map(Into::into),
        }
    }
}

/// A page whose calls still need what is to be retired.
struct OldUse {
    origin: String,
    last: When,
}

fn old_uses(
    stats: &VerificationStatsView,
    proof: Proof,
    since: Option<OffsetDateTime>,
) -> Vec<OldUse> {
    let uses = stats.verified_by_previous(proof, since).into_iter();
    uses.map(|(origin, last)| OldUse {
        origin: origin_in_words(origin),
        last: last.into(),
    })
    .collect()
}

/// Where the previous secret was used since it is the previous one.
async fn old_secret_uses(
    app: &App,
    organization: &OrganizationView,
    stats: &VerificationStatsView,
) -> Result<Vec<OldUse>, StoreError> {
    if !organization.has_previous_secret {
        return Ok(Vec::new());
    }
    let since = app.store.previous_secret_since(organization.id).await?;
    Ok(old_uses(stats, Proof::Hmac, since))
}

/// The keys of one kind.
struct Keys {
    title: &'static str,
    /// What a key is called.
    name: &'static str,
    /// The kind in a path.
    path: &'static str,
    purpose: &'static str,
    id: &'static str,
    list: Vec<Key>,
    /// Where the older of two keys was used since there is the newer one.
    old_uses: Vec<OldUse>,
}

impl Keys {
    fn is_full(&self) -> bool {
        self.list.len() >= MAX_KEYS
    }
}

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage {
    current_used: Option<When>,
    previous_used: Option<When>,
    old_uses: Vec<OldUse>,
    days: u16,
    kinds: [Keys; 2],
    done: Option<&'static str>,
    organization: OrganizationView,
}

/// What led to the page.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Done {
    Retired,
    Deleted,
}

/// The change that was made.
#[derive(Debug, Deserialize)]
pub(super) struct Arrival {
    done: Option<Done>,
}

/// Lists the secrets and keys, with their last use.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Organization(organization): Organization,
    Asked(arrival): Asked<Arrival>,
) -> Page {
    let keys = async |kind| app.store.keys(kind, organization.id).await;
    let in_words = |keys: Vec<StoredKey>| keys.into_iter().map(Into::into).collect();
    let token_keys = keys(KeyKind::Token).await?;
    let stats = VerificationStatsView::read(&app.store, organization.id, DAYS).await?;
    let kinds = [
        Keys {
            title: "Token keys",
            name: "token key",
            path: "token",
            purpose: "Backends sign identity tokens with one, as IDENTITY_TOKEN_KEY.",
            id: "kid",
            old_uses: match token_keys.as_slice() {
                [_, newer] => old_uses(&stats, Proof::Token, Some(newer.created_at)),
                _ => Vec::new(),
            },
            list: in_words(token_keys),
        },
        Keys {
            title: "API keys",
            name: "API key",
            path: "api",
            purpose: "Backends call /v1/server with one, to say who a visitor is or to read records.",
            id: "id",
            old_uses: Vec::new(),
            list: in_words(keys(KeyKind::Api).await?),
        },
    ];
    page::render(&KeysPage {
        current_used: organization.current_secret_last_used_at.map(Into::into),
        previous_used: organization.previous_secret_last_used_at.map(Into::into),
        old_uses: old_secret_uses(&app, &organization, &stats).await?,
        days: DAYS,
        kinds,
        done: arrival.done.map(|done| match done {
            Done::Retired => "The previous secret is retired: it no longer verifies.",
            Done::Deleted => "The key is deleted: it no longer counts.",
        }),
        organization,
    })
}

fn keys_path(organization: Uuid) -> String {
    format!("{}/keys", organization_path(organization))
}

/// A sentence about the last use of a secret or key.
fn last_use(used: Option<When>) -> String {
    match used {
        Some(used) => format!("It was last used {}.", used.words()),
        None => "It was never used.".to_owned(),
    }
}

/// Asks whether to make another secret.
pub(super) async fn confirm_rotation(Organization(organization): Organization) -> Page {
    let path = keys_path(organization.id);
    let is_lost = organization.has_previous_secret;
    let used = organization.current_secret_last_used_at.map(Into::into);
    let (question, consequences, fields) = if is_lost {
        let stays = match used {
            None => {
                "The current secret was never used. It is replaced, and the previous one stays."
            }
            Some(_) => {
                "The current secret stays as the previous one. The previous one that there is now \
                 no longer verifies."
            }
        };
        let consequences = vec![stays.to_owned()];
        (
            "Replace the secret that was lost?",
            consequences,
            vec![("force", "on".to_owned())],
        )
    } else {
        let consequences = vec![
            "The new secret is shown once, on the next page.".to_owned(),
            "The secret that is current now still verifies, until you retire it.".to_owned(),
            last_use(used),
        ];
        ("Make a new secret?", consequences, Vec::new())
    };
    page::render(&Confirm {
        organization: &organization.name,
        question,
        consequences,
        action: format!("{path}/rotate"),
        fields,
        button: "Make a new secret",
        back: path,
    })
}

/// Whether to rotate in any case.
#[derive(Debug, Deserialize)]
pub(super) struct Force {
    force: Option<String>,
}

/// Makes another secret, and shows it.
pub(super) async fn rotate(
    State(app): State<Arc<App>>,
    Extension(actor): LoggedIn,
    Organization(organization): Organization,
    Fields(Force { force }): Fields<Force>,
) -> Result<Response, Failure> {
    let (id, force) = (organization.id, force.is_some());
    let master_keys = app.master_keys()?;
    match NewSecret::rotate(&app.store, master_keys, id, force, &actor).await? {
        Rotation::Prepared(new) => {
            let page = page::render(&ShownOnce {
                title: "The new secret",
                label: "Secret",
                secret: &new.shown().secret,
                purpose: "Give it to each of the organization's backends, as IDENTITY_SECRET. Retire the \
                          previous secret once no backend uses it.",
                next: keys_path(id),
            })?;
            Ok(page.into_response())
        }
        // Somebody else was faster: the page shows what there is now.
        Rotation::PreviousVerifies => Ok(see_other(&keys_path(id))),
        Rotation::NoOrganization => Err(Problem::organization_not_found().into()),
    }
}

/// Asks whether to retire the previous secret.
pub(super) async fn confirm_retirement(
    State(app): State<Arc<App>>,
    Organization(organization): Organization,
) -> Page {
    let path = keys_path(organization.id);
    let stats = VerificationStatsView::read(&app.store, organization.id, DAYS).await?;
    let uses = old_secret_uses(&app, &organization, &stats).await?;
    let uses = uses
        .iter()
        .map(|used| format!("From {}: {}.", used.origin, used.last.words()));
    page::render(&Confirm {
        organization: &organization.name,
        question: "Retire the previous secret?",
        consequences: [last_use(
            organization.previous_secret_last_used_at.map(Into::into),
        )]
        .into_iter()
        .chain(uses)
        .chain([
            "From then on a call that is signed with it is not verified. This cannot be undone."
                .to_owned(),
        ])
        .collect(),
        action: format!("{path}/retire"),
        fields: Vec::new(),
        button: "Retire it",
        back: path,
    })
}

/// Retires the previous secret.
pub(super) async fn retire(
    State(app): State<Arc<App>>,
    Extension(actor): LoggedIn,
    Organization(organization): Organization,
) -> Result<Response, Failure> {
    if !app
        .store
        .retire_previous_secret(organization.id, &actor)
        .await?
    {
        return Err(Problem::organization_not_found().into());
    }
    Ok(see_other(&format!(
        "{}?done=retired",
        keys_path(organization.id)
    )))
}

/// Makes a key, and shows it.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Extension(actor): LoggedIn,
    Organization(organization): Organization,
    Within((_, kind)): Within<(Uuid, Kind)>,
) -> Result<Response, Failure> {
    let id = organization.id;
    let made = match kind {
        Kind::Token => MadeKey::token(id, app.master_keys()?)?,
        Kind::Api => MadeKey::api(id).map_err(|error| Problem::internal(&error.to_string()))?,
    };
    match made.store(&app.store, &actor).await? {
        NewKey::Stored(_) => {
            let (title, label, purpose) = match kind {
                Kind::Token => (
                    "The new token key",
                    "Token key",
                    "Give it to the organization's backends, as IDENTITY_TOKEN_KEY.",
                ),
                Kind::Api => (
                    "The new API key",
                    "API key",
                    "Give it to the organization's backends. They send it as Authorization: Bearer.",
                ),
            };
            let page = page::render(&ShownOnce {
                title,
                label,
                secret: &made.text,
                purpose,
                next: keys_path(id),
            })?;
            Ok(page.into_response())
        }
        // Somebody else was faster: the page shows what there is now.
        NewKey::BothThere => Ok(see_other(&keys_path(id))),
        NewKey::NoOrganization => Err(Problem::organization_not_found().into()),
    }
}

/// Asks whether to delete a key.
pub(super) async fn confirm_deletion(
    State(app): State<Arc<App>>,
    Organization(organization): Organization,
    Within((_, kind, key)): Within<(Uuid, Kind, String)>,
) -> Page {
    let keys = app.store.keys(kind.into(), organization.id).await?;
    let path = keys_path(organization.id);
    let Some(stored) = keys.into_iter().find(|stored| stored.id == key) else {
        return Err(gone(kind).into());
    };
    let (question, action) = match kind {
        Kind::Token => (
            "Delete this token key?",
            format!("{path}/token/{key}/delete"),
        ),
        Kind::Api => ("Delete this API key?", format!("{path}/api/{key}/delete")),
    };
    page::render(&Confirm {
        organization: &organization.name,
        question,
        consequences: vec![
            format!("It is the key {key}."),
            last_use(stored.last_used_at.map(Into::into)),
            "From then on it does not count. This cannot be undone.".to_owned(),
        ],
        action,
        fields: Vec::new(),
        button: "Delete it",
        back: path,
    })
}

/// Deletes a key.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Extension(actor): LoggedIn,
    Organization(organization): Organization,
    Within((_, kind, key)): Within<(Uuid, Kind, String)>,
) -> Result<Response, Failure> {
    let id = organization.id;
    if app.store.delete_key(kind.into(), id, &key, &actor).await? {
        Ok(see_other(&format!("{}?done=deleted", keys_path(id))))
    } else {
        Err(gone(kind).into())
    }
}

fn gone(kind: Kind) -> Problem {
    match kind {
        Kind::Token => Problem::token_key_not_found(),
        Kind::Api => Problem::api_key_not_found(),
    }
}
