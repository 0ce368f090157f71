use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let text = std::env::var("IDENTITY_TOKEN_KEY")?;
    let visitor_id = std::env::args().nth(1).unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let claims = json!({"sub": "user_123", "visitorId": visitor_id, "iat": now, "exp": now + 300});
    let mut header = Header::default(); // HS256
    header.kid = Some(text[4..12].to_owned());
    let key = EncodingKey::from_secret(text.as_bytes())?;
    println!("{}", encode(&header, &claims, &key)?);
    Ok(())
}
