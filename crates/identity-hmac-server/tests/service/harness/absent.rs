//! What is not run where there is no PostgreSQL server, and how the tests say so.

use std::io::Write;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{LazyLock, Mutex};

use super::postgres;

/// Counts its input's lines until the tests have ended, after whatever they have printed.
const CLOSING_LINE: &str = r#"
    count=$(wc -l)
    echo "$count of the service's tests were not run, since they need a PostgreSQL server. Install one (Debian: apt-get install postgresql) and run \`make test-rust\`" >&2
"#;

/// Whether the tests run without a PostgreSQL server, so that the test that asks has to return at
/// once.
///
/// The tests end with a line that counts those that were not run. `IDENTITY_TEST_POSTGRES` decides:
/// with `required`, as `make test` sets it, a missing server is a failure; with `off` a server that
/// is there is not used; without it, a server is used where there is one.
pub(crate) fn without_postgres() -> bool {
    static NOT_RUN: LazyLock<Mutex<ChildStdin>> = LazyLock::new(|| {
        let mut shell = Command::new("sh");
        shell.args(["-c", CLOSING_LINE]).stdin(Stdio::piped());
        Mutex::new(shell.spawn().unwrap().stdin.take().unwrap())
    });
    let wanted = std::env::var("IDENTITY_TEST_POSTGRES").unwrap_or_default();
    let is_there = postgres::bin().is_some();
    let without = match wanted.as_str() {
        "" => !is_there,
        "off" => true,
        "required" if is_there => false,
        "required" => panic!(
            "IDENTITY_TEST_POSTGRES=required, but there is no PostgreSQL server: run `make setup`, or apt-get install postgresql"
        ),
        _ => panic!("IDENTITY_TEST_POSTGRES={wanted} is neither off nor required"),
    };
    if without {
        writeln!(NOT_RUN.lock().unwrap(), "a test").unwrap();
    }
    without
}
