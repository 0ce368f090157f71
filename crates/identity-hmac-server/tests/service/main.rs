//! The service from outside: the real binary, over real connections, on SQLite and on PostgreSQL.

mod harness;
mod rules;
