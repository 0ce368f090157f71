//! The mistakes that people make with the visitor id.

use sha2::{Digest, Sha256};

use crate::mistake::Mistake;
use crate::rewrites::{self, Rewritten, surrounded};

/// From the id that doctor was given to the one that was signed, the commonest first.
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        code: "visitor_id_trailing_newline",
        message: "The visitor id was signed with a line end behind it.",
        remedy: "Remove the line end before signing. `echo` writes one, `printf %s` does not.",
        made: |id| [rewrites::with_newline(id), rewrites::with_crlf(id)].concat(),
    },
    Mistake {
        code: "visitor_id_with_white_space",
        message: "The visitor id was signed with white space around it.",
        remedy: "Sign the id exactly as the chat gave it.",
        made: |id| {
            [
                rewrites::with_carriage_return(id),
                rewrites::with_white_space(id),
            ]
            .concat()
        },
    },
    Mistake {
        code: "visitor_id_given_with_byte_order_mark",
        message: "The visitor id given to doctor begins with a byte order mark, which no editor \
                  shows.",
        remedy: "Save the file of ids as UTF-8 without a byte order mark.",
        made: rewrites::without_byte_order_mark,
    },
    Mistake {
        code: "visitor_id_given_with_white_space",
        message: "The visitor id given to doctor has white space or a line end around or in it, and it \
                  was signed without.",
        remedy: "Send and verify the id exactly as the chat gave it, and do not trim it before \
                 signing.",
        made: rewrites::without_white_space,
    },
    Mistake {
        code: "visitor_id_json_string",
        message: "The visitor id was signed as a JSON string, with its quotes.",
        remedy: "Sign the id itself: parse the request body, and do not call `JSON.stringify` or \
                 `json.dumps` on the id.",
        made: rewrites::as_json_string,
    },
    Mistake {
        code: "visitor_id_quoted",
        message: "The visitor id was signed with quotes around it.",
        remedy: "Remove the quotes before signing.",
        made: rewrites::with_quotes,
    },
    Mistake {
        code: "visitor_id_given_quoted",
        message: "The visitor id given to doctor has quotes around it, and it was signed without.",
        remedy: "Give the id without quotes; what the page sends must not have them either.",
        made: rewrites::without_quotes,
    },
    Mistake {
        code: "visitor_id_json_object",
        message: "A whole JSON object was signed, such as {\"visitorId\":\"…\"}, not the visitor id \
                  in it.",
        remedy: "Take the id out of the request body before signing.",
        made: as_json_object,
    },
    Mistake {
        code: "visitor_id_given_in_json",
        message: "What was given to doctor is a JSON text; the id inside it was signed.",
        remedy: "Give doctor, and verify, the id alone.",
        made: rewrites::from_json,
    },
    Mistake {
        code: "visitor_id_letter_case",
        message: "The visitor id was signed in other letter case.",
        remedy: "Sign the id exactly as the chat gave it: do not change its letter case.",
        made: rewrites::in_other_case,
    },
    Mistake {
        code: "visitor_id_unicode_normalised",
        message: "The visitor id was signed in another Unicode normalisation: it looks the same \
                  (as é can be one character or two), its bytes differ.",
        remedy: "Sign the id exactly as the chat gave it, without normalising it (NFC, NFD).",
        made: rewrites::normalised,
    },
    Mistake {
        code: "visitor_id_with_name",
        message: "The visitor id was signed with its name in front, as in `visitorId=…`.",
        remedy: "Parse the query string or body and sign the value alone.",
        made: with_name,
    },
    Mistake {
        code: "visitor_id_given_with_name",
        message: "The visitor id given to doctor has a name in front, as in `visitorId=…`, and it \
                  was signed without.",
        remedy: "Give doctor, and verify, the id alone.",
        made: without_name,
    },
    Mistake {
        code: "visitor_id_percent_encoded",
        message: "The visitor id was signed percent-encoded, as it stands in a URL.",
        remedy: "Decode the query parameter once before signing; web frameworks do so by \
                 themselves.",
        made: rewrites::percent_encoded,
    },
    Mistake {
        code: "visitor_id_percent_decoded",
        message: "The visitor id was percent-decoded once too often, or a `+` in it became a \
                  space.",
        remedy: "Put the id through `encodeURIComponent` in the page, and do not decode again what \
                 the web framework has decoded.",
        made: rewrites::percent_decoded,
    },
    Mistake {
        code: "visitor_id_html_escaped",
        message: "The visitor id was signed HTML-escaped, such as `&amp;` for `&`.",
        remedy: "Sign the id before it is escaped for a page.",
        made: rewrites::html_escaped,
    },
    Mistake {
        code: "visitor_id_given_html_escaped",
        message: "The visitor id given to doctor is HTML-escaped, such as `&amp;` for `&`.",
        remedy: "Give doctor, and verify, the id as the chat gave it.",
        made: rewrites::html_unescaped,
    },
    Mistake {
        code: "visitor_id_python_bytes",
        message: "The visitor id was signed as Python writes bytes or a list, such as b'…' or \
                  ['…'].",
        remedy: "Turn bytes into text with `.decode()`, not `str()`, and take the one value out of \
                 a list before signing.",
        made: as_python_value,
    },
    Mistake {
        code: "visitor_id_with_punctuation",
        message: "The visitor id was signed with a comma, a semicolon, a full stop or a lone quote \
                  beside it.",
        remedy: "Remove it before signing: it comes from the text around the id.",
        made: rewrites::with_punctuation,
    },
    Mistake {
        code: "visitor_id_in_path",
        message: "The visitor id was signed with a slash, as it stands in a path.",
        remedy: "Take the id out of the path before signing.",
        made: |id| vec![surrounded(id, "/", ""), surrounded(id, "", "/")],
    },
    Mistake {
        code: "visitor_id_uuid_notation",
        message: "The visitor id was signed in another notation for a UUID (hyphens, braces, \
                  `urn:uuid:`).",
        remedy: "Handle the id as text, not as a UUID, and sign it exactly as the chat gave it.",
        made: in_other_uuid_notation,
    },
    Mistake {
        code: "visitor_id_number",
        message: "The visitor id was handled as a number, and lost digits, leading zeros or its \
                  form.",
        remedy: "Handle the id as text, from the page until it is signed.",
        made: as_number,
    },
    Mistake {
        code: "visitor_id_base64_encoded",
        message: "The visitor id was signed in base64.",
        remedy: "Sign the id itself.",
        made: |id| {
            [
                rewrites::base64_encoded(id),
                rewrites::base64url_encoded(id),
            ]
            .concat()
        },
    },
    Mistake {
        code: "visitor_id_base64_decoded",
        message: "The visitor id was decoded from base64 before it was signed.",
        remedy: "Sign the id exactly as the chat gave it.",
        made: |id| {
            [
                rewrites::base64_decoded(id),
                rewrites::base64url_decoded(id),
            ]
            .concat()
        },
    },
    Mistake {
        code: "visitor_id_hex_encoded",
        message: "The visitor id was signed in hexadecimal.",
        remedy: "Sign the id itself.",
        made: rewrites::hex_encoded,
    },
    Mistake {
        code: "visitor_id_hex_decoded",
        message: "The visitor id was decoded from hexadecimal before it was signed.",
        remedy: "Sign the id exactly as the chat gave it.",
        made: rewrites::hex_decoded,
    },
    Mistake {
        code: "visitor_id_hashed",
        message: "The visitor id was hashed with SHA-256 before it was signed.",
        remedy: "Sign the id itself: HMAC does the hashing.",
        made: |id| {
            let digest = Sha256::digest(id);
            [vec![digest.to_vec()], rewrites::hex_encoded(&digest)].concat()
        },
    },
    Mistake {
        code: "visitor_id_utf_16",
        message: "The visitor id was signed in UTF-16, not UTF-8.",
        remedy: "Encode it as UTF-8: in C# use `Encoding.UTF8`, not `Encoding.Unicode`.",
        made: rewrites::in_utf_16,
    },
    Mistake {
        code: "visitor_id_latin_1",
        message: "The visitor id was signed in Latin-1, not UTF-8.",
        remedy: "Encode it as UTF-8: in Java `getBytes(StandardCharsets.UTF_8)`, in Node \
                 `update(visitorId, 'utf8')`.",
        made: rewrites::in_latin_1,
    },
    Mistake {
        code: "visitor_id_utf_8_twice",
        message: "The visitor id was encoded as UTF-8 twice.",
        remedy: "Encode it once: it was read as Latin-1 somewhere on its way.",
        made: rewrites::in_utf_8_twice,
    },
    Mistake {
        code: "visitor_id_characters_replaced",
        message: "Characters of the visitor id were replaced by `?` or `\u{fffd}`, or left out, before \
                  it was signed.",
        remedy: "Keep the id in UTF-8, from the page until it is signed.",
        made: rewrites::with_characters_replaced,
    },
    Mistake {
        code: "visitor_id_byte_order_mark",
        message: "The visitor id was signed with a byte order mark in front, which no editor shows.",
        remedy: "Save the file of ids as UTF-8 without a byte order mark.",
        made: rewrites::with_byte_order_mark,
    },
    Mistake {
        code: "visitor_id_trailing_nul",
        message: "The visitor id was signed with a NUL byte behind it.",
        remedy: "Leave out the byte that ends a C string.",
        made: rewrites::with_nul,
    },
    Mistake {
        code: "visitor_id_literal_backslash_n",
        message: "The visitor id was signed with a backslash and the letter n behind it.",
        remedy: r"Remove the `\n` before signing.",
        made: rewrites::with_backslash_n,
    },
    Mistake {
        code: "visitor_id_given_with_backslash_n",
        message: "The visitor id given to doctor ends in a backslash and the letter n.",
        remedy: r"Give the id without the `\n`.",
        made: rewrites::without_backslash_n,
    },
    Mistake {
        code: "visitor_id_twice",
        message: "The visitor id was signed twice in a row, as one text.",
        remedy: "Call `update` once for each hmac, on a new HMAC object.",
        made: rewrites::twice,
    },
];

