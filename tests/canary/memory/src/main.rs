//! A process that has keys and drops them. At each step it says so and waits for a line, so that
//! `memory.py` can read its memory.

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};

use identity_hmac::{
    IdentityClaims, IdentityKey, Keyring, TokenKey, TokenKeyring, generate_identity_hmac,
    verify_identity_hmac,
};
use zeroize::Zeroize;

/// The lengths of a secret and of a token key, which stand one behind the other.
const LEN: usize = 64;
const TOKEN_KEY_LEN: usize = 77;

fn main() -> Result<(), Box<dyn Error>> {
    // A file has no buffer of its own, which would keep the secret.
    let mut lines = File::open("/dev/stdin")?;
    let mut secret = [0; LEN];
    lines.read_exact(&mut secret)?;
    let mut token_key = [0; TOKEN_KEY_LEN];
    lines.read_exact(&mut token_key)?;
    step("read", &mut lines)?;

    let key = Box::new(IdentityKey::new(secret)?);
    let keyring =
        Box::new(Keyring::new(IdentityKey::new("another")?).with_previous((*key).clone()));
    let keyring_of_one = Box::new(Keyring::new((*key).clone()));
    use_keys(&secret, &key, &keyring)?;
    use_keys(&secret, &key, &keyring_of_one)?;
    secret.zeroize();
    let signer = Box::new(TokenKey::parse(str::from_utf8(&token_key)?)?);
    let token_keyring = Box::new(TokenKeyring::new((*signer).clone()));
    use_token_keys(&signer, &token_keyring)?;
    token_key.zeroize();
    step("held", &mut lines)?;

    drop(key);
    drop(keyring);
    drop(keyring_of_one);
    drop(signer);
    drop(token_keyring);
    step("dropped", &mut lines)
}

fn step(name: &str, lines: &mut File) -> Result<(), Box<dyn Error>> {
    println!("{name}");
    std::io::stdout().flush()?;
    lines.read_exact(&mut [0])?;
    Ok(())
}

#[inline(never)]
fn use_token_keys(key: &TokenKey, keyring: &TokenKeyring) -> Result<(), Box<dyn Error>> {
    let id = black_box("visitor_1");
    let token = key.sign(&IdentityClaims::new(id, "user_123"), 0)?;
    keyring.verify(token, id, None, 0)?;
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
