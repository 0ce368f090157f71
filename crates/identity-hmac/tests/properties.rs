//! What holds for every id and secret, against an implementation of HMAC that is not ours.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use identity_hmac::{
    IdentityHmac, IdentityKey, Keyring, Matched, VerificationFailed, generate_identity_hmac,
    generate_secret, verify_identity_hmac,
};
use proptest::collection::vec;
use proptest::prelude::*;
use ring::hmac;

fn ring_hex(secret: &[u8], visitor_id: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hex::encode(hmac::sign(&key, visitor_id))
}

/// Bytes of every length class of SHA-256: within a block, about its padding, beyond it.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 1..=20),
        vec(any::<u8>(), 50..=70),
        vec(any::<u8>(), 110..=135),
        vec(any::<u8>(), 1..=2000),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn we_sign_what_ring_signs(secret in bytes(), visitor_id in bytes()) {
        let expected = ring_hex(&secret, &visitor_id);
        let key = IdentityKey::new(&secret).unwrap();
        prop_assert_eq!(key.sign(&visitor_id).unwrap().to_hex(), expected.as_str());
        prop_assert_eq!(
            generate_identity_hmac(&visitor_id, &secret).unwrap().to_string(),
            expected.as_str()
        );
        prop_assert_eq!(key.verify(&visitor_id, &expected), Ok(()));
        prop_assert_eq!(key.verify(&visitor_id, expected.to_uppercase()), Ok(()));
        prop_assert_eq!(key.verify(&visitor_id, expected.as_bytes()), Ok(()));
        let hmac: IdentityHmac = expected.parse().unwrap();
        prop_assert_eq!(key.verify(&visitor_id, hmac), Ok(()));
        prop_assert_eq!(key.verify(&visitor_id, hmac.as_bytes().as_slice()), Err(VerificationFailed));
    }

    #[test]
    fn an_hmac_fits_no_other_id_and_no_other_secret(
        secret in bytes(), other_secret in bytes(), visitor_id in bytes(), other_id in bytes(),
    ) {
        // HMAC pads a key with zeros (RFC 2104), so keys that differ in those only are one key.
        let unpadded = |key: &[u8]| key.iter().rposition(|&b| b != 0).map(|end| key[..=end].to_vec());
        prop_assume!(unpadded(&secret) != unpadded(&other_secret) && visitor_id != other_id);
        let expected = ring_hex(&secret, &visitor_id);
        prop_assert!(verify_identity_hmac(&other_id, &expected, &secret).is_err());
        prop_assert!(verify_identity_hmac(&visitor_id, &expected, &other_secret).is_err());
    }

    #[test]
    fn a_keyring_tells_its_keys_apart(
        current in "[a-z]{1,80}", previous in "[A-Z]{1,80}", other in "[0-9]{1,80}",
        visitor_id in bytes(),
    ) {
        let key = |secret: &String| IdentityKey::new(secret).unwrap();
        let alone = Keyring::new(key(&current));
        let rotating = alone.clone().with_previous(key(&previous));
        let [by_current, by_previous, by_other] =
            [&current, &previous, &other].map(|secret| ring_hex(secret.as_bytes(), &visitor_id));

        prop_assert_eq!(rotating.sign(&visitor_id).unwrap().to_hex(), by_current.as_str());
        prop_assert_eq!(rotating.matched(&visitor_id, &by_current), Some(Matched::Current));
        prop_assert_eq!(rotating.matched(&visitor_id, &by_previous), Some(Matched::Previous));
        prop_assert_eq!(rotating.matched(&visitor_id, &by_other), None);
        prop_assert_eq!(alone.matched(&visitor_id, &by_previous), None);
        prop_assert_eq!(rotating.verify(&visitor_id, &by_previous), Ok(()));
        prop_assert_eq!(rotating.verify(&visitor_id, &by_other), Err(VerificationFailed));
    }

    #[test]
    fn no_candidate_but_64_hexadecimal_digits_is_read(candidate in vec(any::<u8>(), 0..=130)) {
        let is_hex = candidate.len() == 64 && candidate.iter().all(u8::is_ascii_hexdigit);
        if let Ok(text) = std::str::from_utf8(&candidate) {
            prop_assert_eq!(text.parse::<IdentityHmac>().is_ok(), is_hex);
        }
        prop_assert!(IdentityKey::new("s3cret").unwrap().verify("visitor_1", &candidate).is_err());
    }

    #[test]
    fn what_is_written_reads_back(bytes in any::<[u8; 32]>()) {
        let written = IdentityHmac::from(bytes);
        let digits = written.to_hex();
        prop_assert_eq!(&digits, &hex::encode(bytes));
        prop_assert!(digits.parse::<IdentityHmac>().unwrap() == written);
        prop_assert!(digits.to_uppercase().parse::<IdentityHmac>().unwrap() == written);
        prop_assert_eq!(written.to_string(), digits.as_str());
        let mut buffer = [0; 64];
        prop_assert_eq!(&*written.encode_hex(&mut buffer), digits.as_str());
        prop_assert_eq!(written.as_bytes(), &bytes);
        prop_assert_eq!(<[u8; 32]>::from(written), bytes);
    }

    #[test]
    fn hmacs_are_equal_exactly_if_their_bytes_are(a in any::<[u8; 32]>(), at in 0..32usize, xor in any::<u8>()) {
        let mut b = a;
        b[at] ^= xor;
        prop_assert_eq!(IdentityHmac::from(a) == IdentityHmac::from(b), xor == 0);
    }
}

