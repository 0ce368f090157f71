//! The service's statements on SQLite in a plain loop: one connection, and the service's pragmas.
//!
//! ```text
//! sqlite-loop DATABASE SCRIPT SECONDS
//! ```
//!
//! The first line of SCRIPT selects the visitors to go through, as number, id and token digest;
//! the others are the statements of one transaction, with `:number`, `:visitor`, `:digest` of a
//! visitor and the number of a `:change`. Prints the transactions, the seconds that they took
//! together, and percentiles of one in milliseconds, as JSON.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rusqlite::{Connection, Statement, ToSql};
use serde_json::json;

/// As in the service's store.
const PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;";

struct Visitor {
    number: i64,
    id: Vec<u8>,
    digest: Vec<u8>,
}

struct Step<'connection> {
    statement: Statement<'connection>,
    /// Where the number, the id, the digest and the change go in it.
    places: [Option<usize>; 4],
}

impl<'connection> Step<'connection> {
    fn prepare(connection: &'connection Connection, sql: &str) -> rusqlite::Result<Self> {
        let statement = connection.prepare(sql)?;
        let place = |name| statement.parameter_index(name);
        Ok(Self {
            places: [
                place(":number")?,
                place(":visitor")?,
                place(":digest")?,
                place(":change")?,
            ],
            statement,
        })
    }

    fn run(&mut self, visitor: &Visitor, change: i64) -> rusqlite::Result<()> {
        let values: [&dyn ToSql; 4] = [&visitor.number, &visitor.id, &visitor.digest, &change];
        for (place, value) in self.places.iter().zip(values) {
            if let Some(place) = place {
                self.statement.raw_bind_parameter(*place, value)?;
            }
        }
        let mut rows = self.statement.raw_query();
        while rows.next()?.is_some() {}
        Ok(())
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["--version"] {
        println!("sqlite-loop on SQLite {}", rusqlite::version());
        return Ok(());
    }
    let [database, script, seconds] = arguments.as_slice() else {
        anyhow::bail!("usage: sqlite-loop DATABASE SCRIPT SECONDS");
    };
    let seconds = Duration::from_secs(seconds.parse().context("SECONDS is not a number")?);
    let script = fs::read_to_string(script).with_context(|| script.clone())?;
    let (visitors, transaction) = script
        .split_once('\n')
        .context("SCRIPT has no statements after its first line")?;

    let connection = Connection::open(database)?;
    connection.execute_batch(PRAGMAS)?;
    let visitors = connection
        .prepare(visitors)?
        .query_map((), |row| {
            Ok(Visitor {
                number: row.get(0)?,
                id: row.get(1)?,
                digest: row.get(2)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    anyhow::ensure!(!visitors.is_empty(), "{database} has no visitors");
    let mut steps = transaction
        .lines()
        .map(|sql| Step::prepare(&connection, sql))
        .collect::<rusqlite::Result<Vec<_>>>()?;

    let mut times = Vec::new();
    let start = Instant::now();
    for (change, visitor) in (0..).zip(visitors.iter().cycle()) {
        let begin = Instant::now();
        for step in &mut steps {
            step.run(visitor, change)?;
        }
        times.push(begin.elapsed());
        if start.elapsed() >= seconds {
            break;
        }
    }
    let elapsed = start.elapsed().as_secs_f64();
    times.sort_unstable();
    let percentile = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    println!(
        "{}",
        json!({
            "transactions": times.len(),
            "seconds": elapsed,
            "p50_ms": percentile(50),
            "p99_ms": percentile(99),
        })
    );
    Ok(())
}
