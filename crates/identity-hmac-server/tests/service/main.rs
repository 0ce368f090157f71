//! The service from outside: the real binary, over real connections, on SQLite and on PostgreSQL.

mod attacks;
mod command;
mod faults;
mod harness;
mod races;
mod rules;
