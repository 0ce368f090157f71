//! Doctor's diagnosis: right about whether an hmac matches, and silent about the secret and about
//! the right hmac.
#![no_main]

use identity_hmac_doctor::{Case, diagnose};
use identity_hmac_fuzz::input::{field, near};
use identity_hmac_fuzz::oracle;
use libfuzzer_sys::fuzz_target;

/// No answer has this character, in any letter case, so it shows where a secret goes.
const CANARY: &[u8] = "☃".as_bytes();

fuzz_target!(|input: &[u8]| {
    let mut rest = input;
    let secret = [field(&mut rest), CANARY].concat();
    let (previous_secret, visitor_id) = (field(&mut rest), field(&mut rest));
    let also = field(&mut rest);

    let right = oracle::sign(visitor_id, &secret);
    let near = near(&right, rest);
    for hmac in [rest, &near] {
        let diagnosis = diagnose(&Case {
            secret: &secret,
            previous_secret: Some(previous_secret).filter(|secret| !secret.is_empty()),
            visitor_id,
            hmac,
            also: vec![also],
        });
        assert_eq!(diagnosis.matches, oracle::fits(visitor_id, hmac, &secret));
        assert!(!diagnosis.matches || diagnosis.causes.is_empty());
        let answered = serde_json::to_string(&diagnosis).expect("a diagnosis is data");
        let leaked = [oracle::write_hex(&right), "☃".to_owned()];
        let leaked = leaked.iter().find(|&leak| answered.contains(leak));
        assert_eq!(leaked, None, "in the answer: {answered}");
    }
});
