#![doc = include_str!("../README.md")]

mod admin_token;
pub mod api_key;
pub mod audit;
mod command;
mod config;
mod dashboard;
mod head_timer;
pub mod http;
mod identity;
mod key_file;
mod listener;
mod log;
pub mod master_key;
mod master_key_rotation;
mod metric;
mod new_key;
pub mod new_secret;
pub mod organization;
mod peers;
mod private_file;
mod removal;
mod serve;
mod shown_once;
pub mod store;
pub mod token;
mod token_key;
mod verification_stats;

pub use command::{command, completions, run};
