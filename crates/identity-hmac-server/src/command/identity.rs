//! `identity`: the records of visitors.

use std::io::{self, Write};

use anyhow::bail;
use clap::{Args, Subcommand};
use uuid::Uuid;

use crate::audit::Actor;
use crate::identity::IdentityView;
use crate::store::{IdentityFilter, Store};

/// How many records are read at a time.
const PART: u32 = 1000;

/// Find and erase the records of visitors
#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    List(ListArgs),
    /// Erase a record; what its visitor tells after this makes a new one
    Delete {
        /// The organization's id
        organization: Uuid,
        /// The record's id
        identity: Uuid,
    },
}

/// List the records of an organization, one JSON object per line, in the order of their creation
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// The organization's id
    organization: Uuid,
    /// Only those with this external id
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// Only those with this e-mail address, as it was given
    #[arg(long)]
    email: Option<String>,
    /// Only those after the record with this id
    #[arg(long, value_name = "IDENTITY")]
    cursor: Option<Uuid>,
    /// At most so many; all of them when not given
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

pub(crate) async fn run(store: &Store, command: IdentityCommand) -> anyhow::Result<()> {
    match command {
        IdentityCommand::List(args) => list(store, args).await,
        IdentityCommand::Delete {
            organization,
            identity,
        } => {
            let erased = store
                .erase_identity(organization, identity, &Actor::command())
                .await?;
            if !erased {
                bail!("organization {organization} has no identity {identity}");
            }
            Ok(())
        }
    }
}

async fn list(store: &Store, args: ListArgs) -> anyhow::Result<()> {
    if store.organization(args.organization).await?.is_none() {
        bail!(
            "there is no organization {}: `org list` shows which there are",
            args.organization
        );
    }
    let mut filter = IdentityFilter {
        external_id: args.external_id,
        email: args.email,
        after: args.cursor,
    };
    let mut left = args.limit.unwrap_or(usize::MAX);
    let mut out = io::stdout().lock();
    while left > 0 {
        let part = store.identities(args.organization, &filter, PART).await?;
        let Some(last) = part.last() else { break };
        filter.after = Some(last.id);
        for identity in part.into_iter().take(left) {
            left -= 1;
            writeln!(
                out,
                "{}",
                serde_json::to_string(&IdentityView::from(identity))?
            )?;
        }
    }
    Ok(())
}
