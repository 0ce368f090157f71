//! What doctor finds. Every mistake is made here the way a person makes it, with other
//! implementations than doctor's own.

#![allow(
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and tables are long"
)]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use identity_hmac::setting;
use identity_hmac_doctor::{Case, Diagnosis, diagnose};
use ring::{digest, hmac};
use serde_json::json;
use sha1::Digest;
use unicode_normalization::UnicodeNormalization;

const SECRET: &str = "Zq7-correct-horse-battery-staple";
const HEX_SECRET: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const BASE64_SECRET: &str = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ+/8SNFZ4kA==";
const ID: &str = "Visitor_42";

/// Lowercase digits, two for each byte.
fn hex(bytes: impl AsRef<[u8]>) -> String {
    written(bytes.as_ref(), |byte| format!("{byte:02x}"))
}

fn written(bytes: &[u8], write: impl Fn(u8) -> String) -> String {
    bytes.iter().copied().map(write).collect()
}

fn hmac_of(
    algorithm: hmac::Algorithm,
    key: impl AsRef<[u8]>,
    message: impl AsRef<[u8]>,
) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, key.as_ref()), message.as_ref())
        .as_ref()
        .to_vec()
}

/// HMAC-SHA256 in bytes.
fn raw(secret: impl AsRef<[u8]>, id: impl AsRef<[u8]>) -> Vec<u8> {
    hmac_of(hmac::HMAC_SHA256, secret, id)
}

/// HMAC-SHA256 as it should be sent.
fn sign(secret: impl AsRef<[u8]>, id: impl AsRef<[u8]>) -> String {
    hex(raw(secret, id))
}

fn hash(algorithm: &'static digest::Algorithm, text: impl AsRef<[u8]>) -> String {
    hex(digest::digest(algorithm, text.as_ref()))
}

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// One question to doctor.
struct Question {
    secret: Vec<u8>,
    id: Vec<u8>,
    hmac: Vec<u8>,
    also: Vec<&'static str>,
    previous: Option<&'static str>,
}

impl Question {
    fn new(secret: impl AsRef<[u8]>, id: impl AsRef<[u8]>, hmac: impl AsRef<[u8]>) -> Self {
        Self {
            secret: secret.as_ref().to_vec(),
            id: id.as_ref().to_vec(),
            hmac: hmac.as_ref().to_vec(),
            also: Vec::new(),
            previous: None,
        }
    }

    fn also(mut self, values: &[&'static str]) -> Self {
        self.also = values.to_vec();
        self
    }

    fn previous(mut self, secret: &'static str) -> Self {
        self.previous = Some(secret);
        self
    }

    /// Asks, and looks for secrets in what comes back.
    fn ask(&self) -> Diagnosis {
        let diagnosis = diagnose(&Case {
            secret: &self.secret,
            previous_secret: self.previous.map(str::as_bytes),
            visitor_id: &self.id,
            hmac: &self.hmac,
            also: self.also.iter().map(|value| value.as_bytes()).collect(),
        });
        let all = serde_json::to_string(&diagnosis).unwrap() + &format!("{diagnosis:?}");
        let all = all.to_lowercase();
        let secret = String::from_utf8_lossy(&self.secret).to_lowercase();
        let hidden = [
            // In every secret here that is readable.
            "zq7".to_owned(),
            "zq6".to_owned(),
            secret
                .trim_matches(|c: char| c.is_whitespace() || "\"'\0".contains(c))
                .to_owned(),
            hex(&self.secret),
            STANDARD_NO_PAD.encode(&self.secret).to_lowercase(),
            sign(&self.secret, &self.id),
            STANDARD_NO_PAD
                .encode(raw(&self.secret, &self.id))
                .to_lowercase(),
        ];
        for hidden in hidden {
            assert!(!all.contains(&hidden), "{all}");
        }
        let texts = diagnosis
            .causes
            .iter()
            .flat_map(|cause| [&*cause.message, cause.remedy]);
        for text in texts.chain(diagnosis.hints.iter().map(String::as_str)) {
            // A line end or a row of spaces comes from source code that was broken in the middle.
            let is_sentence = text.ends_with('.') && !text.contains('\n') && !text.contains("  ");
            assert!(is_sentence, "{text:?}");
        }
        diagnosis
    }

    fn codes(&self) -> Vec<&'static str> {
        self.ask().causes.iter().map(|cause| cause.code).collect()
    }
}

