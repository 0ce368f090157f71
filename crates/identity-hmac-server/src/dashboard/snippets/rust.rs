use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use identity_hmac::{IdentityClaims, TokenKey};

fn main() -> Result<(), Box<dyn Error>> {
    let key = TokenKey::from_env("IDENTITY_TOKEN_KEY")?;
    let visitor_id = std::env::args().nth(1).unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let claims = IdentityClaims::new(visitor_id, "user_123").email("jane@example.com");
    println!("{}", key.sign(&claims, now)?);
    Ok(())
}
