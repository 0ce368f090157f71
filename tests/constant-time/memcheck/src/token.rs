//! The same of tokens. Of a token's verification memcheck reports the branch on the answer, which
//! is inside of the core. So the reports are counted: there are as many of them for a signature that
//! is wrong in its first bit as for one that is wrong in its last.

use std::error::Error;

use base64ct::{Base64UrlUnpadded, Encoding};
use crabgrind::valgrind;
use identity_hmac::{IdentityClaims, IdentityHmac, IdentityKey, TokenKey, TokenKeyring};

use crate::planted;
use crate::secret::{hide, reveal, reveal_part};

const KEY: &str = "itk_9f2c41aa_c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
const OTHER: &str = "itk_0badc0de_00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee";
const NOW: u64 = 1_764_000_000;

/// A key whose state is hidden, but not its id.
fn hidden_key(text: &str) -> Result<TokenKey, Box<dyn Error>> {
    let key = TokenKey::parse(text)?;
    let offset = key.key_id().as_ptr().addr() - (&raw const key).addr();
    let len = key.key_id().len();
    let mut key = hide(key);
    reveal_part(&mut key, offset, len);
    Ok(key)
}

/// Signs with a key that is hidden.
pub fn sign() -> Result<(), Box<dyn Error>> {
    let claims = IdentityClaims::new("visitor_1", "user_123").email("jane@example.com");
    let right = TokenKey::parse(KEY)?.sign(&claims, NOW)?;
    let token = hidden_key(KEY)?.sign(&claims, NOW)?.into_bytes();
    let (signed, signature) = token.split_at(token.len() - 43);
    // A signature is secret until it is sent, which comes after it was written.
    let signature: Vec<u8> = signature.iter().copied().map(reveal).collect();
    assert_eq!([signed, &signature].concat(), right.as_bytes());
    Ok(())
}

/// Verifies with keys that are hidden, and counts the reports.
pub fn verify() -> Result<(), Box<dyn Error>> {
    let claims = IdentityClaims::new("visitor_1", "user_123");
    let token = TokenKey::parse(KEY)?.sign(&claims, NOW)?;
    let (signed, _) = token.rsplit_once('.').ok_or("no signature")?;
    let right: [u8; 32] = IdentityKey::new(KEY)?.sign(signed)?.into();
    let forgeries: Vec<[u8; 32]> = [0, 15, 31]
        .map(|place| {
            let mut signature = right;
            signature[place] ^= 1;
            signature
        })
        .into();
    for keyring in [
        TokenKeyring::new(hidden_key(KEY)?),
        TokenKeyring::new(hidden_key(KEY)?).with_previous(hidden_key(OTHER)?),
        TokenKeyring::new(hidden_key(OTHER)?).with_previous(hidden_key(KEY)?),
    ] {
        let reports = forgeries.iter().map(|forgery| {
            let token = format!("{signed}.{}", Base64UrlUnpadded::encode_string(forgery));
            reports_of(|| assert!(keyring.verify(&token, "visitor_1", None, NOW).is_err()))
        });
        judge(&reports.collect::<Vec<_>>())?;
    }
    // The counting sees a comparison that stops early.
    let expected: IdentityHmac = hide(right.into());
    let early_exit = |forgery| reports_of(|| planted::compare(expected.as_bytes(), forgery));
    let reports: Vec<usize> = forgeries.iter().map(early_exit).collect();
    match judge(&reports) {
        Ok(()) => Err("a comparison that stops early is not seen".into()),
        Err(_) => Ok(()),
    }
}

fn reports_of(run: impl FnOnce()) -> usize {
    let before = valgrind::count_errors();
    run();
    valgrind::count_errors() - before
}

/// No more than a branch on the answer of each key, and the same for all forgeries.
fn judge(reports: &[usize]) -> Result<(), String> {
    if reports.iter().all(|&count| count == reports[0]) && (1..=2).contains(&reports[0]) {
        return Ok(());
    }
    Err(format!(
        "memcheck's reports depend on the forgery: {reports:?}"
    ))
}
