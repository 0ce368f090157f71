//! `verify`: whether hmacs fit, for one pair from arguments or many from a file.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use clap::Args;
use identity_hmac::{Keyring, Matched, VerificationFailed};

use crate::batch::BatchArgs;
use crate::exit;
use crate::format::{PairReader, PairWriter};
use crate::message;
use crate::pipeline::Fault;
use crate::secret::{PreviousSecretArgs, SecretArgs};

/// Verify hmacs
///
/// For a pair that is given as arguments, the exit code is the answer; with --previous-secret-file, a
/// line says which secret matched. Without arguments, verify reads pairs from standard input or
/// --input, one a line, as sign writes them. It writes a line for each, in the same order: the id, and
/// `current`, `previous` or `failed`, which JSON calls "result". Lines that fail, or are not a pair,
/// are named on standard error with their number.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  IDENTITY_SECRET=… identity-hmac verify visitor_1 03d2bb3218280c28…
  identity-hmac verify --secret-file new.txt --previous-secret-file old.txt -- \"$id\" \"$hmac\"
  identity-hmac verify --secret-file secret.txt --input signed.tsv --quiet
  identity-hmac sign --format csv < ids.txt | identity-hmac verify --format csv")]
pub(crate) struct VerifyArgs {
    /// A visitor id [default: the pairs on standard input]
    #[arg(requires = "hmac", conflicts_with_all = ["input", "output", "format", "threads"])]
    id: Option<OsString>,

    /// The hmac that came with it
    hmac: Option<OsString>,

    #[command(flatten)]
    secret: SecretArgs,

    #[command(flatten)]
    previous: PreviousSecretArgs,

    #[command(flatten)]
    batch: BatchArgs,

    /// Write nothing to standard output
    #[arg(long, short, conflicts_with = "output")]
    quiet: bool,
}

/// What the lines hold.
const LINES: &str = "pairs of id and hmac";

pub(crate) fn run(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    if args.id.is_none() {
        args.batch.claim_stdin(LINES)?;
    }
    let mut keyring = Keyring::new(args.secret.key()?);
    let previous = args.previous.key()?;
    let rotating = previous.is_some();
    if let Some(previous) = previous {
        keyring = keyring.with_previous(previous);
    }
    if let (Some(id), Some(hmac)) = (&args.id, &args.hmac) {
        let matched = keyring.matched(id.as_encoded_bytes(), hmac.as_encoded_bytes());
        report_pair(matched, rotating && !args.quiet)
    } else {
        verify_lines(&keyring, rotating, args)
    }
}

fn report_pair(matched: Option<Matched>, say_which: bool) -> anyhow::Result<ExitCode> {
    let Some(matched) = matched else {
        message::error(VerificationFailed);
        return Ok(exit::REFUSED.into());
    };
    if say_which {
        writeln!(io::stdout(), "matched: {matched}").context("cannot write the result")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn verify_lines(keyring: &Keyring, rotating: bool, args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let by_previous = Arc::new(AtomicU64::new(0));
    let format = args.batch.format.unwrap_or_default();
    let quiet = args.quiet;
    let summary = args.batch.run(LINES, || {
        let keyring = keyring.clone();
        let by_previous = Arc::clone(&by_previous);
        let mut reader = PairReader::new(format);
        let mut results = PairWriter::new(format, "result");
        move |line: &[u8], out: &mut Vec<u8>| {
            let (id, hmac) = reader.read(line)?;
            let matched = keyring.matched(&id, &hmac);
            if matched == Some(Matched::Previous) {
                by_previous.fetch_add(1, Ordering::Relaxed);
            }
            if !quiet {
                results.write(&id, matched.map_or("failed", Matched::as_str), out);
            }
            matched.map(|_| ()).ok_or(Fault::VerificationFailed)
        }
    })?;

    let verified = summary.lines - summary.failed - summary.refused;
    let by_previous = by_previous.load(Ordering::Relaxed);
    let by_previous = if rotating {
        format!(" ({by_previous} of them by the previous secret)")
    } else {
        String::new()
    };
    message::note(format_args!(
        "{verified} verified{by_previous}, {} failed, {} refused",
        summary.failed, summary.refused
    ));
    Ok(if verified == summary.lines {
        ExitCode::SUCCESS
    } else {
        exit::REFUSED.into()
    })
}
