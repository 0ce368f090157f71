//! Reading text and bytes out of JavaScript values: the only place with raw Node-API calls.
//!
//! `napi`'s own `String` passes over the text twice and allocates each time, which takes longer
//! than the HMAC itself.

#![allow(
    unsafe_code,
    reason = "reading text without a heap takes Node-API itself"
)]

use std::ptr;
use std::slice;
use std::sync::atomic::{AtomicU8, Ordering};

use napi::bindgen_prelude::{JsValue, Unknown};
use napi::sys;
use zeroize::Zeroize;

/// Room on the stack: enough for nearly every id and secret.
const STACK_LEN: usize = 256;

/// The place into which one value is read. It is overwritten with zeros when it is dropped, since
/// the value may have been a secret.
pub(crate) struct Scratch {
    stack: [u8; STACK_LEN],
    stack_used: usize,
    heap: Vec<u8>,
}

impl Scratch {
    pub(crate) const fn new() -> Self {
        Self {
            stack: [0; STACK_LEN],
            stack_used: 0,
            heap: Vec::new(),
        }
    }

    /// The bytes of `value`: the UTF-8 of a string, in which a lone surrogate is U+FFFD, or what a
    /// `Uint8Array` shows. None for any other value (and for one that memory cannot hold): nothing
    /// is asked to convert itself, so that no JavaScript runs.
    pub(crate) fn read<'a>(&'a mut self, value: Unknown<'a>) -> Option<&'a [u8]> {
        let Some(len) = utf8(value, &mut self.stack) else {
            return self.read_array(value);
        };
        self.stack_used = len;
        // A text that does not fit is cut without a word, before the first character that would
        // not fit whole. Then at most its first three bytes and the final NUL stay unused.
        if len < STACK_LEN - 4 {
            return self.stack.get(..len);
        }
        let len = utf8(value, &mut [])?;
        self.heap.try_reserve_exact(len + 1).ok()?;
        self.heap.resize(len + 1, 0);
        utf8(value, &mut self.heap)?;
        self.heap.get(..len)
    }

    fn read_array<'a>(&'a mut self, array: Unknown<'a>) -> Option<&'a [u8]> {
        let (mut kind, mut len, mut data) = (-1, 0, ptr::null_mut());
        let (mut buffer, mut is_unshared) = (ptr::null_mut(), false);
        let (env, array) = (array.value().env, array.value().value);
        // SAFETY: `env` and `array` are alive, as in `utf8`. Node sets `kind` if, and only if,
        // this is a typed array, and then sets the others as well.
        unsafe {
            sys::napi_get_typedarray_info(
                env,
                array,
                &raw mut kind,
                &raw mut len,
                &raw mut data,
                &raw mut buffer,
                ptr::null_mut(),
            );
            if kind != sys::TypedarrayType::uint8_array {
                return None;
            }
            sys::napi_is_arraybuffer(env, buffer, &raw mut is_unshared);
        }
        // An empty or a detached array need not have an address.
        if len == 0 {
            return Some(&[]);
        }
        let data = data.cast::<u8>();
        if is_unshared {
            // SAFETY: `len` bytes stand at `data` for as long as the callback runs: only
            // JavaScript on this thread could free or change them, and none runs meanwhile.
            return Some(unsafe { slice::from_raw_parts(data, len) });
        }
        // Another thread may write to a SharedArrayBuffer: take one look at each byte.
        self.heap.try_reserve_exact(len).ok()?;
        // SAFETY: as above; shared memory neither moves nor shrinks.
        let bytes = (0..len).map(|i| unsafe { AtomicU8::from_ptr(data.add(i)) });
        self.heap
            .extend(bytes.map(|byte| byte.load(Ordering::Relaxed)));
        Some(&self.heap)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.stack[..self.stack_used].zeroize();
        self.heap.zeroize();
    }
}

/// Copies the UTF-8 of a string and a final NUL to `buffer`, as far as there is room. Returns how many
/// bytes were copied or, with an empty buffer, how many there are. None for a value that is not a
/// string.
fn utf8(value: Unknown<'_>, buffer: &mut [u8]) -> Option<usize> {
    let data = if buffer.is_empty() {
        ptr::null_mut()
    } else {
        buffer.as_mut_ptr()
    };
    let mut len = 0;
    // SAFETY: an `Unknown` cannot outlive the callback to which its `env` and `value` belong, and
    // Node writes no more bytes than the length that it gets.
    let status = unsafe {
        sys::napi_get_value_string_utf8(
            value.value().env,
            value.value().value,
            data.cast(),
            buffer.len(),
            &raw mut len,
        )
    };
    (status == sys::Status::napi_ok).then_some(len)
}
