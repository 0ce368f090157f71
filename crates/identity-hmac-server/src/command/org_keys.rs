//! `org api-key` and `org token-key`: the keys of an organization.

use std::io::{self, Write};

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::org::{OrganizationArg, missing};
use super::secret_output::SecretOutput;
use crate::api_key::{ApiKeyView, NewApiKey};
use crate::audit::Actor;
use crate::config::StateArgs;
use crate::new_key::MadeKey;
use crate::shown_once;
use crate::store::{KeyKind, NewKey, Store, StoredKey, now};
use crate::token_key::{NewTokenKey, TokenKeyView};

/// How many keys of one kind an organization has at most.
const MAX_KEYS: usize = 2;

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    Create(CreateArgs),
    /// List the keys of an organization, the oldest first
    List {
        #[command(flatten)]
        organization: OrganizationArg,
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Delete a key: from the next call on it is refused
    Delete {
        #[command(flatten)]
        organization: OrganizationArg,
        /// The key's id, as it is listed
        key: String,
    },
}

/// Make a key for an organization, which is shown this once
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

/// The keys of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys<'a> {
    pub(crate) kind: KeyKind,
    pub(crate) state: &'a StateArgs,
    pub(crate) store: &'a Store,
}

/// A key as it is printed.
#[derive(Serialize)]
#[serde(untagged)]
enum View {
    Api(ApiKeyView),
    Token(TokenKeyView),
}

/// A new key as it is printed, this once.
#[derive(Serialize)]
#[serde(untagged)]
enum NewView {
    Api(NewApiKey),
    Token(NewTokenKey),
}

impl Keys<'_> {
    pub(crate) async fn run(self, command: KeyCommand) -> anyhow::Result<()> {
        match command {
            KeyCommand::Create(args) => self.create(args).await,
            KeyCommand::List { organization, json } => self.list(organization, json).await,
            KeyCommand::Delete { organization, key } => self.delete(organization, &key).await,
        }
    }

    async fn create(self, args: CreateArgs) -> anyhow::Result<()> {
        let CreateArgs {
            organization,
            secret,
            json,
        } = args;
        if self.listed(organization).await?.len() >= MAX_KEYS {
            return Err(self.both_there(organization));
        }
        let file = secret.prepare()?;
        let made = self.make(organization).await?;
        let key = StoredKey {
            id: made.id.clone(),
            created_at: now(),
            last_used_at: None,
        };
        if let Some(file) = file {
            file.write(&made.text)?;
            self.count(&made, organization).await?;
            return self.show(key, json);
        }
        shown_once::print(&if json {
            let text = made.text.clone();
            serde_json::to_string_pretty(&match self.kind {
                KeyKind::Api => NewView::Api(NewApiKey::new(key, text)),
                KeyKind::Token => NewView::Token(NewTokenKey::new(key, text)),
            })?
        } else {
            format!(
                "{}\n{:12}{}  (shown this once)",
                self.describe(&key),
                self.name(),
                *made.text
            )
        })?;
        self.count(&made, organization).await
    }

    async fn make(self, organization: OrganizationArg) -> anyhow::Result<MadeKey> {
        let id = organization.id;
        Ok(match self.kind {
            KeyKind::Api => MadeKey::api(id)?,
            KeyKind::Token => {
                let source = self.state.master_key_source(self.store)?;
                MadeKey::token(id, &source.master_keys(self.store).await?)?
            }
        })
    }

    /// Lets a key count that was written.
    async fn count(self, key: &MadeKey, organization: OrganizationArg) -> anyhow::Result<()> {
        let id = organization.id;
        let added = key.store(self.store, &Actor::command()).await;
        match added.with_context(|| {
            let command = self.command();
            format!("the key may not count: `{command} list {id}` says which keys there are")
        })? {
            NewKey::Stored(_) => Ok(()),
            NewKey::BothThere => Err(self
                .both_there(organization)
                .context("the key does not count")),
            NewKey::NoOrganization => Err(missing(organization)),
        }
    }

    async fn list(self, organization: OrganizationArg, json: bool) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        for key in self.listed(organization).await? {
            if json {
                writeln!(out, "{}", serde_json::to_string(&self.view(key))?)?;
            } else {
                let [created, used] = times(&key);
                writeln!(out, "{}  created {created}  {used}", key.id)?;
            }
        }
        Ok(())
    }

    async fn delete(self, organization: OrganizationArg, key: &str) -> anyhow::Result<()> {
        let id = organization.id;
        let deleted = self
            .store
            .delete_key(self.kind, id, key, &Actor::command())
            .await?;
        if !deleted {
            let (name, command) = (self.name(), self.command());
            bail!(
                "organization {id} has no {name} {key}: `{command} list {id}` shows those that it has"
            );
        }
        Ok(())
    }

    async fn listed(self, organization: OrganizationArg) -> anyhow::Result<Vec<StoredKey>> {
        if self.store.organization(organization.id).await?.is_none() {
            return Err(missing(organization));
        }
        Ok(self.store.keys(self.kind, organization.id).await?)
    }

    fn show(self, key: StoredKey, json: bool) -> anyhow::Result<()> {
        let shown = if json {
            serde_json::to_string_pretty(&self.view(key))?
        } else {
            self.describe(&key)
        };
        Ok(writeln!(io::stdout(), "{shown}")?)
    }

    fn describe(self, key: &StoredKey) -> String {
        let id = match self.kind {
            KeyKind::Api => "id",
            KeyKind::Token => "kid",
        };
        let [created, _] = times(key);
        format!("{id:12}{}\ncreated     {created}", key.id)
    }

    fn view(self, key: StoredKey) -> View {
        match self.kind {
            KeyKind::Api => View::Api(key.into()),
            KeyKind::Token => View::Token(key.into()),
        }
    }

    fn name(self) -> &'static str {
        match self.kind {
            KeyKind::Api => "API key",
            KeyKind::Token => "token key",
        }
    }

    fn command(self) -> &'static str {
        match self.kind {
            KeyKind::Api => "org api-key",
            KeyKind::Token => "org token-key",
        }
    }

    fn both_there(self, organization: OrganizationArg) -> anyhow::Error {
        let (id, name, command) = (organization.id, self.name(), self.command());
        anyhow!(
            "organization {id} has two {name}s: once no backend uses one of them, run `{command} delete \
             {id} KEY` and try again; `{command} list {id}` says when each was last used"
        )
    }
}

/// When a key was created and last used, for a person.
fn times(key: &StoredKey) -> [String; 2] {
    let created = key.created_at.truncate_to_second();
    let used = key.last_used_at.map(OffsetDateTime::truncate_to_second);
    [
        created.format(&Rfc3339).unwrap_or_default(),
        used.and_then(|at| at.format(&Rfc3339).ok())
            .map_or_else(|| "not used yet".to_owned(), |at| format!("last used {at}")),
    ]
}
