//! `doctor`: why an hmac does not match.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use identity_hmac_doctor::{Case, Cause, Diagnosis, diagnose};

use crate::secret::{PreviousSecretArgs, SecretArgs};

const MATCHES: u8 = 0;
const MISTAKEN: u8 = 1;
/// Not 2 or 3: they mean the same here as in every other command, see `exit`.
const UNEXPLAINED: u8 = 4;

const HELP: &str = "\
Examples:
  identity-hmac doctor visitor_1 A9K7MhgoDCir5XosCDfDemwpq81GXCXc9hoh3gwuC64=
  identity-hmac doctor visitor_1 7f96…9441 --secret-file secret.txt --also jane@example.com
  identity-hmac doctor --format json -- \"$id\" \"$hmac\"

Put -- before an id or an hmac that begins with a hyphen, or that comes from elsewhere.

Exit codes:
  0  the hmac matches
  1  it does not, and the cause was found
  2  wrong usage, or no secret: nothing was examined
  3  the answer could not be written
  4  it does not match, and none of the usual mistakes explains it

Doctor never prints the secret or the right hmac. For the right one use sign.";

/// Find out why an hmac does not match
///
/// Tries the mistakes that people make with secrets, visitor ids and hmacs, alone and two together.
/// Says which of them fits, and what to change. In its answers, the signer is the backend that made
/// the hmac. Unlike the other commands, doctor takes a secret as it is, with white space and quotes,
/// since these may be the mistake.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct DoctorArgs {
    /// The visitor id as the chat gave it
    id: OsString,
    /// The hmac that does not match, as it was sent
    hmac: OsString,
    /// Another value that may have been signed by mistake, such as an e-mail or an external id.
    /// Repeat it for several values
    #[arg(long, value_name = "VALUE")]
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
enum Format {
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
    let code = answer(&diagnose(&case), format, &mut io::stdout().lock())
        .context("cannot write the answer")?;
    Ok(ExitCode::from(code))
}

/// Writes the answer, and returns the exit code.
///
/// # Errors
///
/// As writing to `out` gives them, except that a reader may go away.
fn answer(diagnosis: &Diagnosis, format: Format, out: &mut impl Write) -> io::Result<u8> {
    let written = match format {
        Format::Text => write_text(out, diagnosis),
        Format::Json => serde_json::to_writer(&mut *out, diagnosis)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out)),
    };
    match written {
        // The exit code is an answer too: a reader who has gone must not make it a 0.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    Ok(if diagnosis.matches {
        MATCHES
    } else if diagnosis.is_unexplained() {
        UNEXPLAINED
    } else {
        MISTAKEN
    })
}

fn write_text(out: &mut impl Write, diagnosis: &Diagnosis) -> io::Result<()> {
    let found = match diagnosis.causes.len() {
        _ if diagnosis.matches => "The hmac matches.",
        0 => "The hmac does not match, and none of the usual mistakes explains it.",
        1 => "The hmac does not match. Here is why:",
        several => {
            &format!("The hmac does not match. These {several} mistakes together explain it:")
        }
    };
    writeln!(out, "{found}")?;
    for Cause {
        code,
        message,
        remedy,
        ..
    } in &diagnosis.causes
    {
        writeln!(out, "\n  {message} [{code}]\n  What to do: {remedy}")?;
    }
    for hint in &diagnosis.hints {
        writeln!(out, "\nNote: {hint}")?;
    }
    if diagnosis.is_unexplained() {
        writeln!(out, "\n{WHAT_NOW}")?;
    }
    Ok(())
}

const WHAT_NOW: &str = "\
Tried, alone and two together:
  secret      line ends, white space, quotes, decoded or encoded (hex, base64, percent), letter
              case, cut short, its name in front, a comment behind, empty, a placeholder or a value
              for tests
  visitor id  line ends, white space, quotes, JSON, letter case, Unicode forms, percent-encoding,
              character sets, cut short, empty or a placeholder
  algorithm   arguments swapped, HMAC with SHA-1, SHA-384 or SHA-512, plain hashes
  hmac        base64, prefixes, separators, JSON, encoded twice, zeros lost, cut short, mistyped

Check next:
  1. Is it the same secret? It differs by organization, and by environment (staging, production).
     Let both sides sign the word `test` and compare.
  2. Is it the same visitor? Take the id and the hmac from the same page load.
  3. Was the secret rotated? Give the previous one with --previous-secret-file.
  4. Was something else signed, such as an e-mail or an external id? Give it with --also.";
