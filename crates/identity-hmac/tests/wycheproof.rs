//! Project Wycheproof's set for HMAC-SHA256, whole.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use identity_hmac::{IdentityKey, InputError};
use wycheproof::TestResult;
use wycheproof::mac::{TestName, TestSet};

#[test]
fn all_174_cases_come_out_as_published_and_every_cut_tag_is_refused() {
    let set = TestSet::load(TestName::HmacSha256).unwrap();
    let (mut whole, mut cut) = (0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            let key = IdentityKey::new(&test.key[..]).unwrap();
            let hmac = hex::encode(&test.tag[..]);
            let is_whole = group.tag_size == 256;
            // We sign no empty id, whatever HMAC gives for it.
            let may_be_signed = !test.msg.is_empty();
            let right = is_whole && may_be_signed && test.result == TestResult::Valid;

            assert_eq!(
                key.verify(&test.msg[..], hmac.as_str()).is_ok(),
                right,
                "{test:?}"
            );
            match key.sign(&test.msg[..]) {
                Ok(signed) => {
                    let agrees = signed.to_hex().starts_with(&hmac);
                    assert_eq!(agrees, test.result == TestResult::Valid, "{test:?}");
                }
                Err(error) => {
                    assert!(!may_be_signed);
                    assert_eq!(error, InputError::EmptyVisitorId);
                }
            }
            *(if is_whole { &mut whole } else { &mut cut }) += 1;
        }
    }
    assert_eq!((whole, cut), (87, 87));
}
