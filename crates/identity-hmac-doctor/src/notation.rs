//! The mistakes that people make with the hmac: how it was written down, and what happened to it on
//! its way.

use std::collections::HashSet;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use unicode_normalization::UnicodeNormalization;

use crate::mistake::{Cause, Mistake, Variant};
use crate::rewrites::{self, Rewritten};

/// Digits in an HMAC-SHA256.
const DIGITS: usize = 64;
/// With fewer digits than these a beginning would fit by chance.
const FEWEST_DIGITS: usize = 8;
/// Nothing that holds an hmac is longer than this, a pasted JSON text included.
const LONGEST: usize = 4096;
/// U+FFFD in UTF-8, as hexadecimal digits.
const REPLACED: &str = "efbfbd";
/// As in `sha256=` before base64 with its `+` percent-encoded.
const MOST_MISTAKES: usize = 3;

/// A text that may be what was signed, as hexadecimal digits in lower case.
pub(crate) struct Reading {
    digits: String,
    causes: Vec<Cause>,
}

/// Everything that the `hmac` may mean, the fewest mistakes first. Letter case is not a mistake.
pub(crate) fn readings(hmac: &[u8]) -> Vec<Reading> {
    if hmac.len() > LONGEST {
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let mut readings = Vec::new();
    let mut texts = vec![Variant::new(hmac)];
    for _ in 0..=MOST_MISTAKES {
        texts.retain(|text| seen.insert(text.bytes.to_vec()));
        for Variant { bytes, causes } in &texts {
            if bytes.len() >= FEWEST_DIGITS && is_hex(bytes) {
                let digits = String::from_utf8_lossy(bytes).to_ascii_lowercase();
                let causes = causes.clone();
                readings.push(Reading { digits, causes });
            }
        }
        texts = texts
            .iter()
            .flat_map(|text| text.with_one_of(MISTAKES))
            .collect();
    }
    readings
}

impl Reading {
    /// The mistakes that turn the digits `right` into this reading; `None` if it is another hmac.
    ///
    /// The comparison shows its caller where two hmacs differ. That is safe here: its caller has the
    /// secret.
    pub(crate) fn mistakes(&self, right: &str) -> Option<Vec<Cause>> {
        let given = self.digits.as_str();
        let damage = if given == right {
            None
        } else if right.starts_with(given) {
            Some(Cause {
                code: "hmac_cut_short",
                message: format!(
                    "The hmac is cut short: only the first {} of its {} digits are there.",
                    given.len(),
                    right.len(),
                )
                .into(),
                remedy: "Send all of it; look for a database field, a log line or a slice that is \
                         too short.",
            })
        } else if is_within(given.as_bytes(), right.as_bytes()) {
            Some(Cause {
                code: "hmac_beginning_lost",
                message: format!(
                    "The beginning of the hmac is lost: only {} of its {} digits are there.",
                    given.len(),
                    right.len(),
                )
                .into(),
                remedy: "Send all of it. A number or BigInteger loses leading zeros: write two \
                         digits for each byte.",
            })
        } else if given.len() < right.len() && given.chars().eq(without_leading_zeros(right)) {
            Some(Cause {
                code: "hmac_zeros_lost",
                message:
                    "The hmac was written byte by byte without leading zeros, as `3` for `03`."
                        .into(),
                remedy: "Write two digits for each byte: `padStart(2, '0')` in JavaScript, `%02x` \
                         elsewhere.",
            })
        } else if given.chars().eq(with_signs_extended(right, false))
            || given.chars().eq(with_signs_extended(right, true))
        {
            Some(Cause {
                code: "hmac_bytes_signed",
                message: "The hmac was written from signed bytes, as `ffffffd2` for `d2`.".into(),
                remedy: "Write two digits for each byte: `HexFormat` or `%02x` in Java, not \
                         `Integer.toHexString`.",
            })
        } else if given.contains(REPLACED) && as_lossy_text(right).as_deref() == Some(given) {
            Some(Cause {
                code: "hmac_bytes_replaced",
                message: "The 32 bytes of the hmac were read as text: what is no text became \
                          `\u{fffd}`, and is lost."
                    .into(),
                remedy: "Write the bytes in hexadecimal before they become text: `digest('hex')` in \
                         Node, `hexdigest` in Python and Ruby.",
            })
        } else if differs_in_one_place(given, right) {
            Some(Cause {
                code: "hmac_mistyped",
                message: "The hmac is the right one but for a digit or two in one place.".into(),
                remedy: "Copy it again, and do not type it.",
            })
        } else {
            return None;
        };
        Some(self.causes.iter().cloned().chain(damage).collect())
    }
}

/// From what was given as the hmac to what it was before the mistake, the commonest first.
const MISTAKES: &[Mistake] = &[
    Mistake {
        code: "hmac_with_white_space",
        message: "The hmac has white space or a line end around it.",
        remedy: "Remove it before sending the hmac.",
        made: rewrites::trimmed,
    },
    Mistake {
        code: "hmac_quoted",
        message: "The hmac has quotes around it.",
        remedy: "Send the digits without quotes: parse the backend's JSON answer with \
                 `res.json()`, not `res.text()`.",
        made: rewrites::without_quotes,
    },
    Mistake {
        code: "hmac_in_json",
        message: "The hmac is a whole JSON text, such as {\"hmac\":\"…\"}.",
        remedy: "Parse the backend's answer and send the value alone: \
                 `const { hmac } = await res.json()`.",
        made: rewrites::from_json,
    },
    Mistake {
        code: "hmac_python_bytes",
        message: "The hmac is written as Python shows bytes, b'…'.",
        remedy: "Use `hexdigest()` in place of `digest()`, and `.decode()` in place of `str()`.",
        made: python_bytes,
    },
    Mistake {
        code: "hmac_base64",
        message: "The hmac is in base64.",
        remedy: "Write it in hexadecimal: `digest('hex')` in Node, `hexdigest` in Python and Ruby.",
        made: |text| base64_decoded(text, &alphabet::STANDARD),
    },
    Mistake {
        code: "hmac_base64url",
        message: "The hmac is in base64url.",
        remedy: "Write it in hexadecimal: `digest('hex')` in Node, `hexdigest` in Python and Ruby.",
        made: |text| base64_decoded(text, &alphabet::URL_SAFE),
    },
    Mistake {
        code: "hmac_prefixed",
        message: "The hmac has something in front, such as `sha256=`, `v1,` or `0x`.",
        remedy: "Send the 64 digits alone.",
        made: without_prefix,
    },
    Mistake {
        code: "hmac_with_other_text",
        message: "The hmac has other text around it.",
        remedy: "Send the 64 digits alone.",
        made: runs_of_digits,
    },
    Mistake {
        code: "hmac_separated",
        message: "The hmac has spaces, colons or other marks between its bytes.",
        remedy: "Send the 64 digits in a row.",
        made: without_separators,
    },
    Mistake {
        code: "hmac_base64_of_text",
        message: "The hmac was encoded twice: it is the base64 of its hexadecimal digits.",
        remedy: "Encode the 32 bytes once, in hexadecimal.",
        made: |text| {
            let decoded = rewrites::base64_decoded(text).into_iter();
            decoded
                .chain(rewrites::base64url_decoded(text))
                .filter(|text| text.is_ascii())
                .collect()
        },
    },
    Mistake {
        code: "hmac_hex_of_text",
        message: "The hmac was encoded twice: it is the hexadecimal of its hexadecimal digits.",
        remedy: "Encode the 32 bytes once, in hexadecimal.",
        made: |text| {
            rewrites::hex_decoded(text)
                .into_iter()
                .filter(|text| text.is_ascii())
                .collect()
        },
    },
    Mistake {
        code: "hmac_percent_encoded",
        message: "The hmac is percent-encoded.",
        remedy: "Decode it before sending it, or better: send the 64 hexadecimal digits, which \
                 need no encoding.",
        made: |text| {
            rewrites::percent_decoded(text)
                .into_iter()
                .take(1)
                .collect()
        },
    },
    Mistake {
        code: "hmac_plus_lost",
        message: "A `+` in the hmac became a space, as a URL or form decoder does.",
        remedy: "Write the hmac in hexadecimal, which has no character that a URL changes.",
        made: |text| rewrites::of_text(text, |text| vec![text.replace(' ', "+")]),
    },
    Mistake {
        code: "hmac_byte_list",
        message: "The hmac is a list of its bytes in decimal.",
        remedy: "Write it in hexadecimal: `digest('hex')` in Node, `HexFormat` in Java.",
        made: byte_list,
    },
    Mistake {
        code: "hmac_signed_number",
        message: "The hmac was written as a number that may be negative, as `-2c2d…`.",
        remedy: "Write two digits for each byte: `HexFormat` in Java, not `BigInteger`.",
        made: from_negative_number,
    },
    Mistake {
        code: "hmac_raw_bytes",
        message: "The hmac is its 32 raw bytes, not their hexadecimal digits.",
        remedy: "Write it in hexadecimal: `digest('hex')` in Node, `hexdigest` in Python and Ruby.",
        made: |text| {
            let bytes = [vec![text.to_vec()], rewrites::in_latin_1(text)]
                .concat()
                .into_iter();
            bytes
                .filter(|bytes| !bytes.is_ascii())
                .map(|bytes| hex::encode(bytes).into())
                .collect()
        },
    },
    Mistake {
        code: "hmac_odd_characters",
        message: "The hmac holds invisible or full-width characters.",
        remedy: "Copy it again, from a plain text, without passing through a chat or a document.",
        made: |text| {
            rewrites::of_text(text, |text| {
                vec![
                    text.nfkc()
                        .filter(|&c| !rewrites::is_blank(c) && c != '\u{ad}')
                        .collect(),
                ]
            })
        },
    },
    Mistake {
        code: "hmac_look_alikes",
        message: "The hmac holds a letter that looks like a digit, such as O for 0 or l for 1.",
        remedy: "Copy it again, and do not type it.",
        made: |text| {
            rewrites::of_text(text, |text| {
                vec![text.replace(['O', 'o'], "0").replace(['l', 'I', 'i'], "1")]
            })
        },
    },
];

fn is_hex(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_hexdigit)
}