#[test]
fn every_single_digit_change_of_an_hmac_is_refused() {
    let key = IdentityKey::new("s3cret").unwrap();
    let right = key.sign("visitor_1").unwrap().to_hex();
    let mut refused = 0;
    for at in 0..64 {
        for digit in "0123456789abcdef"
            .chars()
            .filter(|&digit| !right[at..].starts_with(digit))
        {
            let mut wrong = right.clone();
            wrong.replace_range(at..=at, digit.encode_utf8(&mut [0; 4]));
            assert_eq!(
                key.verify("visitor_1", &wrong),
                Err(VerificationFailed),
                "{wrong}"
            );
            assert!(wrong.parse::<IdentityHmac>().unwrap() != key.sign("visitor_1").unwrap());
            refused += 1;
        }
    }
    assert_eq!(refused, 64 * 15);
}

#[test]
fn every_byte_in_every_place_is_a_digit_or_refused() {
    let key = IdentityKey::new("s3cret").unwrap();
    let right = key.sign("visitor_1").unwrap().to_hex();
    for at in 0..64 {
        for byte in 0..=255u8 {
            let mut candidate = right.clone().into_bytes();
            candidate[at] = byte;
            let same = byte.eq_ignore_ascii_case(&right.as_bytes()[at]);
            assert_eq!(
                key.verify("visitor_1", &candidate).is_ok(),
                same,
                "byte {byte} at {at}"
            );
        }
    }
}

#[test]
fn ids_of_every_length_across_ten_blocks_sign_as_ring_signs_them() {
    let text = vec![b'v'; 640];
    for length in 1..=text.len() {
        let visitor_id = &text[..length];
        let signed = generate_identity_hmac(visitor_id, "s3cret")
            .unwrap()
            .to_hex();
        assert_eq!(signed, ring_hex(b"s3cret", visitor_id), "{length} bytes");
        let signed = generate_identity_hmac("x", visitor_id).unwrap().to_hex();
        assert_eq!(
            signed,
            ring_hex(visitor_id, b"x"),
            "a secret of {length} bytes"
        );
    }
}

#[test]
fn generated_secrets_are_64_lowercase_digits_and_never_the_same() {
    let secrets: std::collections::HashSet<String> =
        (0..1000).map(|_| generate_secret().unwrap()).collect();
    assert_eq!(secrets.len(), 1000);
    for secret in &secrets {
        assert_eq!(secret.len(), 64);
        assert!(
            secret
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        );
    }
    // Each of the 256 bit positions takes both values: 1 in 2^990 that one does not by chance.
    let bytes: Vec<[u8; 32]> = secrets
        .iter()
        .map(|secret| hex::decode_to_array(secret).unwrap())
        .collect();
    for bit in 0..256 {
        let ones = bytes
            .iter()
            .filter(|secret| secret[bit / 8] >> (bit % 8) & 1 == 1)
            .count();
        assert!((1..1000).contains(&ones), "bit {bit} never changes");
    }
}

#[test]
fn a_key_signs_the_same_from_many_threads() {
    let key = IdentityKey::new("s3cret").unwrap();
    let expected = ring_hex(b"s3cret", b"visitor_1");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    assert_eq!(key.sign("visitor_1").unwrap().to_hex(), expected);
                }
            });
        }
    });
}
