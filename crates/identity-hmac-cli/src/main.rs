//! The command `identity-hmac`.

fn main() {}
