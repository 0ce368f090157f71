//! `doctor token`: why an identity token is refused.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args;
use identity_hmac_doctor::{TokenCase, diagnose_token};

use super::answer::{self, Format, Words};
use crate::secret::SecretArgs;
use crate::token::TimeArgs;
use crate::token_key::TokenKeyArgs;

const HELP: &str = "\
Examples:
  identity-hmac doctor token --visitor-id \"$visitor_id\" -- \"$token\"
  identity-hmac doctor token --key-file key.txt --at 1764000000 --format json -- \"$token\"

Exit codes:
  0  the token is accepted
  1  it is not, and the cause was found
  2  wrong usage, or no key: nothing was examined
  3  the answer could not be written
  4  it is not accepted, and none of the usual mistakes explains it

Doctor never prints a key, a signature or the value of a claim.";

/// Find out why an identity token is refused
///
/// Tries the mistakes that people make with token keys, JWT libraries and claims. In its answers,
/// "the secret" is the identity token key, and the signer is the backend that made the token. Doctor
/// takes the key as it is, with white space and quotes, since these may be the mistake.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct TokenArgs {
    /// The token that is refused, as it was sent
    token: OsString,
    /// The visitor id as the chat gave it [default: that of the token]
    #[arg(long, value_name = "ID")]
    visitor_id: Option<OsString>,
    /// The organization key (pk_…) [default: that of the token]
    #[arg(long, value_name = "PK")]
    audience: Option<String>,
    #[command(flatten)]
    key: TokenKeyArgs,
    // The token may have been signed with it.
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    time: TimeArgs,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(args: &TokenArgs) -> anyhow::Result<ExitCode> {
    let key = args.key.bytes()?;
    let secret = args.secret.bytes_if_given()?;
    let diagnosis = diagnose_token(&TokenCase {
        token: args.token.as_encoded_bytes(),
        key: &key,
        secret: secret.as_ref().map(|secret| secret.as_slice()),
        visitor_id: args.visitor_id.as_ref().map(|id| id.as_encoded_bytes()),
        audience: args.audience.as_deref(),
        now: args.time.now(),
    });
    answer::give(&diagnosis, args.format, &WORDS)
}

const WORDS: Words = Words {
    matches: "The token is accepted.",
    does_not_match: "The token is not accepted",
    what_now: "\
Tried:
  token      `Bearer` in front, white space, quotes, JSON, a name in front, percent-encoding, base64
             once more, cut short, padding, another algorithm, another key's id
  signature  hexadecimal, encoded twice, cut short
  key        only its digits, decoded (hex, base64), line ends, white space, quotes, letter case,
             cut short, empty, a placeholder; the identity verification secret, if it was given

Check next:
  1. Is it the same key? It differs by organization, and by environment (staging, production).
     Compare the 8 digits behind itk_ on both sides.
  2. Was the text of the key used as it is? Give the library the whole string, from itk_ on.
  3. Was it the identity verification secret? Give that one with --secret-file.",
};