/// As hexadecimal digits; forgiving, because the end may be cut off.
fn base64_decoded(text: &[u8], alphabet: &alphabet::Alphabet) -> Rewritten {
    let forgiving = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    // A lone last character holds less than a byte.
    let text = if text.len() % 4 == 1 {
        &text[..text.len() - 1]
    } else {
        text
    };
    let decoded = GeneralPurpose::new(alphabet, forgiving).decode(text);
    decoded
        .into_iter()
        .map(|bytes| hex::encode(bytes).into_bytes())
        .collect()
}

/// What stands behind the first `=`, `:` or `,`, which may also be padding, or behind a mark without one.
fn without_prefix(text: &[u8]) -> Rewritten {
    rewrites::of_text(text, |text| {
        let marked = ['=', ':', ',', ' '].map(|mark| text.split_once(mark).map(|(_, rest)| rest));
        let escaped = ["0x", "0X", r"\x", "sha256"].map(|start| text.strip_prefix(start));
        marked
            .into_iter()
            .chain(escaped)
            .flatten()
            .map(|rest| rest.trim().to_owned())
            .collect()
    })
}

/// As `03 d2 …`, `03:d2:…`, `03-D2-…`, `0x03, 0xd2, …`, `\x03\xd2…` or `<Buffer 03 d2 …>`.
fn without_separators(text: &[u8]) -> Rewritten {
    rewrites::of_text(text, |text| {
        let text = text
            .trim_start_matches("<Buffer")
            .trim_matches(['<', '>', '[', ']', '{', '}']);
        let text = text.replace("0x", "").replace(r"\x", "");
        vec![text.replace(|c: char| c.is_whitespace() || ":-_,.;|".contains(c), "")]
    })
}

