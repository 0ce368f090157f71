//! RFC 4231 section 4: the published test cases of HMAC-SHA-256.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use identity_hmac::IdentityKey;

fn assert_signs(key: &[u8], data: &[u8], expected: &str) {
    let key = IdentityKey::new(key).unwrap();
    assert_eq!(key.sign(data).unwrap().to_hex(), expected);
    assert!(key.verify(data, expected).is_ok());
}

#[test]
fn case_1_a_key_shorter_than_the_tag() {
    assert_signs(
        &[0x0b; 20],
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    );
}

#[test]
fn case_2_a_key_shorter_than_the_data() {
    assert_signs(
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
}

#[test]
fn case_3_key_and_data_together_longer_than_a_block() {
    assert_signs(
        &[0xaa; 20],
        &[0xdd; 50],
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    );
}

#[test]
fn case_4_a_key_of_25_different_bytes() {
    let key: Vec<u8> = (0x01..=0x19).collect();
    assert_signs(
        &key,
        &[0xcd; 50],
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    );
}

#[test]
fn case_5_a_tag_cut_to_128_bits_is_not_accepted() {
    let key = IdentityKey::new([0x0c; 20]).unwrap();
    let data = "Test With Truncation";
    let cut = "a3b6167473100ee06e0c796c2955552b";
    assert!(key.sign(data).unwrap().to_hex().starts_with(cut));
    assert!(key.verify(data, cut).is_err());
}

#[test]
fn case_6_a_key_longer_than_a_block() {
    assert_signs(
        &[0xaa; 131],
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    );
}

#[test]
fn case_7_a_key_and_data_longer_than_a_block() {
    assert_signs(
        &[0xaa; 131],
        b"This is a test using a larger than block-size key and a larger than block-size data. \
          The key needs to be hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    );
}
