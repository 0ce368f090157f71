//! All that the core does with a secret, and the answers that it may give away.

use std::error::Error;

use identity_hmac::{
    IdentityHmac, IdentityKey, InputError, Keyring, Matched, generate_identity_hmac,
    verify_identity_hmac,
};

use crate::secret::{hide, reveal};

/// Shorter than, as long as and longer than a block of SHA-256: HMAC hashes the last one first.
const SECRETS: [&[u8]; 3] = [&[b'k'; 6], &[b'k'; 64], &[b'k'; 65]];
/// One block with its padding, two, and many.
const VISITOR_IDS: [&[u8]; 3] = [b"visitor_1", &[b'v'; 56], &[b'v'; 1000]];

/// Signs, verifies, compares and writes with everything that is secret hidden.
pub fn run() -> Result<(), Box<dyn Error>> {
    for secret in SECRETS {
        for visitor_id in VISITOR_IDS {
            let right = generate_identity_hmac(visitor_id, secret)?.to_hex();
            sign(secret, visitor_id, &right)?;
            for (candidate, fits) in candidates(&right) {
                verify(secret, visitor_id, &candidate, fits)?;
                verify_with_both_keys(secret, visitor_id, &candidate, fits)?;
                compare(&right, &candidate, fits)?;
            }
        }
    }
    Ok(())
}

/// The right signature, and those that differ from it in the first and in the last digit.
fn candidates(right: &str) -> [(String, bool); 3] {
    let (first, last) = (&right[..1], &right[63..]);
    let other = |digit| if digit == "0" { "1" } else { "0" };
    [
        (right.to_owned(), true),
        ([other(first), &right[1..]].concat(), false),
        ([&right[..63], other(last)].concat(), false),
    ]
}

fn hidden_secret(secret: &[u8]) -> Vec<u8> {
    secret.iter().copied().map(hide).collect()
}

/// A key whose state is hidden, made from a secret that was not.
fn hidden_key(secret: &[u8]) -> Result<IdentityKey, InputError> {
    IdentityKey::new(secret).map(hide)
}

fn sign(secret: &[u8], visitor_id: &[u8], right: &str) -> Result<(), Box<dyn Error>> {
    for hmac in [
        IdentityKey::new(hidden_secret(secret))?.sign(visitor_id)?,
        generate_identity_hmac(visitor_id, hidden_secret(secret))?,
        hidden_key(secret)?.sign(visitor_id)?,
        Keyring::new(hidden_key(secret)?).sign(visitor_id)?,
    ] {
        // A signature is secret until it is sent, which comes after it was written.
        let mut buffer = [0; 64];
        hmac.encode_hex(&mut buffer);
        let text: Vec<u8> = hmac.to_hex().into_bytes().into_iter().map(reveal).collect();
        assert_eq!(text, right.as_bytes());
        assert_eq!(reveal(buffer).as_slice(), right.as_bytes());
    }
    Ok(())
}

fn verify(
    secret: &[u8],
    visitor_id: &[u8],
    candidate: &str,
    fits: bool,
) -> Result<(), Box<dyn Error>> {
    // The sender is answered whether a signature fits.
    let from_secret = IdentityKey::new(hidden_secret(secret))?.verify(visitor_id, candidate);
    assert_eq!(reveal(from_secret).is_ok(), fits);
    let from_key = hidden_key(secret)?.verify(visitor_id, candidate);
    assert_eq!(reveal(from_key).is_ok(), fits);
    let one_call = verify_identity_hmac(visitor_id, candidate, hidden_secret(secret));
    assert_eq!(reveal(one_call).is_ok(), fits);
    Ok(())
}

fn verify_with_both_keys(
    secret: &[u8],
    visitor_id: &[u8],
    candidate: &str,
    fits: bool,
) -> Result<(), Box<dyn Error>> {
    let other = b"another secret".as_slice();
    for (current, previous, which) in [
        (secret, other, Matched::Current),
        (other, secret, Matched::Previous),
    ] {
        let keyring = Keyring::new(hidden_key(current)?).with_previous(hidden_key(previous)?);
        // Which key fitted is what `matched` tells the operator.
        let matched = reveal(keyring.matched(visitor_id, candidate));
        assert_eq!(matched, fits.then_some(which));
        let verified = reveal(keyring.verify(visitor_id, candidate));
        assert_eq!(verified.is_ok(), fits);
    }
    Ok(())
}

fn compare(right: &str, candidate: &str, fits: bool) -> Result<(), Box<dyn Error>> {
    let expected: IdentityHmac = hide(right.parse()?);
    // Whether two signatures are equal is what `==` tells.
    assert_eq!(reveal(expected == candidate.parse()?), fits);
    Ok(())
}
