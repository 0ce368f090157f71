//! The table of attacks and faults names tests that there are.

use std::fs;
use std::path::Path;

/// The names that stand in backquotes in the last column of the table.
fn named(table: &str) -> Vec<&str> {
    let rows = table.lines().filter(|line| line.starts_with("| "));
    let tests = rows.filter_map(|row| row.trim_end_matches(" |").rsplit('|').next());
    let quoted = tests.flat_map(|tests| tests.split('`').skip(1).step_by(2));
    quoted.collect()
}

fn sources(folder: &Path) -> String {
    let mut sources = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources += &self::sources(&path);
        } else {
            sources += &fs::read_to_string(path).unwrap();
        }
    }
    sources
}

#[test]
fn every_test_that_the_table_names_is_there() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests = package.join("tests");
    let table = fs::read_to_string(tests.join("ATTACKS.md")).unwrap();
    let sources = sources(&tests.join("service")) + &sources(&package.join("src"));
    let named = named(&table);
    assert!(named.len() > 30, "{named:?}");
    for name in named {
        assert!(
            sources.contains(&format!("fn {name}(")),
            "there is no test {name}"
        );
    }
}
