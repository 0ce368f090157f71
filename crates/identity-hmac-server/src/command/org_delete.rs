//! `org delete`: the end of an organization.

use std::io::{self, Write};

use anyhow::{Context, bail};
use clap::Args;

use super::org::{OrganizationArg, missing};
use crate::audit::Actor;
use crate::removal::remove_deleted_organizations;
use crate::store::Store;

/// Delete an organization with its visitors and their records, for good
///
/// It counts as unknown at once. Its rows are removed in small steps, while others are served. If you
/// interrupt this, a running service removes the rest.
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    organization: OrganizationArg,
    /// Confirm: nothing brings the organization back
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(store: &Store, args: DeleteArgs) -> anyhow::Result<()> {
    let DeleteArgs { organization, yes } = args;
    let Some(found) = store.organization(organization.id).await? else {
        return Err(missing(organization));
    };
    if !yes {
        bail!(
            "this deletes {:?} ({}) with its visitors and their records, for good: repeat it with --yes",
            found.name,
            found.id
        );
    }
    let actor = Actor::command();
    if !store.delete_organization(found.id, &actor).await? {
        return Err(missing(organization));
    }
    let rows = remove_deleted_organizations(store, &actor).await.context(
        "the organization is deleted; a running service removes what is left of its rows",
    )?;
    Ok(writeln!(
        io::stdout(),
        "deleted {:?}: {rows} rows removed",
        found.name
    )?)
}
