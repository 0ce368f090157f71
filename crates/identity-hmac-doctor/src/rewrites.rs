//! What people and programs do to a text on its way: the changes that the tables of mistakes are
//! made of. Each function gives every result that is likely, and none where there is nothing to
//! change.

use base64::Engine;
use base64::engine::general_purpose::{
    STANDARD, STANDARD_NO_PAD, STANDARD_NO_PAD_INDIFFERENT, URL_SAFE, URL_SAFE_NO_PAD,
    URL_SAFE_NO_PAD_INDIFFERENT,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use unicode_normalization::UnicodeNormalization;

/// The results of a change.
pub(crate) type Rewritten = Vec<Vec<u8>>;

const BOM: &str = "\u{feff}";

/// As a shell, a `.env` file, Markdown or a word processor writes them.
const QUOTES: [(&str, &str); 5] = [
    ("\"", "\""),
    ("'", "'"),
    ("`", "`"),
    ("\u{201c}", "\u{201d}"),
    ("\u{2018}", "\u{2019}"),
];

/// What JavaScript's `encodeURIComponent` leaves alone.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// What RFC 3986 leaves alone, and with it PHP's `rawurlencode` and Go's `url.QueryEscape`.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// What Python's `quote` leaves alone.
const PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// In the order in which they can be replaced one after the other.
const HTML: [(&str, &str); 6] = [
    ("&", "&amp;"),
    ("<", "&lt;"),
    (">", "&gt;"),
    ("\"", "&quot;"),
    ("'", "&#39;"),
    ("'", "&#x27;"),
];

/// Characters that show as nothing and that editors and chats leave around a text.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

pub(crate) fn surrounded(input: &[u8], before: &str, after: &str) -> Vec<u8> {
    [before.as_bytes(), input, after.as_bytes()].concat()
}

/// Applies `change` to an input that is text.
pub(crate) fn of_text(input: &[u8], change: impl Fn(&str) -> Vec<String>) -> Rewritten {
    str::from_utf8(input).map_or_else(
        |_| Vec::new(),
        |text| change(text).into_iter().map(String::into_bytes).collect(),
    )
}

// White space, quotes and other things around it

pub(crate) fn with_newline(input: &[u8]) -> Rewritten {
    vec![surrounded(input, "", "\n"), surrounded(input, "", "\n\n")]
}

pub(crate) fn with_crlf(input: &[u8]) -> Rewritten {
    vec![surrounded(input, "", "\r\n")]
}

pub(crate) fn with_carriage_return(input: &[u8]) -> Rewritten {
    vec![surrounded(input, "", "\r")]
}

pub(crate) fn with_white_space(input: &[u8]) -> Rewritten {
    let around = [
        ("", " "),
        (" ", ""),
        (" ", " "),
        ("", "\t"),
        ("\t", ""),
        ("\n", ""),
        ("", "\u{a0}"),
        ("", "\u{200b}"),
    ];
    around
        .map(|(before, after)| surrounded(input, before, after))
        .to_vec()
}

/// What stands beside a value in the text that it was copied from.
pub(crate) fn with_punctuation(input: &[u8]) -> Rewritten {
    let around = [
        ("", ","),
        ("", ";"),
        ("", "."),
        ("", "\""),
        ("\"", ""),
        ("", "'"),
        ("'", ""),
    ];
    around
        .map(|(before, after)| surrounded(input, before, after))
        .to_vec()
}

pub(crate) fn trimmed(input: &[u8]) -> Rewritten {
    of_text(input, |text| {
        vec![
            text.trim_matches(is_blank).to_owned(),
            text.trim_end_matches(['\r', '\n']).to_owned(),
            text.trim_end_matches(is_blank).to_owned(),
            text.trim_start_matches(is_blank).to_owned(),
        ]
    })
}

/// Also what a wrapped line left inside.
pub(crate) fn without_white_space(input: &[u8]) -> Rewritten {
    let inside = of_text(input, |text| vec![text.replace(is_blank, "")]);
    [trimmed(input), inside].concat()
}

pub(crate) fn with_quotes(input: &[u8]) -> Rewritten {
    QUOTES
        .map(|(open, close)| surrounded(input, open, close))
        .to_vec()
}

pub(crate) fn without_quotes(input: &[u8]) -> Rewritten {
    let inside = |(open, close): (&str, &str)| {
        input
            .strip_prefix(open.as_bytes())?
            .strip_suffix(close.as_bytes())
    };
    QUOTES
        .into_iter()
        .filter_map(inside)
        .map(<[u8]>::to_vec)
        .collect()
}

pub(crate) fn with_byte_order_mark(input: &[u8]) -> Rewritten {
    vec![surrounded(input, BOM, "")]
}

pub(crate) fn without_byte_order_mark(input: &[u8]) -> Rewritten {
    input
        .strip_prefix(BOM.as_bytes())
        .map(<[u8]>::to_vec)
        .into_iter()
        .collect()
}

pub(crate) fn with_nul(input: &[u8]) -> Rewritten {
    vec![surrounded(input, "", "\0")]
}

pub(crate) fn without_nul(input: &[u8]) -> Rewritten {
    let without = |&byte: &u8| byte != 0;
    vec![
        input.iter().copied().take_while(without).collect(),
        input.iter().copied().filter(without).collect(),
    ]
}

pub(crate) fn without(input: &[u8], unwanted: u8) -> Vec<u8> {
    let kept = input.iter().copied().filter(|&byte| byte != unwanted);
    kept.collect()
}

pub(crate) fn with_backslash_n(input: &[u8]) -> Rewritten {
    vec![surrounded(input, "", r"\n"), surrounded(input, "", r"\r\n")]
}

pub(crate) fn without_backslash_n(input: &[u8]) -> Rewritten {
    let endings = [r"\r\n", r"\n"];
    let without = |ending: &str| input.strip_suffix(ending.as_bytes()).map(<[u8]>::to_vec);
    endings.into_iter().filter_map(without).collect()
}

pub(crate) fn twice(input: &[u8]) -> Rewritten {
    vec![input.repeat(2)]
}

/// One of two equal halves.
pub(crate) fn half(input: &[u8]) -> Rewritten {
    let (first, second) = input.split_at(input.len() / 2);
    if first == second {
        vec![first.to_vec()]
    } else {
        Vec::new()
    }
}

/// Every beginning and every ending, the longest first; of long inputs only the longest ones.
pub(crate) fn cut(input: &[u8]) -> Rewritten {
    const LONGEST: usize = 256;
    (1..input.len())
        .take(LONGEST)
        .flat_map(|lost| [&input[..input.len() - lost], &input[lost..]])
        .map(<[u8]>::to_vec)
        .collect()
}

// Letters

pub(crate) fn in_other_case(input: &[u8]) -> Rewritten {
    of_text(input, |text| vec![text.to_lowercase(), text.to_uppercase()])
}

pub(crate) fn normalised(input: &[u8]) -> Rewritten {
    of_text(input, |text| {
        vec![
            text.nfc().collect(),
            text.nfd().collect(),
            text.nfkc().collect(),
            text.nfkd().collect(),
        ]
    })
}

// Character encodings

pub(crate) fn in_utf_16(input: &[u8]) -> Rewritten {
    let Ok(text) = str::from_utf8(input) else {
        return Vec::new();
    };
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    vec![
        [&[0xff, 0xfe], little.as_slice()].concat(),
        [&[0xfe, 0xff], big.as_slice()].concat(),
        little,
        big,
    ]
}

/// Also brings a text back that went through [`in_utf_8_twice`].
pub(crate) fn in_latin_1(input: &[u8]) -> Rewritten {
    let Ok(text) = str::from_utf8(input) else {
        return Vec::new();
    };
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    bytes.into_iter().collect()
}

/// Bytes that were read as Latin-1 and written as UTF-8.
pub(crate) fn in_utf_8_twice(input: &[u8]) -> Rewritten {
    vec![
        input
            .iter()
            .map(|&byte| char::from(byte))
            .collect::<String>()
            .into_bytes(),
    ]
}

/// Every character that the character set did not have was replaced: by one `?` for each
/// character, for each unit of UTF-16 (C#) or for each byte of UTF-8, or by nothing.
pub(crate) fn with_characters_replaced(input: &[u8]) -> Rewritten {
    let text = String::from_utf8_lossy(input);
    let with = |replacement: &str, count: fn(char) -> usize| {
        let replaced = text.chars().map(|c| {
            if c.is_ascii() {
                c.to_string()
            } else {
                replacement.repeat(count(c))
            }
        });
        replaced.collect::<String>().into_bytes()
    };
    vec![
        text.clone().into_owned().into_bytes(),
        with("?", |_| 1),
        with("?", char::len_utf16),
        with("?", char::len_utf8),
        with("\u{fffd}", |_| 1),
        with("\u{fffd}", char::len_utf16),
        with("", |_| 0),
    ]
}

// Notations for bytes

pub(crate) fn hex_encoded(input: &[u8]) -> Rewritten {
    vec![
        hex::encode(input).into_bytes(),
        hex::encode_upper(input).into_bytes(),
    ]
}

pub(crate) fn hex_decoded(input: &[u8]) -> Rewritten {
    hex::decode(input).into_iter().collect()
}

pub(crate) fn base64_encoded(input: &[u8]) -> Rewritten {
    vec![
        STANDARD.encode(input).into_bytes(),
        STANDARD_NO_PAD.encode(input).into_bytes(),
    ]
}

pub(crate) fn base64url_encoded(input: &[u8]) -> Rewritten {
    vec![
        URL_SAFE_NO_PAD.encode(input).into_bytes(),
        URL_SAFE.encode(input).into_bytes(),
    ]
}

pub(crate) fn base64_decoded(input: &[u8]) -> Rewritten {
    STANDARD_NO_PAD_INDIFFERENT
        .decode(input)
        .into_iter()
        .collect()
}

pub(crate) fn base64url_decoded(input: &[u8]) -> Rewritten {
    URL_SAFE_NO_PAD_INDIFFERENT
        .decode(input)
        .into_iter()
        .collect()
}

pub(crate) fn with_other_padding(input: &[u8]) -> Rewritten {
    of_text(input, |text| {
        let bare = text.trim_end_matches('=');
        vec![bare.to_owned(), format!("{bare}="), format!("{bare}==")]
    })
}

// Escapes

pub(crate) fn percent_encoded(input: &[u8]) -> Rewritten {
    of_text(input, |text| {
        let [component, unreserved, path] = [COMPONENT, UNRESERVED, PATH]
            .map(|left_alone| utf8_percent_encode(text, left_alone).to_string());
        let form = unreserved.replace("%20", "+");
        vec![component, unreserved, path, form]
    })
}

pub(crate) fn percent_decoded(input: &[u8]) -> Rewritten {
    let spaced: Vec<u8> = input
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    vec![
        percent_decode(input).collect(),
        percent_decode(&spaced).collect(),
    ]
}

pub(crate) fn html_escaped(input: &[u8]) -> Rewritten {
    of_text(input, |text| {
        let [and, less, greater, double, single, single_in_hex] = HTML;
        let replaced = |rows: &[(&str, &str)]| {
            rows.iter()
                .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
        };
        vec![
            replaced(&[and, less, greater, double, single]),
            replaced(&[and, less, greater, double, single_in_hex]),
            replaced(&[and, less, greater, double]),
            replaced(&[and, less, greater]),
        ]
    })
}

pub(crate) fn html_unescaped(input: &[u8]) -> Rewritten {
    of_text(input, |text| {
        let undone = |text: String, (to, from): &(&str, &str)| text.replace(from, to);
        vec![HTML.iter().rev().fold(text.to_owned(), undone)]
    })
}

/// As a JSON string: written by JavaScript, by Python's `json.dumps` and by PHP.
pub(crate) fn as_json_string(input: &[u8]) -> Rewritten {
    of_text(input, |text| {
        let json = serde_json::Value::from(text).to_string();
        let unit = |unit| match u8::try_from(unit) {
            Ok(ascii) if ascii.is_ascii() => char::from(ascii).to_string(),
            _ => format!("\\u{unit:04x}"),
        };
        let ascii: String = json.encode_utf16().map(unit).collect();
        let php = ascii.replace('/', r"\/");
        vec![json, ascii, php]
    })
}

/// The strings and numbers in a JSON text, however deep.
pub(crate) fn from_json(input: &[u8]) -> Rewritten {
    fn collect(value: serde_json::Value, found: &mut Rewritten) {
        match value {
            serde_json::Value::String(text) => found.push(text.into_bytes()),
            serde_json::Value::Number(number) => found.push(number.to_string().into_bytes()),
            serde_json::Value::Array(values) => {
                for value in values {
                    collect(value, found);
                }
            }
            serde_json::Value::Object(fields) => {
                for (_, value) in fields {
                    collect(value, found);
                }
            }
            serde_json::Value::Null | serde_json::Value::Bool(_) => {}
        }
    }
    let mut found = Vec::new();
    if let Ok(value) = serde_json::from_slice(input) {
        collect(value, &mut found);
    }
    found
}
