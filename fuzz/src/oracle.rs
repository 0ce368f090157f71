//! What the core has to answer, by `ring` and without a line of the core's own.

use ring::hmac;

/// The HMAC-SHA256 of `visitor_id` under `secret`.
pub fn sign(visitor_id: &[u8], secret: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), visitor_id);
    tag.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Whether `candidate` is the signature of `visitor_id` under `secret`.
pub fn fits(visitor_id: &[u8], candidate: &[u8], secret: &[u8]) -> bool {
    !visitor_id.is_empty() && read_hex(candidate) == Some(sign(visitor_id, secret))
}

/// 64 lowercase hexadecimal digits.
pub fn write_hex(tag: &[u8; 32]) -> String {
    let halves = tag.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves
        .map(|half| char::from(b"0123456789abcdef"[usize::from(half)]))
        .collect()
}

/// Exactly 64 hexadecimal digits in either case, and nothing else.
pub fn read_hex(text: &[u8]) -> Option<[u8; 32]> {
    if text.len() != 64 {
        return None;
    }
    let mut tag = [0; 32];
    for (place, &character) in text.iter().enumerate() {
        let digit = match character {
            b'0'..=b'9' => character - b'0',
            b'a'..=b'f' => character - b'a' + 10,
            b'A'..=b'F' => character - b'A' + 10,
            _ => return None,
        };
        tag[place / 2] = tag[place / 2] << 4 | digit;
    }
    Some(tag)
}

/// Base64url without padding (RFC 4648 section 5).
pub fn write_base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, place| {
            bits << 8 | u32::from(three.get(place).copied().unwrap_or_default())
        });
        for digit in 0..=three.len() {
            let place = bits >> (18 - 6 * digit) & 63;
            text.push(char::from(DIGITS[place as usize]));
        }
    }
    text
}