/// `b'…'`, with its escapes: the text itself, or its bytes as hexadecimal digits.
fn python_bytes(text: &[u8]) -> Rewritten {
    let inside = |quote: &str| {
        text.strip_prefix(b"b")?
            .strip_prefix(quote.as_bytes())?
            .strip_suffix(quote.as_bytes())
    };
    let Some(mut rest) = inside("'").or_else(|| inside("\"")) else {
        return Vec::new();
    };
    let mut bytes = Vec::new();
    while let [first, tail @ ..] = rest {
        let (byte, tail) = match (first, tail) {
            (b'\\', [b'x', high, low, tail @ ..]) => match hex::decode([*high, *low]).as_deref() {
                Ok(&[byte]) => (byte, tail),
                _ => return Vec::new(),
            },
            (b'\\', [b'n', tail @ ..]) => (b'\n', tail),
            (b'\\', [b'r', tail @ ..]) => (b'\r', tail),
            (b'\\', [b't', tail @ ..]) => (b'\t', tail),
            (b'\\', [escaped, tail @ ..]) => (*escaped, tail),
            _ => (*first, tail),
        };
        bytes.push(byte);
        rest = tail;
    }
    vec![hex::encode(&bytes).into_bytes(), bytes]
}

/// As `3,210,…`, `[3, -46, …]`, Go's `[3 210 …]` or `{"type":"Buffer","data":[3,210,…]}`, or in words of 32 bits as
/// `CryptoJS` shows its `WordArray`. In Java and `CryptoJS` they are signed.
fn byte_list(text: &[u8]) -> Rewritten {
    rewrites::of_text(text, |text| {
        let list = text.rsplit_once('[').map_or(text, |(_, list)| list);
        let list = list.split_once(']').map_or(list, |(list, _)| list);
        let separators = |c: char| c == ',' || c.is_whitespace();
        let numbers = list.split(separators).filter(|number| !number.is_empty());
        let numbers = numbers.map(str::parse);
        let Ok(numbers) = numbers.collect::<Result<Vec<i32>, _>>() else {
            return Vec::new();
        };
        let bytes = numbers.iter().map(|&number| match u8::try_from(number) {
            Ok(byte) => Some(byte),
            Err(_) => i8::try_from(number).ok().map(i8::cast_unsigned),
        });
        let bytes: Option<Vec<u8>> = bytes.collect();
        let words = || numbers.iter().flat_map(|word| word.to_be_bytes()).collect();
        vec![hex::encode(bytes.unwrap_or_else(words))]
    })
}

