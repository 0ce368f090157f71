//! `identity`: the records of visitors.

use std::io::{self, Write};

use anyhow::{anyhow, bail};
use clap::{ArgGroup, Args, Subcommand};
use uuid::Uuid;

use crate::audit::Actor;
use crate::identity::{IdentityView, PersonExport};
use crate::store::{IdentityFilter, Person, Store};

/// How many records are read at a time.
const PART: u32 = 1000;

/// Find, export and erase the records of visitors
#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    List(ListArgs),
    Export(ExportArgs),
    Delete(DeleteArgs),
}

/// List the records of an organization, one JSON object per line, in the order of their creation
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// The organization's id
    organization: Uuid,
    /// Only those with this external id
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// Only those with this e-mail address, in any case
    #[arg(long)]
    email: Option<String>,
    /// Only those after the record with this id
    #[arg(long, value_name = "IDENTITY")]
    cursor: Option<Uuid>,
    /// At most so many; all of them when not given
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Print all that is stored of a person, as a JSON object
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whose").required(true).args(["external_id", "email"]))]
pub(crate) struct ExportArgs {
    /// The organization's id
    organization: Uuid,
    #[command(flatten)]
    person: PersonArgs,
}

/// Erase a record, or every record of a person, and print how many there were
///
/// Their visitors go with the records: their tokens are refused from then on, and their browsers get new
/// visitors.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whose").required(true).args(["identity", "external_id", "email"]))]
pub(crate) struct DeleteArgs {
    /// The organization's id
    organization: Uuid,
    /// The record's id
    identity: Option<Uuid>,
    #[command(flatten)]
    person: PersonArgs,
}

/// Which person.
#[derive(Debug, Args)]
pub(crate) struct PersonArgs {
    /// The person's external id
    #[arg(long, value_name = "ID", value_parser = not_blank)]
    external_id: Option<String>,
    /// The person's e-mail address, in any case
    #[arg(long, value_parser = not_blank)]
    email: Option<String>,
}

impl PersonArgs {
    fn person(self) -> Option<Person> {
        let external_id = self.external_id.map(Person::ExternalId);
        external_id.or_else(|| self.email.map(Person::Email))
    }
}

fn not_blank(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        return Err("it is blank");
    }
    Ok(text.to_owned())
}

pub(crate) async fn run(store: &Store, command: IdentityCommand) -> anyhow::Result<()> {
    match command {
        IdentityCommand::List(args) => list(store, args).await,
        IdentityCommand::Export(args) => export(store, args).await,
        IdentityCommand::Delete(args) => delete(store, args).await,
    }
}

async fn export(store: &Store, args: ExportArgs) -> anyhow::Result<()> {
    let Some(person) = args.person.person() else {
        bail!("give --external-id or --email");
    };
    check_organization(store, args.organization).await?;
    let export = PersonExport::read(store, args.organization, &person).await?;
    Ok(writeln!(
        io::stdout(),
        "{}",
        serde_json::to_string_pretty(&export)?
    )?)
}

async fn delete(store: &Store, args: DeleteArgs) -> anyhow::Result<()> {
    let DeleteArgs {
        organization,
        identity,
        person,
    } = args;
    let actor = Actor::command();
    let erased = match (identity, person.person()) {
        (Some(identity), _) => {
            if !store.erase_identity(organization, identity, &actor).await? {
                bail!("organization {organization} has no identity {identity}");
            }
            1
        }
        (None, Some(person)) => {
            check_organization(store, organization).await?;
            store.erase_person(organization, &person, &actor).await?
        }
        (None, None) => bail!("give a record, --external-id or --email"),
    };
    Ok(writeln!(io::stdout(), "erased: {erased}")?)
}

async fn check_organization(store: &Store, id: Uuid) -> anyhow::Result<()> {
    let found = store.organization(id).await?;
    found
        .map(drop)
        .ok_or_else(|| anyhow!("there is no organization {id}: `org list` shows which there are"))
}

async fn list(store: &Store, args: ListArgs) -> anyhow::Result<()> {
    check_organization(store, args.organization).await?;
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
