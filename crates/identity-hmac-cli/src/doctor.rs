//! `doctor`: why a signature does not match.

mod algorithm;
mod diagnosis;
mod notation;
mod rewrites;
mod secret;
mod visitor_id;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use identity_hmac::{IdentityKey, InputError};
use serde_json::json;

use crate::secret::{PreviousSecretArgs, SecretArgs};
pub use diagnosis::Case;
use diagnosis::{Cause, Diagnosis, diagnose};

/// Exit codes: the signature matches; it does not, and here is why; it does not, and nobody knows.
const MATCHES: u8 = 0;
const MISTAKEN: u8 = 1;
const UNEXPLAINED: u8 = 2;

const HELP: &str = "\
Examples:
  identity-hmac doctor visitor_1 A9K7MhgoDCir5XosCDfDemwpq81GXCXc9hoh3gwuC64=
  identity-hmac doctor visitor_1 7f96…9441 --secret-file secret.txt --also jane@example.com
  identity-hmac doctor visitor_1 7f96…9441 --format json

Exit codes:
  0  the signature matches
  1  it does not, and the cause was found
  2  it does not, and none of the usual mistakes explains it; also wrong usage, or no secret

Neither the secret nor the right signature is ever printed: sign gives that one.";

/// Find out why a signature does not match
///
/// Tries the mistakes that people make with secrets, visitor ids and signatures, alone and two
/// together, and says which of them fits and what to change. In its answers the signer is the backend
/// that made the signature. Unlike the other commands doctor takes a secret as it is, with white
/// space and quotes, since these may be the mistake.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct DoctorArgs {
    /// The visitor id as the chat gave it
    #[arg(allow_hyphen_values = true)]
    id: OsString,
    /// The signature that does not match, as it was sent
    #[arg(allow_hyphen_values = true)]
    hmac: OsString,
    /// Another value that may have been signed by mistake, such as an e-mail or an external id;
    /// can be given several times
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    also: Vec<OsString>,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    previous: PreviousSecretArgs,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How the answer is written.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON object: {"matches", "causes": [{"code", "message", "remedy"}], "hints"}
    Json,
}

pub(crate) fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let DoctorArgs {
        id,
        hmac,
        also,
        secret,
        previous,
        format,
    } = args;
    let secret = secret.bytes()?;
    let previous_secret = previous.bytes()?;
    let case = Case {
        secret: &secret,
        previous_secret: previous_secret.as_ref().map(|secret| secret.as_slice()),
        visitor_id: id.as_encoded_bytes(),
        hmac: hmac.as_encoded_bytes(),
        also: also.iter().map(|value| value.as_encoded_bytes()).collect(),
    };
    let code =
        answer(&case, format, &mut io::stdout().lock()).context("cannot write the answer")?;
    Ok(ExitCode::from(code))
}

/// Writes why the signature of `case` does not match, and returns the exit code.
///
/// # Errors
///
/// As writing to `out` gives them, except that a reader may go away.
pub fn answer(case: &Case, format: Format, out: &mut impl Write) -> io::Result<u8> {
    let diagnosis = diagnose(case);
    let hints = hints(case, &diagnosis);
    let written = match format {
        Format::Text => write_text(out, &diagnosis, &hints),
        Format::Json => write_json(out, &diagnosis, &hints),
    };
    match written {
        // The exit code is an answer too: a reader who has gone must not make it a 0.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    Ok(match diagnosis {
        Diagnosis::Matches => MATCHES,
        Diagnosis::Mistaken(_) => MISTAKEN,
        Diagnosis::Unexplained => UNEXPLAINED,
    })
}

/// What else is worth knowing, whether or not it is the cause.
fn hints(case: &Case, diagnosis: &Diagnosis) -> Vec<String> {
    let shape = match diagnosis {
        Diagnosis::Unexplained => notation::wrong_shape(case.hmac),
        Diagnosis::Matches | Diagnosis::Mistaken(_) => None,
    };
    let current = refusal("the secret", case.secret);
    let previous = case
        .previous_secret
        .and_then(|secret| refusal("the previous secret", secret));
    shape.into_iter().chain(current).chain(previous).collect()
}

/// What the other commands say to a secret that doctor takes as it is.
fn refusal(name: &str, secret: &[u8]) -> Option<String> {
    match IdentityKey::from_setting(name, Some(secret)) {
        // A secret file may hold any bytes.
        Ok(_) | Err(InputError::SecretNotUtf8 { .. }) => None,
        Err(refusal) => Some(format!(
            "`sign` and `verify` refuse this secret: {refusal}."
        )),
    }
}

fn write_json(out: &mut impl Write, diagnosis: &Diagnosis, hints: &[String]) -> io::Result<()> {
    let causes = match diagnosis {
        Diagnosis::Mistaken(causes) => causes.as_slice(),
        Diagnosis::Matches | Diagnosis::Unexplained => &[],
    };
    let matches = matches!(diagnosis, Diagnosis::Matches);
    writeln!(
        out,
        "{}",
        json!({"matches": matches, "causes": causes, "hints": hints})
    )
}

fn write_text(out: &mut impl Write, diagnosis: &Diagnosis, hints: &[String]) -> io::Result<()> {
    match diagnosis {
        Diagnosis::Matches => writeln!(out, "The signature matches.")?,
        Diagnosis::Mistaken(causes) => {
            let found = match causes.len() {
                1 => "Here is why:".to_owned(),
                several => format!("These {several} mistakes together explain it:"),
            };
            writeln!(out, "The signature does not match. {found}")?;
            for Cause {
                code,
                message,
                remedy,
            } in causes
            {
                writeln!(out, "\n  {message} [{code}]\n  What to do: {remedy}")?;
            }
        }
        Diagnosis::Unexplained => writeln!(
            out,
            "The signature does not match, and none of the usual mistakes explains it."
        )?,
    }
    for hint in hints {
        writeln!(out, "\nNote: {hint}")?;
    }
    if matches!(diagnosis, Diagnosis::Unexplained) {
        writeln!(out, "\n{WHAT_NOW}")?;
    }
    Ok(())
}

const WHAT_NOW: &str = "\
Tried, alone and two together:
  secret      line ends, white space, quotes, decoded or encoded (hex, base64, percent), letter
              case, cut short, its name in front, empty or a placeholder
  visitor id  line ends, white space, quotes, JSON, letter case, Unicode forms, percent-encoding,
              character sets, cut short, empty or a placeholder
  algorithm   arguments swapped, HMAC with SHA-1, SHA-384 or SHA-512, plain hashes
  hmac        base64, prefixes, separators, JSON, encoded twice, cut short, mistyped

Check next:
  1. Is it the same secret? It differs by organization, and by environment (staging, production).
     Let both sides sign the word `test` and compare.
  2. Is it the same visitor? Take the id and the hmac from one and the same page load.
  3. Was the secret rotated? Give the old one with --previous-secret-file.
  4. Was something else signed, such as an e-mail or an external id? Give it with --also.";