/// As Java's `BigInteger` writes 32 bytes that begin with a set bit: the two's complement.
fn from_negative_number(text: &[u8]) -> Rewritten {
    let digits = text
        .strip_prefix(b"-")
        .filter(|digits| digits.len() <= DIGITS);
    let padded = digits.map(|digits| [&vec![b'0'; DIGITS - digits.len()], digits].concat());
    let Some(mut bytes) = padded.and_then(|digits| hex::decode(digits).ok()) else {
        return Vec::new();
    };
    let mut carry = true;
    for byte in bytes.iter_mut().rev() {
        (*byte, carry) = (!*byte).overflowing_add(carry.into());
    }
    vec![hex::encode(bytes).into_bytes()]
}

/// Every run of digits that is long enough, or both ends of a single one that is too long.
fn runs_of_digits(text: &[u8]) -> Rewritten {
    if is_hex(text) && text.len() > DIGITS {
        return vec![
            text[..DIGITS].to_vec(),
            text[text.len() - DIGITS..].to_vec(),
        ];
    }
    text.split(|byte| !byte.is_ascii_hexdigit())
        .filter(|run| run.len() >= FEWEST_DIGITS)
        .map(<[u8]>::to_vec)
        .collect()
}

/// The two digits of each byte of `digits`.
fn bytes_of(digits: &str) -> impl Iterator<Item = &str> {
    (0..digits.len())
        .step_by(2)
        .filter_map(|start| digits.get(start..start + 2))
}

fn without_leading_zeros(right: &str) -> impl Iterator<Item = char> {
    bytes_of(right).flat_map(|byte| byte.strip_prefix('0').unwrap_or(byte).chars())
}

/// As Java's `Integer.toHexString` writes a byte, which is also without its leading zero, or as C's
/// `%02x` writes it.
fn with_signs_extended(right: &str, padded: bool) -> impl Iterator<Item = char> {
    bytes_of(right).flat_map(move |byte| {
        let negative = byte.starts_with(|digit| digit >= '8');
        let sign = if negative { "ffffff" } else { "" };
        let zero = if padded { None } else { byte.strip_prefix('0') };
        sign.chars().chain(zero.unwrap_or(byte).chars())
    })
}

/// The 32 bytes, read as UTF-8 with U+FFFD in place of what is not UTF-8, in hexadecimal.
fn as_lossy_text(right: &str) -> Option<String> {
    let bytes = hex::decode(right).ok()?;
    Some(hex::encode(String::from_utf8_lossy(&bytes).as_bytes()))
}

/// Whether the hmac is what a language writes for an object that has no text.
pub(crate) fn is_object_name(hmac: &[u8]) -> bool {
    const STARTS: [&[u8]; 9] = [
        b"[B@",
        b"[object ",
        b"System.Byte[]",
        b"<hmac.HMAC object",
        b"<built-in method",
        b"<bound method",
        b"<function",
        b"#<OpenSSL::",
        b"function ",
    ];
    STARTS.iter().any(|start| hmac.starts_with(start)) || hmac == b"Array"
}

/// As `contains`, which first prepares a search that is too short to need it.
fn is_within(part: &[u8], whole: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

/// Whether no more than two digits in a row were changed, swapped, lost or added.
fn differs_in_one_place(given: &str, right: &str) -> bool {
    const FEW: usize = 2;
    let same = |(a, b): &(u8, u8)| a == b;
    let start = given.bytes().zip(right.bytes()).take_while(same).count();
    let (given, right) = (&given[start..], &right[start..]);
    let end = given
        .bytes()
        .rev()
        .zip(right.bytes().rev())
        .take_while(same)
        .count();
    given.len() - end <= FEW && right.len() - end <= FEW
}

/// What is wrong with the shape of an `hmac`; `None` if it is 64 hexadecimal digits.
pub(crate) fn wrong_shape(hmac: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(hmac);
    let length = text.chars().count();
    if let Some(place) = text.chars().position(|c| !c.is_ascii_hexdigit()) {
        return Some(format!(
            "This is not an hmac: character {} of {length} is not a hexadecimal digit \
             (0-9, a-f). An HMAC-SHA256 is {DIGITS} of them.",
            place + 1,
        ));
    }
    let like = match length {
        DIGITS => return None,
        32 => ", as in an MD5",
        40 => ", as in a SHA-1",
        56 => ", as in a SHA-224",
        96 => ", as in a SHA-384",
        128 => ", as in a SHA-512",
        _ => "",
    };
    Some(format!(
        "Number of digits in the hmac: {length}{like}. An HMAC-SHA256 has {DIGITS}."
    ))
}
