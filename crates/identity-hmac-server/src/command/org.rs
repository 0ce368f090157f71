//! `org`: organizations.

use std::io::{self, Write};

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use identity_hmac::VerificationMode;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::org_delete::{self, DeleteArgs};
use super::org_keys::{KeyCommand, Keys};
use super::org_policy::{self, PolicyArgs, PolicyChanges};
use super::org_stats::{self, StatsArgs};
use super::secret_output::SecretOutput;
use crate::audit::Actor;
use crate::config::StateArgs;
use crate::new_secret::{NewSecret, OrganizationWithSecret, Rotation};
use crate::organization::{self, OrganizationView};
use crate::private_file::PrivateFile;
use crate::shown_once;
use crate::store::{KeyKind, OrganizationPatch, Policy, PolicyPatch, Store};

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
    /// Set whether an hmac is ignored, checked, or required
    Verification {
        #[command(flatten)]
        organization: OrganizationArg,
        /// off, observe or required
        mode: VerificationMode,
    },
    /// Give an organization another name
    Rename {
        #[command(flatten)]
        organization: OrganizationArg,
        /// What people call it
        #[arg(value_parser = name)]
        name: String,
    },
    /// Set the origins whose pages may call
    Origins {
        #[command(flatten)]
        organization: OrganizationArg,
        /// An origin, as in <https://shop.example>
        #[arg(value_name = "ORIGIN", value_parser = origin, required_unless_present = "any")]
        origins: Vec<String>,
        /// Let pages of any origin call
        #[arg(long, conflicts_with = "origins")]
        any: bool,
    },
    /// Serve no call of an organization's visitors, until `resume`
    Suspend {
        #[command(flatten)]
        organization: OrganizationArg,
    },
    /// Serve the calls of a suspended organization's visitors again
    Resume {
        #[command(flatten)]
        organization: OrganizationArg,
    },
    /// Refuse the tokens of all visitors that there are: every browser gets a new visitor; records stay
    RevokeVisitorTokens {
        #[command(flatten)]
        organization: OrganizationArg,
    },
    Delete(DeleteArgs),
    Policy(PolicyArgs),
    /// Set up the keys with which an organization's own backends call
    #[command(subcommand)]
    ApiKey(KeyCommand),
    /// Set up the keys with which an organization's backends sign identity tokens
    #[command(subcommand)]
    TokenKey(KeyCommand),
    Stats(StatsArgs),
    RotateSecret(RotateArgs),
    /// Stop the secret before the last rotation from verifying
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
    /// Whether an hmac is ignored, checked, or required: off, observe or required
    #[arg(long, value_name = "MODE", default_value = "off")]
    verification: VerificationMode,
    /// An origin whose pages may call, as in <https://shop.example>; none for any
    #[arg(long = "allowed-origin", value_name = "ORIGIN", value_parser = origin)]
    allowed_origins: Vec<String>,
    #[command(flatten)]
    policy: PolicyChanges,
    #[command(flatten)]
    secret: SecretOutput,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// Give an organization a new secret, which is shown this once
///
/// The secret before it still verifies until `retire-previous-secret`. Until then a further rotation is
/// refused. The new secret counts once it is written.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    #[command(flatten)]
    organization: OrganizationArg,
    /// Rotate even if there is a previous secret. If the current one never verified a call, it is lost
    /// and the previous one stays; otherwise the current one becomes the previous one
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    secret: SecretOutput,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(
    state: &StateArgs,
    store: &Store,
    command: OrgCommand,
) -> anyhow::Result<()> {
    let keys = |kind| Keys { kind, state, store };
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
            update(store, organization, patch).await
        }
        OrgCommand::Rename { organization, name } => {
            let patch = OrganizationPatch {
                name: Some(name),
                ..OrganizationPatch::default()
            };
            update(store, organization, patch).await
        }
        OrgCommand::Origins {
            organization,
            origins,
            any: _,
        } => {
            let patch = OrganizationPatch {
                allowed_origins: Some(origins),
                ..OrganizationPatch::default()
            };
            update(store, organization, patch).await
        }
        OrgCommand::Suspend { organization } => suspend(store, organization, true).await,
        OrgCommand::Resume { organization } => suspend(store, organization, false).await,
        OrgCommand::RevokeVisitorTokens { organization } => {
            let revoked = store
                .revoke_visitor_tokens(organization.id, &Actor::command())
                .await?;
            show(&revoked.ok_or_else(|| missing(organization))?.into(), false)
        }
        OrgCommand::Delete(args) => org_delete::run(store, args).await,
        OrgCommand::Policy(args) => org_policy::run(store, args).await,
        OrgCommand::ApiKey(command) => keys(KeyKind::Api).run(command).await,
        OrgCommand::TokenKey(command) => keys(KeyKind::Token).run(command).await,
        OrgCommand::Stats(args) => org_stats::run(store, args).await,
        OrgCommand::RotateSecret(args) => rotate(state, store, args).await,
        OrgCommand::RetirePreviousSecret { organization } => {
            let found = store
                .retire_previous_secret(organization.id, &Actor::command())
                .await?;
            found.then_some(()).ok_or_else(|| missing(organization))
        }
    }
}