/// Asks every question, and shows all that were answered wrongly at once.
fn assert_answers<'a>(cases: impl IntoIterator<Item = (&'a str, Question)>) {
    let mut wrong = Vec::new();
    for (expected, question) in cases {
        let codes = question.codes().join(" + ");
        if codes != expected {
            wrong.push(format!("expected {expected:?}, got {codes:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_right_hmac_matches_in_either_letter_case() {
    let right = sign(SECRET, ID);
    for hmac in [right.clone(), right.to_uppercase()] {
        let diagnosis = Question::new(SECRET, ID, hmac).ask();
        assert!(diagnosis.matches && !diagnosis.is_unexplained());
        assert!(diagnosis.causes.is_empty() && diagnosis.hints.is_empty());
    }
}

#[test]
fn extra_characters_around_the_signers_secret_are_named() {
    let signed_with = |secret: String| Question::new(SECRET, ID, sign(secret, ID));
    assert_answers([
        ("secret_with_punctuation", signed_with(format!("{SECRET},"))),
        (
            "secret_with_punctuation",
            signed_with(format!("\"{SECRET}")),
        ),
        (
            "secret_trailing_newline",
            signed_with(format!("{SECRET}\n")),
        ),
        ("secret_trailing_crlf", signed_with(format!("{SECRET}\r\n"))),
        (
            "secret_trailing_carriage_return",
            signed_with(format!("{SECRET}\r")),
        ),
        ("secret_with_white_space", signed_with(format!("{SECRET} "))),
        ("secret_with_white_space", signed_with(format!(" {SECRET}"))),
        (
            "secret_with_white_space",
            signed_with(format!("{SECRET}\t")),
        ),
        ("secret_quoted", signed_with(format!("\"{SECRET}\""))),
        ("secret_quoted", signed_with(format!("'{SECRET}'"))),
        ("secret_quoted", signed_with(format!("`{SECRET}`"))),
        (
            "secret_quoted",
            signed_with(format!("\u{201c}{SECRET}\u{201d}")),
        ),
        (
            "secret_byte_order_mark",
            signed_with(format!("\u{feff}{SECRET}")),
        ),
        (
            "secret_with_name",
            signed_with(format!("IDENTITY_SECRET={SECRET}")),
        ),
        (
            "secret_literal_backslash_n",
            signed_with(format!("{SECRET}\\n")),
        ),
        ("secret_twice", signed_with(format!("{SECRET}{SECRET}"))),
        (
            // A shorter key would be padded with zeros anyway (RFC 2104 section 2).
            "secret_trailing_nul",
            Question::new(HEX_SECRET, ID, sign(format!("{HEX_SECRET}\0"), ID)),
        ),
    ]);
}

#[test]
fn extra_characters_around_the_secret_given_to_doctor_are_named() {
    let given = |secret: String| Question::new(secret, ID, sign(SECRET, ID));
    assert_answers([
        (
            "secret_given_with_white_space",
            given(format!("{SECRET}\n")),
        ),
        (
            "secret_given_with_white_space",
            given(format!("{SECRET}\r\n")),
        ),
        (
            "secret_given_with_white_space",
            given(format!("\t{SECRET}  ")),
        ),
        ("secret_given_quoted", given(format!("\"{SECRET}\""))),
        ("secret_given_quoted", given(format!("'{SECRET}'"))),
        (
            "secret_given_with_byte_order_mark",
            given(format!("\u{feff}{SECRET}")),
        ),
        (
            "secret_given_with_name",
            given(format!("IDENTITY_SECRET={SECRET}")),
        ),
        (
            "secret_given_with_name",
            given(format!("export CHAT_SECRET={SECRET}")),
        ),
        (
            "secret_given_with_comment",
            given(format!("{SECRET} # chat")),
        ),
        (
            "secret_given_with_comment",
            given(format!("{SECRET}\t// chat")),
        ),
        (
            "secret_given_with_comment + secret_given_quoted",
            given(format!("\"{SECRET}\" # chat")),
        ),
        (
            "secret_given_with_backslash_n",
            given(format!("{SECRET}\\n")),
        ),
        ("secret_given_twice", given(format!("{SECRET}{SECRET}"))),
        (
            "secret_in_json",
            given(format!("{{\"identity\":{{\"secret\":\"{SECRET}\"}}}}")),
        ),
        (
            "secret_given_with_nul",
            Question::new(format!("{HEX_SECRET}\0"), ID, sign(HEX_SECRET, ID)),
        ),
    ]);
}

#[test]
fn a_secret_that_was_decoded_or_encoded_is_named() {
    let bytes = STANDARD.decode(BASE64_SECRET).unwrap();
    let url_secret = URL_SAFE_NO_PAD.encode(&bytes);
    let special = "a+b & \"c\" <Zq7> 100%25 \\d/é";
    let given = |secret: &str, signed_with: &[u8]| Question::new(secret, ID, sign(signed_with, ID));
    let text_of_hex: Vec<u8> = (0..64)
        .step_by(2)
        .map(|at| u8::from_str_radix(&HEX_SECRET[at..at + 2], 16).unwrap())
        .collect();
    assert_answers([
        (
            "secret_base64_decoded",
            given(&format!("whsec_{BASE64_SECRET}"), &bytes),
        ),
        ("secret_hex_decoded", given(HEX_SECRET, &text_of_hex)),
        (
            "secret_hex_decoded",
            given("9f86d081-884c-7d65-9a2f-eaa0c55ad015", &text_of_hex[..16]),
        ),
        (
            "secret_hex_decoded",
            given(&HEX_SECRET.to_uppercase(), &text_of_hex),
        ),
        ("secret_base64_decoded", given(BASE64_SECRET, &bytes)),
        (
            "secret_base64_decoded",
            given(BASE64_SECRET.trim_end_matches('='), &bytes),
        ),
        ("secret_base64url_decoded", given(&url_secret, &bytes)),
        (
            "secret_hex_encoded",
            Question::new(&bytes, ID, sign(hex(&bytes), ID)),
        ),
        (
            "secret_hex_encoded",
            Question::new(&bytes, ID, sign(hex(&bytes).to_uppercase(), ID)),
        ),
        (
            "secret_base64_encoded",
            Question::new(&bytes, ID, sign(BASE64_SECRET, ID)),
        ),
        (
            "secret_base64url_encoded",
            Question::new(&bytes, ID, sign(&url_secret, ID)),
        ),
        // A Kubernetes Secret that was encoded once too often.
        (
            "secret_base64_encoded",
            given(SECRET, STANDARD.encode(SECRET).as_bytes()),
        ),
        (
            "secret_letter_case",
            given(HEX_SECRET, HEX_SECRET.to_uppercase().as_bytes()),
        ),
        (
            "secret_letter_case",
            given(SECRET, SECRET.to_lowercase().as_bytes()),
        ),
        (
            "secret_base64_padding",
            given(
                BASE64_SECRET,
                BASE64_SECRET.trim_end_matches('=').as_bytes(),
            ),
        ),
        (
            "secret_base64_padding",
            given(
                BASE64_SECRET.trim_end_matches('='),
                BASE64_SECRET.as_bytes(),
            ),
        ),
        (
            "secret_hashed",
            given(
                SECRET,
                digest::digest(&digest::SHA256, SECRET.as_bytes()).as_ref(),
            ),
        ),
        (
            "secret_hashed",
            given(SECRET, hash(&digest::SHA256, SECRET).as_bytes()),
        ),
        ("secret_utf_16", given(SECRET, &utf_16(SECRET))),
        (
            "secret_percent_decoded",
            given("Zq7%2Fhorse%3Dbattery", b"Zq7/horse=battery"),
        ),
        (
            "secret_percent_decoded",
            given(BASE64_SECRET, BASE64_SECRET.replace('+', " ").as_bytes()),
        ),
        (
            "secret_percent_encoded",
            given(
                special,
                b"a%2Bb%20%26%20%22c%22%20%3CZq7%3E%20100%2525%20%5Cd%2F%C3%A9",
            ),
        ),
        (
            "secret_html_escaped",
            given(
                special,
                "a+b &amp; &quot;c&quot; &lt;Zq7&gt; 100%25 \\d/é".as_bytes(),
            ),
        ),
        (
            "secret_given_html_escaped",
            given("a&amp;b-Zq7-battery", b"a&b-Zq7-battery"),
        ),
        (
            "secret_dollar_expanded",
            given("Zq7$horse-battery", b"Zq7-battery"),
        ),
        (
            "secret_backslashes_interpreted",
            given(special, special.replace('\\', "").as_bytes()),
        ),
        (
            "secret_escaped",
            given(
                special,
                special
                    .replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .as_bytes(),
            ),
        ),
        (
            "secret_latin_1",
            given("Zq7-battery-é", b"Zq7-battery-\xe9"),
        ),
        (
            "secret_utf_8_twice",
            given("Zq7-battery-é", "Zq7-battery-Ã©".as_bytes()),
        ),
        (
            "secret_characters_replaced",
            given("Zq7-battery-é", b"Zq7-battery-?"),
        ),
        (
            "secret_characters_replaced",
            Question::new(
                &bytes,
                ID,
                sign(String::from_utf8_lossy(&bytes).as_bytes(), ID),
            ),
        ),
        (
            "secret_unicode_normalised",
            given("Zq7-battery-é", "Zq7-battery-e\u{301}".as_bytes()),
        ),
    ]);
}

#[test]
fn a_secret_that_was_missing_or_cut_is_named() {
    let signed_with = |secret: &str| Question::new(SECRET, ID, sign(secret, ID));
    assert_answers([
        ("secret_empty", signed_with("")),
        ("secret_placeholder", signed_with("undefined")),
        ("secret_placeholder", signed_with("null")),
        ("secret_placeholder", signed_with("None")),
        ("secret_placeholder", signed_with("nil")),
        ("secret_placeholder", signed_with("[object Object]")),
        ("secret_variable_name", signed_with("$IDENTITY_SECRET")),
        ("secret_variable_name", signed_with("IDENTITY_SECRET")),
        ("secret_placeholder", signed_with("YOUR_SECRET_HERE")),
        ("secret_variable_name", signed_with("${CHAT_SECRET}")),
        ("secret_test_value", signed_with("secret")),
        (
            "secret_json_object",
            signed_with(&json!({ "IDENTITY_SECRET": SECRET }).to_string()),
        ),
        ("secret_cut_short", signed_with(&SECRET[..16])),
        ("secret_cut_short", signed_with(&SECRET[1..])),
    ]);
}

#[test]
fn another_text_than_the_visitor_id_is_named() {
    let signed = |id: &str, signed: &str| Question::new(SECRET, id, sign(SECRET, signed));
    let same = |text: &str| signed(ID, text);
    assert_answers([
        ("visitor_id_with_punctuation", same("Visitor_42;")),
        ("visitor_id_placeholder", same("False")),
        ("visitor_id_trailing_newline", same("Visitor_42\n")),
        ("visitor_id_trailing_newline", same("Visitor_42\r\n")),
        ("visitor_id_with_white_space", same("Visitor_42 ")),
        ("visitor_id_with_white_space", same(" Visitor_42")),
        (
            "visitor_id_given_with_white_space",
            signed("Visitor_42\n", ID),
        ),
        (
            "visitor_id_given_with_white_space",
            signed(" Visitor_42 ", ID),
        ),
        ("visitor_id_json_string", same("\"Visitor_42\"")),
        ("visitor_id_quoted", same("'Visitor_42'")),
        ("visitor_id_given_quoted", signed("\"Visitor_42\"", ID)),
        (
            "visitor_id_json_object",
            same("{\"visitorId\":\"Visitor_42\"}"),
        ),
        (
            "visitor_id_json_object",
            same("{\"visitor_id\": \"Visitor_42\"}"),
        ),
        (
            "visitor_id_given_in_json",
            signed("{\"visitorId\":\"Visitor_42\"}", ID),
        ),
        ("visitor_id_letter_case", same("visitor_42")),
        ("visitor_id_letter_case", signed("visitor_42", "VISITOR_42")),
        (
            "visitor_id_unicode_normalised",
            signed("café", "cafe\u{301}"),
        ),
        (
            "visitor_id_unicode_normalised",
            signed(&"café".nfd().collect::<String>(), "café"),
        ),
        ("visitor_id_unicode_normalised", signed("ﬁne", "fine")),
        (
            "visitor_id_percent_encoded",
            signed("a b/é", "a%20b%2F%C3%A9"),
        ),
        ("visitor_id_percent_encoded", signed("a b", "a+b")),
        ("visitor_id_percent_decoded", signed("a%20b", "a b")),
        ("visitor_id_percent_decoded", signed("a+b", "a b")),
        ("visitor_id_html_escaped", signed("a&b", "a&amp;b")),
        ("visitor_id_given_html_escaped", signed("a&lt;b", "a<b")),
        ("visitor_id_with_name", same("visitorId=Visitor_42")),
        (
            "visitor_id_given_with_name",
            signed("visitorId=Visitor_42", ID),
        ),
        ("visitor_id_python_bytes", same("b'Visitor_42'")),
        ("visitor_id_python_bytes", same("['Visitor_42']")),
        ("visitor_id_in_path", same("/Visitor_42")),
        ("visitor_id_base64_encoded", same("VmlzaXRvcl80Mg==")),
        ("visitor_id_base64_decoded", signed("VmlzaXRvcl80Mg==", ID)),
        ("visitor_id_hex_encoded", same("56697369746f725f3432")),
        ("visitor_id_hex_decoded", signed("56697369746f725f3432", ID)),
        ("visitor_id_hashed", same(&hash(&digest::SHA256, ID))),
        ("visitor_id_byte_order_mark", same("\u{feff}Visitor_42")),
        ("visitor_id_trailing_nul", same("Visitor_42\0")),
        ("visitor_id_literal_backslash_n", same("Visitor_42\\n")),
        ("visitor_id_utf_8_twice", signed("café", "cafÃ©")),
        ("visitor_id_characters_replaced", signed("café", "caf?")),
        // C#'s Encoding.ASCII, for each unit of UTF-16.
        (
            "visitor_id_characters_replaced",
            signed("a\u{1f600}", "a??"),
        ),
        ("visitor_id_characters_replaced", signed("café", "caf??")),
        (
            "visitor_id_characters_replaced",
            signed("\u{e9}cole", "cole"),
        ),
        (
            "visitor_id_utf_16",
            Question::new(SECRET, ID, sign(SECRET, utf_16(ID))),
        ),
        (
            "visitor_id_latin_1",
            Question::new(SECRET, "café", sign(SECRET, b"caf\xe9")),
        ),
        ("visitor_id_twice", same("Visitor_42Visitor_42")),
        ("visitor_id_cut_short", same("42")),
        ("visitor_id_cut_short", same("Visitor")),
        ("visitor_id_number", signed("007", "7")),
        (
            "visitor_id_number",
            signed("12345678901234567891", "12345678901234567000"),
        ),
        (
            "visitor_id_uuid_notation",
            signed(
                "c3f6a1de-0b5f-4c7d-9d0e-1f2a3b4c5d6e",
                "c3f6a1de0b5f4c7d9d0e1f2a3b4c5d6e",
            ),
        ),
        ("visitor_id_empty", same("")),
        ("visitor_id_placeholder", same("undefined")),
        ("visitor_id_placeholder", same("null")),
        ("visitor_id_placeholder", same("None")),
        ("visitor_id_placeholder", same("[object Object]")),
        ("visitor_id_variable_name", same("${visitorId}")),
        ("visitor_id_given_empty", signed("", "")),
        (
            "also_signed",
            same("jane@example.com").also(&["user_123", "jane@example.com"]),
        ),
    ]);
}

#[test]
fn another_algorithm_is_named() {
    let sent = |hmac: String| Question::new(SECRET, ID, hmac);
    // printf Visitor_42 | openssl dgst -sha224 -hmac Zq7-correct-horse-battery-staple
    let hmac_sha224 = "e31bbfbdd6400b8483ace38667cb254860aa950ce3525c3e0cb7f826".to_owned();
    assert_answers([
        ("arguments_both_visitor_id", sent(sign(ID, ID))),
        ("arguments_both_secret", sent(sign(SECRET, SECRET))),
        (
            "arguments_joined",
            sent(sign(SECRET, format!("{SECRET}{ID}"))),
        ),
        (
            "arguments_joined",
            sent(sign(SECRET, format!("{ID}{SECRET}"))),
        ),
        ("arguments_swapped", sent(sign(ID, SECRET))),
        // Go: hex.EncodeToString(mac.Sum([]byte(visitorID)))
        (
            "arguments_appended",
            sent(format!("{}{}", hex(ID), sign(SECRET, ""))),
        ),
        (
            "algorithm_hmac_sha1",
            sent(hex(hmac_of(
                hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                SECRET,
                ID,
            ))),
        ),
        ("algorithm_hmac_sha224", sent(hmac_sha224)),
        (
            "algorithm_hmac_sha384",
            sent(hex(hmac_of(hmac::HMAC_SHA384, SECRET, ID))),
        ),
        (
            "algorithm_hmac_sha512",
            sent(hex(hmac_of(hmac::HMAC_SHA512, SECRET, ID))),
        ),
        (
            "algorithm_plain_sha256",
            sent(hash(&digest::SHA256, format!("{SECRET}{ID}"))),
        ),
        (
            "algorithm_plain_sha256",
            sent(hash(&digest::SHA256, format!("{ID}{SECRET}"))),
        ),
        (
            "algorithm_plain_sha256",
            sent(hash(&digest::SHA256, format!("{ID}:{SECRET}"))),
        ),
        (
            "algorithm_plain_sha256",
            sent(hash(&digest::SHA256, format!("{SECRET}.{ID}"))),
        ),
        (
            "algorithm_plain_sha256",
            sent(hash(&digest::SHA256, format!("{SECRET}\n{ID}"))),
        ),
        ("algorithm_plain_sha256", sent(hash(&digest::SHA256, ID))),
        (
            "algorithm_plain_sha1",
            sent(hex(sha1::Sha1::digest(format!("{SECRET}{ID}")))),
        ),
        (
            "algorithm_plain_sha512",
            sent(hash(&digest::SHA512, format!("{ID}{SECRET}"))),
        ),
        (
            "signed_with_previous_secret",
            sent(sign("Zq6-old", ID)).previous("Zq6-old"),
        ),
    ]);
}

#[test]
fn another_notation_of_the_right_hmac_is_named() {
    let bytes = raw(SECRET, ID);
    let right = hex(&bytes);
    let base64 = STANDARD.encode(&bytes);
    let sent = |hmac: &str| Question::new(SECRET, ID, hmac);
    let joined = |separator: &str| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect::<Vec<_>>()
            .join(separator)
    };
    let signed: Vec<_> = bytes.iter().map(|byte| byte.cast_signed()).collect();
    let words: Vec<_> = bytes
        .chunks(4)
        .map(|word| i32::from_be_bytes(word.try_into().unwrap()))
        .collect();
    let python = written(&bytes, |byte| format!("\\x{byte:02x}"));
    let visitors = || (0..).map(|number| format!("visitor_{number}"));
    let of_visitor_with = |property: &dyn Fn(Vec<u8>) -> bool| {
        visitors().find(|id| property(raw(SECRET, id))).unwrap()
    };
    let url_id = of_visitor_with(&|bytes| URL_SAFE.encode(bytes).contains(['-', '_']));
    let text_id = of_visitor_with(&|bytes| !bytes.contains(&0));
    let zeros_id =
        of_visitor_with(&|bytes| bytes[1..].iter().filter(|byte| **byte < 16).count() > 2);
    // Java: new BigInteger(bytes).toString(16)
    let negative_id = of_visitor_with(&|bytes| bytes[0] > 0xf0);
    let magnitude: Vec<_> = raw(SECRET, &negative_id).iter().map(|byte| !byte).collect();
    let (last, start) = magnitude.split_last().unwrap();
    let negative = hex([start, &[last + 1]].concat());
    let negative = format!("-{}", negative.trim_start_matches('0'));
    assert_answers([
        (
            "hmac_byte_list",
            sent(&json!({"words": words, "sigBytes": 32}).to_string()),
        ),
        ("hmac_prefixed", sent(&format!("sha256{right}"))),
        ("hmac_beginning_lost", sent(&right[1..63])),
        ("hmac_base64", sent(&base64)),
        ("hmac_base64", sent(base64.trim_end_matches('='))),
        (
            "hmac_base64url",
            Question::new(SECRET, &url_id, URL_SAFE.encode(raw(SECRET, &url_id))),
        ),
        (
            "hmac_base64url",
            Question::new(
                SECRET,
                &url_id,
                URL_SAFE_NO_PAD.encode(raw(SECRET, &url_id)),
            ),
        ),
        ("hmac_prefixed", sent(&format!("sha256={right}"))),
        ("hmac_prefixed", sent(&format!("sha256:{right}"))),
        ("hmac_prefixed", sent(&format!("hmac-sha256={right}"))),
        ("hmac_prefixed", sent(&format!("v1={right}"))),
        ("hmac_prefixed", sent(&format!("0x{right}"))),
        ("hmac_prefixed + hmac_base64", sent(&format!("v1,{base64}"))),
        (
            "hmac_prefixed",
            sent(&format!("HMAC-SHA2-256(stdin)= {right}")),
        ),
        ("hmac_prefixed", sent(&format!("Bearer {right}"))),
        ("hmac_with_white_space", sent(&format!("{right}\n"))),
        ("hmac_with_white_space", sent(&format!(" {right} "))),
        ("hmac_quoted", sent(&format!("\"{right}\""))),
        ("hmac_quoted", sent(&format!("'{right}'"))),
        ("hmac_in_json", sent(&format!("{{\"hmac\":\"{right}\"}}"))),
        ("hmac_separated", sent(&joined(" "))),
        ("hmac_separated", sent(&joined(":"))),
        ("hmac_separated", sent(&joined("-"))),
        (
            "hmac_separated",
            sent(&format!("<Buffer {}>", joined(" ").to_lowercase())),
        ),
        ("hmac_cut_short", sent(&right[..63])),
        ("hmac_cut_short", sent(&right[..40])),
        ("hmac_cut_short", sent(&right[..8])),
        ("hmac_beginning_lost", sent(&right[1..])),
        ("hmac_hex_of_text", sent(&hex(&right))),
        ("hmac_base64_of_text", sent(&STANDARD.encode(&right))),
        ("hmac_with_other_text", sent(&format!("{right}  -"))),
        ("hmac_with_other_text", sent(&format!("{right};"))),
        ("hmac_with_other_text", sent(&format!("{right}{right}"))),
        ("hmac_with_other_text", sent(&format!("{right}0123"))),
        ("hmac_python_bytes", sent(&format!("b'{right}'"))),
        ("hmac_python_bytes", sent(&format!("b'{python}'"))),
        ("hmac_byte_list", sent(&format!("{bytes:?}"))),
        ("hmac_byte_list", sent(&format!("{signed:?}"))),
        // Go: fmt.Sprint(mac.Sum(nil))
        (
            "hmac_byte_list",
            sent(&format!("{bytes:?}").replace(',', "")),
        ),
        (
            "hmac_signed_number",
            Question::new(SECRET, &negative_id, negative),
        ),
        // Node: digest().toString()
        (
            "hmac_raw_bytes + hmac_bytes_replaced",
            sent(&String::from_utf8_lossy(&bytes)),
        ),
        (
            "hmac_byte_list",
            sent(&json!({"type": "Buffer", "data": bytes}).to_string()),
        ),
        (
            "hmac_raw_bytes",
            Question::new(SECRET, &text_id, raw(SECRET, &text_id)),
        ),
        (
            "hmac_zeros_lost",
            Question::new(
                SECRET,
                &zeros_id,
                written(&raw(SECRET, &zeros_id), |byte| format!("{byte:x}")),
            ),
        ),
        (
            "hmac_bytes_signed",
            sent(&written(&bytes, |byte| {
                format!("{:02x}", i32::from(byte.cast_signed()))
            })),
        ),
        (
            "hmac_mistyped",
            sent(&format!("{}{}{}", &right[..20], "00", &right[22..])),
        ),
        (
            "hmac_mistyped",
            sent(&format!("{}{}", &right[..20], &right[21..])),
        ),
        (
            "hmac_odd_characters",
            sent(&format!("{}\u{200b}{}", &right[..32], &right[32..])),
        ),
        ("hmac_missing", sent("")),
        ("hmac_missing", sent("undefined")),
        ("hmac_missing", sent("[object Promise]")),
        ("hmac_object_name", sent("[B@1b6d3586")),
        ("hmac_object_name", sent("System.Byte[]")),
        (
            "hmac_object_name",
            sent("<built-in method hexdigest of _hashlib.HMAC object at 0x7f1c>"),
        ),
        ("hmac_is_visitor_id", sent(ID)),
        ("hmac_is_secret", sent(SECRET)),
    ]);
}

#[test]
fn two_mistakes_together_are_both_named() {
    let base64 = |bytes: Vec<u8>| STANDARD.encode(bytes);
    let newline = format!("{SECRET}\n");
    let sent = |hmac: String| Question::new(SECRET, ID, hmac);
    let sha1 = |key: &str, id: &str| hex(hmac_of(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key, id));
    assert_answers([
        (
            "secret_trailing_newline + hmac_base64",
            sent(base64(raw(&newline, ID))),
        ),
        (
            "visitor_id_json_string + hmac_base64",
            sent(base64(raw(SECRET, "\"Visitor_42\""))),
        ),
        (
            "secret_trailing_newline + visitor_id_trailing_newline",
            sent(sign(&newline, "Visitor_42\n")),
        ),
        (
            "secret_trailing_newline + algorithm_hmac_sha1",
            sent(sha1(&newline, ID)),
        ),
        (
            "visitor_id_letter_case + algorithm_hmac_sha1",
            sent(sha1(SECRET, "visitor_42")),
        ),
        (
            "secret_quoted + secret_trailing_newline",
            sent(sign(format!("\"{SECRET}\"\n"), ID)),
        ),
        (
            "visitor_id_json_string + visitor_id_trailing_newline",
            sent(sign(SECRET, "\"Visitor_42\"\n")),
        ),
        (
            "hmac_prefixed + hmac_base64",
            sent(format!("sha256={}", base64(raw(SECRET, ID)))),
        ),
        (
            "hmac_quoted + hmac_cut_short",
            sent(format!("\"{}\"", &sign(SECRET, ID)[..32])),
        ),
        (
            "algorithm_hmac_sha512 + hmac_cut_short",
            sent(hex(hmac_of(hmac::HMAC_SHA512, SECRET, ID))[..64].to_owned()),
        ),
        (
            "arguments_swapped + hmac_base64",
            sent(base64(raw(ID, SECRET))),
        ),
        (
            "algorithm_plain_sha256 + hmac_prefixed",
            sent(format!(
                "sha256={}",
                hash(&digest::SHA256, format!("{SECRET}{ID}"))
            )),
        ),
        (
            "secret_cut_short + hmac_base64",
            sent(base64(raw(&SECRET[..20], ID))),
        ),
        (
            "signed_with_previous_secret + secret_trailing_newline",
            sent(sign("Zq6-old\n", ID)).previous("Zq6-old"),
        ),
        (
            "also_signed + visitor_id_letter_case",
            sent(sign(SECRET, "jane@example.com")).also(&["Jane@Example.com"]),
        ),
        (
            "secret_hex_decoded + visitor_id_trailing_newline",
            Question::new(
                "5a71372d626174746572792d737461706c65",
                ID,
                sign("Zq7-battery-staple", "Visitor_42\n"),
            ),
        ),
    ]);
}

#[test]
fn a_wrong_hmac_without_a_usual_mistake_is_unexplained() {
    let wrong = digest::digest(&digest::SHA256, b"random");
    for wrong in [hex(wrong), STANDARD.encode(wrong)] {
        assert!(Question::new(SECRET, ID, wrong).ask().is_unexplained());
    }
}

#[test]
fn the_form_of_a_text_that_is_not_an_hmac_is_described() {
    let wrong = hash(&digest::SHA256, "random");
    for (hmac, told) in [
        ("hello", "character 1 of 5 is not a hexadecimal digit"),
        ("12345", "digits in the hmac: 5."),
        (&wrong[..32], "digits in the hmac: 32, as in an MD5."),
        (&wrong[..40], "digits in the hmac: 40, as in a SHA-1."),
        (&wrong.repeat(100), "digits in the hmac: 6400."),
        ("\u{1f600}", "character 1 of 1 is not"),
    ] {
        let hints = Question::new(SECRET, ID, hmac).ask().hints;
        assert!(hints[0].contains(told), "{hints:?}");
    }
}

#[test]
fn a_secret_that_sign_refuses_is_examined_all_the_same_and_a_hint_says_so() {
    let quoted = format!("'{SECRET}'");
    let diagnosis = Question::new(&quoted, ID, sign(&quoted, ID)).ask();
    assert!(diagnosis.matches);
    assert!(diagnosis.hints[0].contains("refuse this secret: the secret stands in quotes"));
}

#[test]
fn every_placeholder_and_every_reference_that_the_core_refuses_is_named() {
    let signed_with = |secret: String| Question::new(SECRET, ID, sign(secret, ID)).codes();
    for placeholder in setting::placeholders() {
        assert_eq!(signed_with(placeholder), ["secret_placeholder"]);
    }
    for name in ["IDENTITY_SECRET", "CHAT_SECRET"] {
        for reference in setting::references(name) {
            assert_eq!(signed_with(reference), ["secret_variable_name"]);
        }
    }
}

#[test]
fn bytes_that_java_wrote_without_padding_are_named_for_every_id() {
    for number in 0..100 {
        let id = format!("visitor_{number}");
        // Integer.toHexString(b), and Integer.toHexString(b & 0xff).
        let signed = written(&raw(SECRET, &id), |byte| {
            format!("{:x}", i32::from(byte.cast_signed()))
        });
        let unsigned = written(&raw(SECRET, &id), |byte| format!("{byte:x}"));
        assert_eq!(
            Question::new(SECRET, &id, signed).codes(),
            ["hmac_bytes_signed"]
        );
        let codes = Question::new(SECRET, &id, &unsigned).codes();
        let lost = ["hmac_zeros_lost", "hmac_beginning_lost"];
        if unsigned.len() == 64 {
            assert!(codes.is_empty());
        } else {
            assert!(codes.len() == 1 && lost.contains(&codes[0]), "{codes:?}");
        }
    }
}

#[test]
fn long_ids_and_many_other_values_are_searched_too() {
    let long = "Visitor é ".repeat(1_000);
    let emails: Vec<&'static str> = vec!["someone-else@example.com"; 99];
    let also = [emails.as_slice(), &["jane@example.com"]].concat();
    assert_answers([
        (
            "visitor_id_trailing_newline",
            Question::new(SECRET, &long, sign(SECRET, format!("{long}\n"))),
        ),
        (
            "visitor_id_unicode_normalised",
            Question::new(SECRET, &long, sign(SECRET, long.nfd().collect::<String>())),
        ),
        (
            "also_signed",
            Question::new(SECRET, &long, sign(SECRET, "jane@example.com")).also(&also),
        ),
    ]);
}
