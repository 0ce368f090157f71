use identity_hmac::{IdentityKey, InputError};

fn main() -> Result<(), InputError> {
    let key = IdentityKey::from_env("IDENTITY_SECRET")?;
    let visitor_id = std::env::args().nth(1).unwrap_or_default();
    println!("{}", key.sign(visitor_id)?);
    Ok(())
}