async fn update(
    store: &Store,
    organization: OrganizationArg,
    patch: OrganizationPatch,
) -> anyhow::Result<()> {
    let updated = store
        .update_organization(organization.id, &patch, &Actor::command())
        .await?;
    show(&updated.ok_or_else(|| missing(organization))?.into(), false)
}

async fn suspend(
    store: &Store,
    organization: OrganizationArg,
    suspended: bool,
) -> anyhow::Result<()> {
    let patch = OrganizationPatch {
        suspended: Some(suspended),
        ..OrganizationPatch::default()
    };
    update(store, organization, patch).await
}

async fn create(state: &StateArgs, store: &Store, args: CreateArgs) -> anyhow::Result<()> {
    let master_keys = state.master_key_source(store)?.master_keys(store).await?;
    let file = args.secret.prepare()?;
    let new = NewSecret::of_new_organization(
        &master_keys,
        args.name,
        args.verification,
        PolicyPatch::from(args.policy).apply(Policy::default()),
        args.allowed_origins,
    )?;
    hand_over(store, &new, file, args.json).await
}

async fn rotate(state: &StateArgs, store: &Store, args: RotateArgs) -> anyhow::Result<()> {
    let id = args.organization.id;
    let master_keys = state.master_key_source(store)?.master_keys(store).await?;
    let file = args.secret.prepare()?;
    let new = match NewSecret::rotation(store, &master_keys, id, args.force).await? {
        Rotation::Prepared(new) => new,
        Rotation::NoOrganization => return Err(missing(args.organization)),
        Rotation::PreviousVerifies => bail!(
            "the secret of the last rotation still verifies: once the customer's backends sign with the \
             current one, run `org retire-previous-secret {id}` and rotate again; if the current one was \
             lost, rotate with --force"
        ),
    };
    hand_over(store, &new, file, args.json).await
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
                let suspended = if view.suspended { "  (suspended)" } else { "" };
                writeln!(
                    out,
                    "{}  {:8}  {}{suspended}",
                    view.id, view.verification, view.name
                )?;
            }
        }
    }
}

/// Shows a new secret or writes it to its file, and then lets it count.
async fn hand_over(
    store: &Store,
    new: &NewSecret,
    file: Option<PrivateFile>,
    json: bool,
) -> anyhow::Result<()> {
    let OrganizationWithSecret {
        organization,
        secret,
    } = new.shown();
    let id = organization.id;
    if let Some(file) = file {
        file.write(&secret)?;
        count(store, new, id).await?;
        return show(&organization, json);
    }
    shown_once::print(&if json {
        serde_json::to_string_pretty(&new.shown())?
    } else {
        let described = describe(&organization);
        format!(
            "{described}\nsecret            {}  (shown this once)",
            *secret
        )
    })?;
    count(store, new, id).await
}

/// Lets a secret count that was written.
async fn count(store: &Store, new: &NewSecret, id: Uuid) -> anyhow::Result<()> {
    let stored = new.store(store, &Actor::command()).await.with_context(|| {
        format!("the secret may not count: `org show {id}` says what the organization has")
    })?;
    if !stored {
        bail!(
            "the secret does not count: the organization's secrets were changed meanwhile; try again"
        );
    }
    Ok(())
}

fn show(organization: &OrganizationView, json: bool) -> anyhow::Result<()> {
    let shown = if json {
        serde_json::to_string_pretty(organization)?
    } else {
        describe(organization)
    };
    Ok(writeln!(io::stdout(), "{shown}")?)
}

fn describe(organization: &OrganizationView) -> String {
    let origins = match organization.allowed_origins.as_slice() {
        [] => "any".to_owned(),
        origins => origins.join(" "),
    };
    let suspended = if organization.suspended { "yes" } else { "no" };
    let last_used = |at: Option<OffsetDateTime>| {
        let at = at.and_then(|at| at.format(&Rfc3339).ok());
        at.map_or_else(|| "not used yet".to_owned(), |at| format!("last used {at}"))
    };
    let current = last_used(organization.current_secret_last_used_at);
    let previous = if organization.has_previous_secret {
        let last_used = last_used(organization.previous_secret_last_used_at);
        format!("still verifies, {last_used}")
    } else {
        "none".to_owned()
    };
    let after = organization.visitor_tokens_valid_after;
    let after = after.and_then(|after| after.format(&Rfc3339).ok());
    let tokens = after.map_or_else(
        || "none revoked".to_owned(),
        |after| format!("revoked if made before {after}"),
    );
    [
        format!("id                {}", organization.id),
        format!("name              {}", organization.name),
        format!("organization key  {}", organization.organization_key),
        format!("verification      {}", organization.verification),
        org_policy::describe(&organization.policy),
        format!("suspended         {suspended}"),
        format!("allowed origins   {origins}"),
        format!("current secret    {current}"),
        format!("previous secret   {previous}"),
        format!("visitor tokens    {tokens}"),
    ]
    .join("\n")
}

pub(crate) fn missing(organization: OrganizationArg) -> anyhow::Error {
    anyhow!(
        "there is no organization {}: `org list` shows which there are",
        organization.id
    )
}

fn name(text: &str) -> Result<String, organization::Refused> {
    organization::check_name(text).map(|()| text.to_owned())
}

fn origin(text: &str) -> Result<String, organization::Refused> {
    organization::check_origin(text).map(|()| text.to_owned())
}
