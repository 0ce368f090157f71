//! What the documentation's playground asks of the core and of doctor: a question in JSON, and its
//! answer in JSON.
//!
//! The page calls [`prepare`] with the length of its question in bytes, writes the question where that
//! points, calls [`answer`], and reads [`answer_length`] bytes where that points. WebAssembly passes
//! numbers only, so it takes three calls.

use std::sync::{Mutex, PoisonError};

use identity_hmac::{IdentityClaims, IdentityKey, TokenKey};
use identity_hmac_doctor::{Case, TokenCase, diagnose, diagnose_token};
use serde::Deserialize;
use serde_json::{Value, json};

static QUESTION: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static ANSWER: Mutex<Vec<u8>> = Mutex::new(Vec::new());

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "ask")]
enum Question {
    SignHmac {
        secret: String,
        visitor_id: String,
    },
    SignToken {
        key: String,
        visitor_id: String,
        external_id: String,
        email: String,
        now: u64,
    },
    CheckHmac {
        secret: String,
        visitor_id: String,
        hmac: String,
    },
    CheckToken {
        key: String,
        secret: String,
        visitor_id: String,
        token: String,
        now: u64,
    },
}

/// Makes room for a question of `length` bytes, and says where.
#[unsafe(no_mangle)]
pub extern "C" fn prepare(length: usize) -> *mut u8 {
    let mut question = QUESTION.lock().unwrap_or_else(PoisonError::into_inner);
    question.clear();
    question.resize(length, 0);
    question.as_mut_ptr()
}

/// Answers the question, and says where the answer stands.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> *const u8 {
    let question = QUESTION.lock().unwrap_or_else(PoisonError::into_inner);
    let answered = serde_json::from_slice(&question)
        .map_err(|error| error.to_string())
        .and_then(|question| reply(&question))
        .unwrap_or_else(|error| json!({ "error": error }));
    let mut answer = ANSWER.lock().unwrap_or_else(PoisonError::into_inner);
    *answer = answered.to_string().into_bytes();
    answer.as_ptr()
}

/// How many bytes the answer has.
#[unsafe(no_mangle)]
pub extern "C" fn answer_length() -> usize {
    ANSWER.lock().unwrap_or_else(PoisonError::into_inner).len()
}

fn reply(question: &Question) -> Result<Value, String> {
    match question {
        Question::SignHmac { secret, visitor_id } => {
            let hmac = IdentityKey::new(secret).and_then(|key| key.sign(visitor_id));
            hmac.map(|hmac| json!({ "hmac": hmac.to_string() }))
                .map_err(|error| error.to_string())
        }
        Question::SignToken {
            key,
            visitor_id,
            external_id,
            email,
            now,
        } => {
            let mut claims = IdentityClaims::new(visitor_id, external_id);
            if !email.is_empty() {
                claims = claims.email(email.clone());
            }
            let token = TokenKey::parse(key).and_then(|key| key.sign(&claims, *now));
            token
                .map(|token| json!({ "token": token }))
                .map_err(|error| error.to_string())
        }
        Question::CheckHmac {
            secret,
            visitor_id,
            hmac,
        } => Ok(json!(diagnose(&Case {
            secret: secret.as_bytes(),
            previous_secret: None,
            visitor_id: visitor_id.as_bytes(),
            hmac: hmac.as_bytes(),
            also: Vec::new(),
        }))),
        Question::CheckToken {
            key,
            secret,
            visitor_id,
            token,
            now,
        } => Ok(json!(diagnose_token(&TokenCase {
            token: token.as_bytes(),
            key: key.as_bytes(),
            secret: Some(secret.as_bytes()),
            visitor_id: Some(visitor_id.as_bytes()),
            audience: None,
            now: *now,
        }))),
    }
}
