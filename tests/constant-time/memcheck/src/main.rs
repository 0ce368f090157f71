//! Runs the core, or a planted leak, under valgrind's memcheck with everything secret marked.

mod planted;
mod product;
mod secret;
mod token;

use std::env;
use std::error::Error;

use crabgrind::valgrind;

fn main() -> Result<(), Box<dyn Error>> {
    if valgrind::running_mode().is_native() {
        return Err("not running under valgrind, which alone sees a leak; use memcheck/run".into());
    }
    match env::args().nth(1).as_deref() {
        Some("product") => {
            product::run()?;
            token::sign()?;
        }
        Some("token-verify") => token::verify()?,
        Some("early-exit") => planted::early_exit(),
        Some("table-lookup") => planted::table_lookup(),
        _ => {
            return Err("name a subject: product, token-verify, early-exit or table-lookup".into());
        }
    }
    Ok(())
}
