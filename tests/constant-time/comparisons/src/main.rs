//! Names every place in the product's source where a tag or a digest is compared by other means
//! than in constant time.

mod comparison;
mod name;
mod planted;
mod syntax;
mod tags;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use ignore::WalkBuilder;

use crate::syntax::Syntax;

/// What is shipped, and what users are shown to copy.
const ROOTS: &[&str] = &["crates", "bindings", "examples"];
/// Tests compare as they like: nobody measures how long they take. Doctor is there to say where
/// two signatures differ, to somebody who has the secret.
const LEFT_OUT: &[&str] = &["identity-hmac-doctor", "spec", "test", "tests"];

fn main() -> anyhow::Result<()> {
    let planted = planted::find_all()?;
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let mut files = 0;
    let mut found = 0;
    for root in ROOTS {
        let walk = WalkBuilder::new(project.join(root))
            .filter_entry(|entry| !LEFT_OUT.iter().any(|name| entry.file_name() == *name))
            .build();
        for entry in walk {
            let entry = entry?;
            let extension = entry.path().extension().and_then(OsStr::to_str);
            let Some(syntax) = extension.and_then(Syntax::of) else {
                continue;
            };
            let name = entry.path().strip_prefix(&project)?.display();
            let text = fs::read_to_string(entry.path()).with_context(|| name.to_string())?;
            let lines = comparison::find(&text, &syntax).with_context(|| name.to_string())?;
            for line in &lines {
                let code = text.lines().nth(line - 1).unwrap_or_default().trim();
                eprintln!("{name}:{line}: {code}");
            }
            files += 1;
            found += lines.len();
        }
    }
    ensure!(
        found == 0,
        "a tag or a digest is compared in {found} places; use verify, or ct_eq inside the core"
    );
    println!(
        "proved: the source of the core, the command, the service, the bindings and the examples \
         compares no tag and no digest but in constant time: {found} comparisons in {files} files; \
         all {planted} planted ones are found"
    );
    Ok(())
}
