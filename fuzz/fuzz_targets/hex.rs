//! An HMAC as text: exactly 64 hexadecimal digits are read, and what is written is read back.
#![no_main]

use identity_hmac::{IdentityHmac, InputError};
use identity_hmac_fuzz::input::near;
use identity_hmac_fuzz::oracle;
use libfuzzer_sys::fuzz_target;

fn read(text: &str) {
    let expected = oracle::read_hex(text.as_bytes())
        .map(|tag| oracle::write_hex(&tag))
        .ok_or(InputError::MalformedHmac);
    let hmac = text.parse::<IdentityHmac>();
    assert_eq!(hmac.map(|hmac| hmac.to_hex()), expected);
}

fn write(tag: [u8; 32]) {
    let hmac = IdentityHmac::from(tag);
    let text = oracle::write_hex(&tag);
    assert_eq!(hmac.to_hex(), text);
    assert_eq!(hmac.to_string(), text);
    assert_eq!(*hmac.encode_hex(&mut [0; 64]), *text);
    assert!(text.parse() == Ok(hmac));
}

fuzz_target!(|input: &[u8]| {
    read(&String::from_utf8_lossy(input));
    if let Some((&tag, changes)) = input.split_first_chunk() {
        write(tag);
        read(&String::from_utf8_lossy(&near(&tag, changes)));
    }
});
