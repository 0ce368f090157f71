//! The hash alone: what any HMAC-SHA256 has to do.

use std::hint::black_box;

use identity_hmac::IdentityHmac;
use sha2::block_api::compress256;

use crate::rounds::Contender;

const STATE: [u32; 8] = [0x6a09_e667; 8];

/// Blocks of an id with SHA-256's padding: a bit and the length (FIPS 180-4 section 5.1.1).
pub fn message_blocks(id: &[u8]) -> usize {
    (id.len() + 9).div_ceil(64)
}

/// As many compressions, one by one, of blocks that are all known when the first begins.
pub fn bare_compressions<'a>(count: usize) -> Contender<'a, IdentityHmac> {
    let blocks = vec![[0x5c; 64]; count];
    Contender::new(format!("{count} bare SHA-256 compressions"), move || {
        let mut state = STATE;
        for block in black_box(&blocks) {
            compress256(&mut state, std::slice::from_ref(block));
        }
        bytes(state).into()
    })
}

/// The message's compressions, and one more of what they gave: HMAC's outer hash cannot begin
/// before the inner one has ended (RFC 2104 section 2).
pub fn nested_compressions<'a>(message_blocks: usize) -> Contender<'a, IdentityHmac> {
    let blocks = vec![[0x5c; 64]; message_blocks];
    let name = format!("{} SHA-256 compressions, nested", message_blocks + 1);
    Contender::new(name, move || {
        let mut inner = STATE;
        compress256(&mut inner, black_box(&blocks));
        let mut block = [0x36; 64];
        block[..32].copy_from_slice(&bytes(inner));
        let mut outer = STATE;
        compress256(&mut outer, &[block]);
        bytes(outer).into()
    })
}

fn bytes(state: [u32; 8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    bytes
}
