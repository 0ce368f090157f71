#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// From the bottom to the top: no file uses one that stands below it here.
mod rewrites;

mod mistake;

mod algorithm;
mod notation;
mod secret;
mod visitor_id;

mod diagnosis;

mod token;

pub use diagnosis::{Case, Diagnosis, diagnose};
pub use mistake::Cause;
pub use token::{TokenCase, diagnose_token};
