//! What may break around the service, and the service itself.

mod black_hole;
mod database;
mod disk;
mod fail_over;
mod kill;
mod log;
mod pooler;
mod shutdown;
mod writers;
