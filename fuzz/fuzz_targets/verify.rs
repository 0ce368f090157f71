//! One key: what it signs and what it accepts is what `ring` signs.
#![no_main]

use identity_hmac::{
    IdentityKey, InputError, VerificationFailed, VerifyError, generate_identity_hmac,
    verify_identity_hmac,
};
use identity_hmac_fuzz::input::{field, near};
use identity_hmac_fuzz::oracle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut rest = input;
    let (secret, visitor_id) = (field(&mut rest), field(&mut rest));
    let right = oracle::sign(visitor_id, secret);

    let Ok(key) = IdentityKey::new(secret) else {
        assert!(secret.is_empty());
        let refused = Err(VerifyError::Input(InputError::EmptySecret));
        assert_eq!(verify_identity_hmac(visitor_id, rest, secret), refused);
        return;
    };
    assert!(!secret.is_empty());

    let signed = (!visitor_id.is_empty())
        .then(|| oracle::write_hex(&right))
        .ok_or(InputError::EmptyVisitorId);
    assert_eq!(key.sign(visitor_id).map(|hmac| hmac.to_hex()), signed);
    let one_call = generate_identity_hmac(visitor_id, secret);
    assert_eq!(one_call.map(|hmac| hmac.to_string()), signed);

    for candidate in [rest, &near(&right, rest)] {
        let verdict = oracle::fits(visitor_id, candidate, secret)
            .then_some(())
            .ok_or(VerificationFailed);
        assert_eq!(key.verify(visitor_id, candidate), verdict);
        assert_eq!(
            verify_identity_hmac(visitor_id, candidate, secret),
            verdict.map_err(VerifyError::Failed)
        );
    }
});
