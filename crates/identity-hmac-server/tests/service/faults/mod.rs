//! What may break around the service, and the service itself.

mod database;
mod disk;
mod kill;
mod log;
mod shutdown;
mod writers;
