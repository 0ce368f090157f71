//! The binary `identity-hmac`.

use std::process::ExitCode;

fn main() -> ExitCode {
    identity_hmac_cli::run()
}
