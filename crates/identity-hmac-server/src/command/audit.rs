//! `audit`: what was done by admins.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use uuid::Uuid;

use crate::audit::AuditEventView;
use crate::store::Store;

/// How many rows are read at a time.
const PART: u32 = 1000;

/// See what admins did
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    List(ListArgs),
}

/// List every change by an admin's call or a command, the newest first
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only changes of this organization, which may be deleted by now
    #[arg(long, value_name = "ID")]
    organization: Option<Uuid>,
    /// Only rows older than the row with this id
    #[arg(long, value_name = "ROW")]
    cursor: Option<Uuid>,
    /// At most so many; all of them when not given
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(store: &Store, command: AuditCommand) -> anyhow::Result<()> {
    let AuditCommand::List(args) = command;
    let mut before = args.cursor;
    let mut left = args.limit.unwrap_or(usize::MAX);
    let mut out = io::stdout().lock();
    while left > 0 {
        let part = store.audit_events(args.organization, before, PART).await?;
        let Some(last) = part.last() else { break };
        before = Some(last.id);
        for event in part.into_iter().take(left) {
            left -= 1;
            let event = AuditEventView::from(event);
            if args.json {
                writeln!(out, "{}", serde_json::to_string(&event)?)?;
            } else {
                writeln!(out, "{event}")?;
            }
        }
    }
    Ok(())
}
