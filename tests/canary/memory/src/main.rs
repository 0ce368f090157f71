//! A process that has keys and drops them. At each step it says so and waits for a line, so that
//! `memory.py` can read its memory.

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};

use identity_hmac::{IdentityKey, Keyring, generate_identity_hmac, verify_identity_hmac};
use zeroize::Zeroize;

/// The length of a secret, and of a line.
const LEN: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    // A file has no buffer of its own, which would keep the secret.
    let mut lines = File::open("/dev/stdin")?;
    let mut secret = [0; LEN];
    lines.read_exact(&mut secret)?;
    step("read", &mut lines)?;

    let key = Box::new(IdentityKey::new(secret)?);
    let keyring =
        Box::new(Keyring::new(IdentityKey::new("another")?).with_previous((*key).clone()));
    use_keys(&secret, &key, &keyring)?;
    secret.zeroize();
    step("held", &mut lines)?;

    drop(key);
    drop(keyring);
    step("dropped", &mut lines)
}

fn step(name: &str, lines: &mut File) -> Result<(), Box<dyn Error>> {
    println!("{name}");
    std::io::stdout().flush()?;
    lines.read_exact(&mut [0])?;
    Ok(())
}

#[inline(never)]
fn use_keys(secret: &[u8], key: &IdentityKey, keyring: &Keyring) -> Result<(), Box<dyn Error>> {
    let id = black_box("visitor_1");
    let hmac = key.sign(id)?.to_hex();
    key.verify(id, &hmac)?;
    keyring.verify(id, &hmac)?;
    keyring.sign(id)?;
    generate_identity_hmac(id, secret)?;
    verify_identity_hmac(id, &hmac, secret)?;
    Ok(())
}
