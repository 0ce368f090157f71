//! `sign`: hmacs for ids from arguments, a file or standard input.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use identity_hmac::IdentityKey;

use crate::batch::BatchArgs;
use crate::exit;
use crate::format::{Format, PairWriter};
use crate::message;
use crate::output::Output;
use crate::pipeline::Fault;
use crate::secret::SecretArgs;

/// Sign visitor ids
///
/// Each id that is an argument gives one line: the hmac, or with --format the pair. Without arguments,
/// sign reads ids from standard input or --input, one a line, and writes a pair for each, in the same
/// order. It signs an id as it is: it drops only the line end. It reports an empty line with its
/// number, and goes on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  IDENTITY_SECRET=… identity-hmac sign visitor_1
  identity-hmac sign --secret-file secret.txt --input ids.txt --output signed.tsv
  psql -Atc 'select visitor_id from visitors' | identity-hmac sign --format json
  identity-hmac sign -- -an-id-that-begins-with-a-dash")]
pub(crate) struct SignArgs {
    /// Visitor ids [default: the lines of standard input]
    #[arg(value_name = "ID", conflicts_with_all = ["input", "threads"])]
    ids: Vec<OsString>,

    #[command(flatten)]
    secret: SecretArgs,

    #[command(flatten)]
    batch: BatchArgs,
}

/// What the lines hold.
const LINES: &str = "visitor ids";

pub(crate) fn run(args: &SignArgs) -> anyhow::Result<ExitCode> {
    if args.ids.is_empty() {
        args.batch.claim_stdin(LINES)?;
    }
    let key = args.secret.key()?;
    if args.ids.is_empty() {
        sign_lines(&key, &args.batch)
    } else {
        sign_arguments(&key, args)
    }
}

fn sign_arguments(key: &IdentityKey, args: &SignArgs) -> anyhow::Result<ExitCode> {
    let mut pairs = args.batch.format.map(writer);
    let mut lines = Vec::new();
    for id in &args.ids {
        let id = id.as_encoded_bytes();
        let mut hex = [0; 64];
        let hmac = key.sign(id)?.encode_hex(&mut hex);
        match &mut pairs {
            None => {
                lines.extend_from_slice(hmac.as_bytes());
                lines.push(b'\n');
            }
            Some(PairWriter::Tsv | PairWriter::Csv(_)) if id.contains(&b'\n') => {
                bail!("an id with a line end does not fit on a line; use --format json");
            }
            Some(pairs) => pairs.write(id, hmac, &mut lines),
        }
    }
    let mut output = Output::open(args.batch.output.as_deref())?;
    output
        .write_all(&lines)
        .context("cannot write the results")?;
    output.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn sign_lines(key: &IdentityKey, batch: &BatchArgs) -> anyhow::Result<ExitCode> {
    let summary = batch.run(LINES, || {
        let key = key.clone();
        let mut pairs = writer(batch.format.unwrap_or_default());
        move |id: &[u8], out: &mut Vec<u8>| {
            let hmac = key.sign(id).map_err(|_| Fault::Empty)?;
            pairs.write(id, hmac.encode_hex(&mut [0; 64]), out);
            Ok(())
        }
    })?;
    if summary.refused == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    message::error(format_args!(
        "{} lines refused, {} signed",
        summary.refused,
        summary.lines - summary.refused
    ));
    Ok(exit::REFUSED.into())
}

fn writer(format: Format) -> PairWriter {
    PairWriter::new(format, "hmac")
}
