//! `org stats`: how an organization's calls were verified.

use std::io::{self, Write};

use anyhow::Context;
use clap::Args;
use time::format_description::well_known::Rfc3339;

use super::org::{OrganizationArg, missing};
use crate::store::Store;
use crate::verification_stats::{MAX_DAYS, VerificationDayView, VerificationStatsView};

/// Show how the calls of an organization were verified, and how many `required` turns away
///
/// The counts are up to 10 seconds old.
#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    #[command(flatten)]
    organization: OrganizationArg,
    /// How many days, today included
    #[arg(
        long,
        value_name = "N",
        default_value_t = 7,
        value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_DAYS))
    )]
    days: u16,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(store: &Store, args: StatsArgs) -> anyhow::Result<()> {
    let StatsArgs {
        organization, days, ..
    } = args;
    let Some(stored) = store.organization(organization.id).await? else {
        return Err(missing(organization));
    };
    let stats = VerificationStatsView::read(store, organization.id, days).await?;
    let mut out = io::stdout().lock();
    if args.json {
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&stats)?)?);
    }
    if stats.days.is_empty() {
        return Ok(writeln!(out, "no identify() call in {days} days")?);
    }
    line(
        &mut out,
        ["day", "result", "proof", "calls", "last seen", "origin"],
    )?;
    for day in &stats.days {
        line(&mut out, columns(day)?.each_ref().map(String::as_str))?;
    }
    let (turned_away, looked_at) = stats.turned_away(stored.policy.accepted_proofs);
    if looked_at > 0 {
        let per_mille = turned_away.saturating_mul(1000) / looked_at;
        writeln!(
            out,
            "\"required\" turns away {turned_away} of {looked_at} calls ({}.{} %)",
            per_mille / 10,
            per_mille % 10
        )?;
    }
    let (ignored, signed) = stats.ignored();
    if ignored > 0 {
        writeln!(
            out,
            "verification was off for {ignored} calls, of which {signed} carried a proof: \
             \"observe\" looks at it"
        )?;
    }
    Ok(())
}

fn columns(day: &VerificationDayView) -> anyhow::Result<[String; 6]> {
    Ok([
        day.day.clone(),
        day.result.clone(),
        day.proof.clone(),
        day.count.to_string(),
        day.last_seen_at.format(&Rfc3339).context("a time")?,
        day.origin.clone().unwrap_or_else(|| "no page".to_owned()),
    ])
}

fn line(out: &mut impl Write, columns: [&str; 6]) -> io::Result<()> {
    let [day, result, proof, calls, last_seen, origin] = columns;
    writeln!(
        out,
        "{day:10}  {result:17}  {proof:5}  {calls:>8}  {last_seen:20}  {origin}"
    )
}
