//! The service from outside: the real binary, over real connections, on SQLite and on PostgreSQL.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod admin;
mod api_keys;
mod attacks;
mod audit;
mod command;
mod cors;
mod dashboard;
mod faults;
mod harness;
mod identify;
mod listeners;
mod master_key;
mod merge;
mod migrate;
mod openapi;
mod people;
mod policy;
mod postgres_url;
mod races;
mod rate;
mod remembered;
mod rotation;
mod rules;
mod seen_from_outside;
mod server;
mod soak;
mod tenants_end;
mod token_keys;
mod verification_stats;
mod verified;
mod visitors_end;