/// What was signed where the visitor id did not arrive at all.
pub(crate) const ABSENT: &[Mistake] = &[
    Mistake {
        code: "visitor_id_empty",
        message: "An empty visitor id was signed.",
        remedy: "The page sends the id under one name, and the signer looks for another. Compare the \
                 parameter's name on both sides, and refuse an empty id.",
        made: |_| vec![Vec::new()],
    },
    Mistake {
        code: "visitor_id_placeholder",
        message: "A placeholder such as `undefined`, `null` or `[object Object]` was signed, not a \
                  visitor id.",
        remedy: "The page asked for an hmac before it had the id: wait for the chat's `init()` \
                 and pass the id itself.",
        made: |_| texts(PLACEHOLDERS),
    },
    Mistake {
        code: "visitor_id_variable_name",
        message: "The name of a variable was signed, such as `visitorId`, not the visitor id in it.",
        remedy: "Pass the variable's value: look for quotes around its name, or a template that \
                 was not filled in.",
        made: |_| NAMES.iter().flat_map(|name| as_variable(name)).collect(),
    },
];

/// Looked for last and alone, since there are so many ways to cut.
pub(crate) const CUTS: &[Mistake] = &[Mistake {
    code: "visitor_id_cut_short",
    message: "Only a part of the visitor id was signed.",
    remedy: "Sign the whole id, with what looks like a prefix. A database field may be too short, \
             or a `#`, `&` or `+` in the id was not percent-encoded in the URL.",
    made: rewrites::cut,
}];

