//! The binary `identity-hmac-server`.

use std::process::ExitCode;

fn main() -> ExitCode {
    identity_hmac_server::run()
}
