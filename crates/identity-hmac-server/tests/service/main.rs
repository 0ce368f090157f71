//! The service from outside: the real binary, over real connections, on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacks;
mod command;
mod faults;
mod harness;
mod identify;
mod races;
mod rate;
mod rules;
mod seen_from_outside;