const PLACEHOLDERS: &[&str] = &[
    "undefined",
    "null",
    "None",
    "nil",
    "NULL",
    "<nil>",
    "NaN",
    "false",
    "true",
    "False",
    "True",
    "0",
    "[object Object]",
    "[object Promise]",
    "{}",
    "[]",
    "\"\"",
    "anonymous",
];

const NAMES: [&str; 7] = [
    "visitorId",
    "visitor_id",
    "id",
    "anonymousUserId",
    "anonymous_user_id",
    "userId",
    "user_id",
];

fn texts(texts: &[&str]) -> Rewritten {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// As a variable's name is left in a text: bare, or in a template of some language.
fn as_variable(name: &str) -> Rewritten {
    let templates = [
        ("", ""),
        ("${", "}"),
        ("$", ""),
        ("{", "}"),
        ("#{", "}"),
        ("{{", "}}"),
        (":", ""),
    ];
    templates
        .map(|(before, after)| surrounded(name.as_bytes(), before, after))
        .to_vec()
}

/// With and without the space that Python's `json.dumps` writes.
fn as_json_object(id: &[u8]) -> Rewritten {
    let value = rewrites::as_json_string(id)
        .into_iter()
        .next()
        .unwrap_or_default();
    let objects = NAMES.iter().flat_map(|name| {
        [format!("{{\"{name}\":"), format!("{{\"{name}\": ")]
            .map(|start| surrounded(&value, &start, "}"))
    });
    objects.collect()
}

fn with_name(id: &[u8]) -> Rewritten {
    let starts = NAMES
        .iter()
        .flat_map(|name| [format!("{name}="), format!("?{name}="), format!("{name}:")]);
    starts.map(|start| surrounded(id, &start, "")).collect()
}

fn without_name(id: &[u8]) -> Rewritten {
    rewrites::of_text(id, |text| {
        ['=', ':']
            .into_iter()
            .filter_map(|mark| text.split_once(mark))
            .map(|(_, id)| id.to_owned())
            .collect()
    })
}

fn as_python_value(id: &[u8]) -> Rewritten {
    let around = [
        ("b'", "'"),
        ("b\"", "\""),
        ("['", "']"),
        ("[\"", "\"]"),
        ("('", "',)"),
        ("[b'", "']"),
        ("[", "]"),
    ];
    around
        .map(|(before, after)| surrounded(id, before, after))
        .to_vec()
}

fn in_other_uuid_notation(id: &[u8]) -> Rewritten {
    rewrites::of_text(id, |text| {
        let digits: String = text
            .trim_start_matches("urn:uuid:")
            .chars()
            .filter(|c| !"{}-".contains(*c))
            .collect();
        if digits.len() != 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Vec::new();
        }
        let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| &digits[group]);
        let hyphened = groups.join("-");
        vec![
            format!("{{{hyphened}}}"),
            format!("urn:uuid:{hyphened}"),
            hyphened,
            digits,
        ]
    })
}

/// As JavaScript and others write what they read as a number.
fn as_number(id: &[u8]) -> Rewritten {
    rewrites::of_text(id, |text| {
        let digits = text.bytes().all(|digit| digit.is_ascii_digit());
        match text.parse::<f64>() {
            Ok(number) if digits => vec![
                text.trim_start_matches('0').to_owned(),
                format!("{number}"),
                format!("{number}.0"),
                format!("{number:e}").replace('e', "e+"),
            ],
            _ => Vec::new(),
        }
    })
}
