//! `doctor`: why an hmac does not match, or a token is refused.

mod answer;
mod token;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use identity_hmac_doctor::{Case, diagnose};

use answer::{Format, Words};

use crate::secret::{PreviousSecretArgs, SecretArgs};

const HELP: &str = "\
Examples:
  identity-hmac doctor visitor_1 A9K7MhgoDCir5XosCDfDemwpq81GXCXc9hoh3gwuC64=
  identity-hmac doctor visitor_1 7f96…9441 --secret-file secret.txt --also jane@example.com
  identity-hmac doctor --format json -- \"$id\" \"$hmac\"
  identity-hmac doctor token -- \"$token\"

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
#[command(
    after_help = HELP,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    subcommand_negates_reqs = true
)]
pub(crate) struct DoctorArgs {
    #[command(subcommand)]
    command: Option<DoctorCommand>,
    /// The visitor id as the chat gave it
    #[arg(required = true)]
    id: Option<OsString>,
    /// The hmac that does not match, as it was sent
    #[arg(required = true)]
    hmac: Option<OsString>,
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

#[derive(Debug, Subcommand)]
enum DoctorCommand {
    Token(token::TokenArgs),
}

pub(crate) fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let DoctorArgs {
        command,
        id,
        hmac,
        also,
        secret,
        previous,
        format,
    } = args;
    if let Some(DoctorCommand::Token(args)) = command {
        return token::run(&args);
    }
    // Without a subcommand clap requires both.
    let (id, hmac) = (id.unwrap_or_default(), hmac.unwrap_or_default());
    let secret = secret.bytes()?;
    let previous_secret = previous.bytes()?;
    let case = Case {
        secret: &secret,
        previous_secret: previous_secret.as_ref().map(|secret| secret.as_slice()),
        visitor_id: id.as_encoded_bytes(),
        hmac: hmac.as_encoded_bytes(),
        also: also.iter().map(|value| value.as_encoded_bytes()).collect(),
    };
    answer::give(&diagnose(&case), format, &WORDS)
}

const WORDS: Words = Words {
    matches: "The hmac matches.",
    does_not_match: "The hmac does not match",
    what_now: WHAT_NOW,
};

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
