//! Two keys: a signature comes from the current one, from the previous one, or from neither.
#![no_main]

use identity_hmac::{IdentityKey, Keyring, Matched, VerificationFailed};
use identity_hmac_fuzz::input::{field, near};
use identity_hmac_fuzz::oracle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut rest = input;
    let (current, previous) = (field(&mut rest), field(&mut rest));
    let visitor_id = field(&mut rest);

    let Ok(key) = IdentityKey::new(current) else {
        return assert!(current.is_empty());
    };
    let mut keyring = Keyring::new(key);
    if let Ok(key) = IdentityKey::new(previous) {
        keyring = keyring.with_previous(key);
    }

    let by_current = near(&oracle::sign(visitor_id, current), rest);
    let by_previous = near(&oracle::sign(visitor_id, previous), rest);
    for candidate in [rest, &by_current, &by_previous] {
        let matched = if oracle::fits(visitor_id, candidate, current) {
            Some(Matched::Current)
        } else if !previous.is_empty() && oracle::fits(visitor_id, candidate, previous) {
            Some(Matched::Previous)
        } else {
            None
        };
        assert_eq!(keyring.matched(visitor_id, candidate), matched);
        let verdict = matched.map(|_| ()).ok_or(VerificationFailed);
        assert_eq!(keyring.verify(visitor_id, candidate), verdict);
    }
});
