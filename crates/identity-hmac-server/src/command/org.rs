//! `org`: organizations.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, Subcommand};
use identity_hmac::VerificationMode;
use serde::Serialize;
use uuid::Uuid;

use super::org_stats::{self, StatsArgs};
use crate::config::StateArgs;
use crate::organization::{self, OrganizationView, OrganizationWithSecret};
use crate::private_file::PrivateFile;
use crate::store::{OrganizationPatch, Store};

/// How many organizations are read at a time.
const PART: u32 = 1000;

/// Set up organizations
#[derive(Debug, Subcommand)]
pub(crate) enum OrgCommand {
    Create(CreateArgs),
    /// List the organizations in the order of their creation
    List {
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Show an organization
    Show {
        #[command(flatten)]
        organization: OrganizationArg,
        /// Print a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Set whether an hmac is ignored, looked at, or required
    Verification {
        #[command(flatten)]
        organization: OrganizationArg,
        /// off, observe or required
        mode: VerificationMode,
    },
    Stats(StatsArgs),
    RotateSecret(RotateArgs),
    /// Let the secret before the last rotation no longer verify
    RetirePreviousSecret {
        #[command(flatten)]
        organization: OrganizationArg,
    },
}

/// Which organization.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct OrganizationArg {
    /// The organization's id
    #[arg(value_name = "ID")]
    pub(crate) id: Uuid,
}

/// Create an organization with a new secret, which is shown this once
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// What people call it
    #[arg(value_parser = name)]
    name: String,
    /// Whether an hmac is ignored, looked at, or required: off, observe or required
    #[arg(long, value_name = "MODE", default_value = "off")]
    verification: VerificationMode,
    /// An origin whose pages may call, as in <https://shop.example>; none for any
    #[arg(long = "allowed-origin", value_name = "ORIGIN", value_parser = origin)]
    allowed_origins: Vec<String>,
    #[command(flatten)]
    secret: SecretOutput,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// Give an organization a new secret, which is shown this once
///
/// The one that was current still verifies, until `retire-previous-secret`; the one before that no
/// longer does.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    #[command(flatten)]
    organization: OrganizationArg,
    #[command(flatten)]
    secret: SecretOutput,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// Where a new secret goes.
#[derive(Debug, Args)]
pub(crate) struct SecretOutput {
    /// Write the secret to a new file with mode 0600, without a line end, and do not show it
    #[arg(long, value_name = "FILE", value_parser = new_file())]
    secret_file: Option<PathBuf>,
}

impl SecretOutput {
    fn prepare(&self) -> anyhow::Result<Option<PrivateFile>> {
        let Some(path) = &self.secret_file else {
            return Ok(None);
        };
        let file = PrivateFile::prepare(path)
            .with_context(|| format!("--secret-file {}", path.display()))?;
        Ok(Some(file))
    }
}

pub(crate) async fn run(
    state: &StateArgs,
    store: &Store,
    command: OrgCommand,
) -> anyhow::Result<()> {
    match command {
        OrgCommand::Create(args) => create(state, store, args).await,
        OrgCommand::List { json } => list(store, json).await,
        OrgCommand::Show { organization, json } => {
            let found = store.organization(organization.id).await?;
            show(&found.ok_or_else(|| missing(organization))?.into(), json)
        }
        OrgCommand::Verification { organization, mode } => {
            let patch = OrganizationPatch {
                verification: Some(mode),
                ..OrganizationPatch::default()
            };
            let updated = store.update_organization(organization.id, &patch).await?;
            show(&updated.ok_or_else(|| missing(organization))?.into(), false)
        }
        OrgCommand::Stats(args) => org_stats::run(store, args).await,
        OrgCommand::RotateSecret(args) => rotate(state, store, args).await,
        OrgCommand::RetirePreviousSecret { organization } => {
            let found = store.retire_previous_secret(organization.id).await?;
            found.then_some(()).ok_or_else(|| missing(organization))
        }
    }
}

async fn create(state: &StateArgs, store: &Store, args: CreateArgs) -> anyhow::Result<()> {
    let master_key = state.master_key_source()?.master_key(store).await?;
    let file = args.secret.prepare()?;
    let created = organization::create(
        store,
        &master_key,
        args.name,
        args.verification,
        args.allowed_origins,
    )
    .await?;
    hand_over(&created, file, args.json)
}

async fn rotate(state: &StateArgs, store: &Store, args: RotateArgs) -> anyhow::Result<()> {
    let master_key = state.master_key_source()?.master_key(store).await?;
    let file = args.secret.prepare()?;
    let rotated = organization::rotate_secret(store, &master_key, args.organization.id)
        .await?
        .ok_or_else(|| missing(args.organization))?;
    hand_over(&rotated, file, args.json)
}

async fn list(store: &Store, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let mut after = None;
    loop {
        let organizations = store.organizations(after, PART).await?;
        let Some(last) = organizations.last() else {
            return Ok(());
        };
        after = Some(last.id);
        for organization in organizations {
            let view = OrganizationView::from(organization);
            if json {
                writeln!(out, "{}", serde_json::to_string(&view)?)?;
            } else {
                writeln!(out, "{}  {:8}  {}", view.id, view.verification, view.name)?;
            }
        }
    }
}

/// Shows a new secret, or writes it where it is to go.
fn hand_over(
    made: &OrganizationWithSecret,
    file: Option<PrivateFile>,
    json: bool,
) -> anyhow::Result<()> {
    if let Some(file) = file {
        file.write(&made.secret).context(
            "the secret was set but could not be written: `org rotate-secret` makes another",
        )?;
        return show(&made.organization, json);
    }
    if json {
        return print_json(made);
    }
    show(&made.organization, json)?;
    Ok(writeln!(
        io::stdout(),
        "secret            {}  (shown this once)",
        *made.secret
    )?)
}

fn show(organization: &OrganizationView, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(organization);
    }
    let origins = match organization.allowed_origins.as_slice() {
        [] => "any".to_owned(),
        origins => origins.join(" "),
    };
    let previous = if organization.has_previous_secret {
        "still verifies"
    } else {
        "none"
    };
    let mut out = io::stdout().lock();
    writeln!(out, "id                {}", organization.id)?;
    writeln!(out, "name              {}", organization.name)?;
    writeln!(out, "organization key  {}", organization.organization_key)?;
    writeln!(out, "verification      {}", organization.verification)?;
    writeln!(out, "allowed origins   {origins}")?;
    writeln!(out, "previous secret   {previous}")?;
    Ok(())
}

fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    Ok(writeln!(
        io::stdout(),
        "{}",
        serde_json::to_string_pretty(value)?
    )?)
}

pub(crate) fn missing(organization: OrganizationArg) -> anyhow::Error {
    anyhow!(
        "there is no organization {}: `org list` shows which there are",
        organization.id
    )
}

/// A file that is made. Standard output is none: without a file the secret is shown there.
fn new_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match path.to_str() {
        Some("-") => Err("name a file, or leave the option out to see the secret"),
        _ => Ok(path),
    })
}

fn name(text: &str) -> Result<String, organization::Refused> {
    organization::check_name(text).map(|()| text.to_owned())
}

fn origin(text: &str) -> Result<String, organization::Refused> {
    organization::check_origin(text).map(|()| text.to_owned())
}
