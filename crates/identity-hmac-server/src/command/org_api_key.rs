//! `org api-key`: the keys with which an organization's own backends call.

use std::io::{self, Write};

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::org::{OrganizationArg, missing};
use super::secret_output::SecretOutput;
use crate::api_key::{ApiKey, ApiKeyView, NewApiKey};
use crate::audit::Actor;
use crate::shown_once;
use crate::store::{NewKey, Store, now};

/// How many keys an organization has at most.
const MAX_KEYS: usize = 2;

/// Set up the keys with which an organization's own backends call
#[derive(Debug, Subcommand)]
pub(crate) enum ApiKeyCommand {
    Create(CreateArgs),
    /// List the API keys of an organization, the oldest first
    List {
        #[command(flatten)]
        organization: OrganizationArg,
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Delete an API key: from the next call on it is refused
    Delete {
        #[command(flatten)]
        organization: OrganizationArg,
        /// The key's id, as it is listed
        key: String,
    },
}

/// Make an API key for an organization, which is shown this once
///
/// An organization has two at most, so that one can be changed while the other is used. The new key is
/// written first and counts then.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    organization: OrganizationArg,
    #[command(flatten)]
    secret: SecretOutput,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(store: &Store, command: ApiKeyCommand) -> anyhow::Result<()> {
    match command {
        ApiKeyCommand::Create(args) => create(store, args).await,
        ApiKeyCommand::List { organization, json } => list(store, organization, json).await,
        ApiKeyCommand::Delete { organization, key } => {
            let deleted = store
                .delete_api_key(organization.id, &key, &Actor::command())
                .await?;
            if !deleted {
                let id = organization.id;
                bail!(
                    "organization {id} has no API key {key}: `org api-key list {id}` shows those that it has"
                );
            }
            Ok(())
        }
    }
}

async fn create(store: &Store, args: CreateArgs) -> anyhow::Result<()> {
    let CreateArgs {
        organization,
        secret,
        json,
    } = args;
    if keys(store, organization).await?.len() >= MAX_KEYS {
        return Err(both_there(organization));
    }
    let file = secret.prepare()?;
    let (api_key, key) = ApiKey::generate(organization.id)?;
    let view = ApiKeyView {
        id: key.id.clone(),
        created_at: now(),
        last_used_at: None,
    };
    if let Some(file) = file {
        file.write(&api_key)?;
        count(store, &key, organization).await?;
        return show(&view, json);
    }
    let new = NewApiKey { key: view, api_key };
    shown_once::print(&if json {
        serde_json::to_string_pretty(&new)?
    } else {
        format!(
            "{}\nAPI key     {}  (shown this once)",
            describe(&new.key),
            *new.api_key
        )
    })?;
    count(store, &key, organization).await
}

/// Lets a key count that was written.
async fn count(store: &Store, key: &ApiKey, organization: OrganizationArg) -> anyhow::Result<()> {
    let id = organization.id;
    let added = store.add_api_key(key, &Actor::command()).await;
    match added.with_context(|| {
        format!("the key may not count: `org api-key list {id}` says which keys there are")
    })? {
        NewKey::Stored(_) => Ok(()),
        NewKey::BothThere => Err(both_there(organization).context("the key does not count")),
        NewKey::NoOrganization => Err(missing(organization)),
    }
}

async fn list(store: &Store, organization: OrganizationArg, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for key in keys(store, organization).await? {
        if json {
            writeln!(out, "{}", serde_json::to_string(&key)?)?;
        } else {
            let [created, used] = times(&key);
            writeln!(out, "{}  created {created}  {used}", key.id)?;
        }
    }
    Ok(())
}

async fn keys(store: &Store, organization: OrganizationArg) -> anyhow::Result<Vec<ApiKeyView>> {
    if store.organization(organization.id).await?.is_none() {
        return Err(missing(organization));
    }
    let keys = store.api_keys(organization.id).await?;
    Ok(keys.into_iter().map(Into::into).collect())
}

fn show(key: &ApiKeyView, json: bool) -> anyhow::Result<()> {
    let shown = if json {
        serde_json::to_string_pretty(key)?
    } else {
        describe(key)
    };
    Ok(writeln!(io::stdout(), "{shown}")?)
}

fn describe(key: &ApiKeyView) -> String {
    let [created, _] = times(key);
    format!("id          {}\ncreated     {created}", key.id)
}

/// When a key was created and last used, for a person.
fn times(key: &ApiKeyView) -> [String; 2] {
    let created = key.created_at.truncate_to_second();
    let used = key.last_used_at.map(OffsetDateTime::truncate_to_second);
    [
        created.format(&Rfc3339).unwrap_or_default(),
        used.and_then(|at| at.format(&Rfc3339).ok())
            .map_or_else(|| "not used yet".to_owned(), |at| format!("last used {at}")),
    ]
}

fn both_there(organization: OrganizationArg) -> anyhow::Error {
    let id = organization.id;
    anyhow!(
        "organization {id} has two API keys: once no backend uses one of them, run `org api-key delete \
         {id} KEY` and try again; `org api-key list {id}` says when each was last used"
    )
}
