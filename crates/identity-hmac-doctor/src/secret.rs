//! The mistakes that people make with the secret.

use identity_hmac::setting;
use sha2::{Digest, Sha256};

use crate::mistake::Mistake;
use crate::rewrites::{self, Rewritten, surrounded};

/// From the secret that doctor was given to the one that was signed with, the commonest first.
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        code: "secret_trailing_newline",
        message: r"The secret that signed ended in a line end (\n).",
        remedy: "Remove it where the signer stores or reads its secret. `echo` writes a line end, \
                 `printf %s` does not.",
        made: rewrites::with_newline,
    },
    Mistake {
        code: "secret_trailing_crlf",
        message: r"The secret that signed ended in a Windows line end (\r\n).",
        remedy: "Remove it where the signer stores or reads its secret.",
        made: rewrites::with_crlf,
    },
    Mistake {
        code: "secret_trailing_carriage_return",
        message: "The secret that signed ended in a carriage return (\\r), half of a Windows line \
                  end.",
        remedy: r"Save the signer's `.env` or secret file with Unix line ends (\n).",
        made: rewrites::with_carriage_return,
    },
    Mistake {
        code: "secret_with_white_space",
        message: "The secret that signed had white space around it.",
        remedy: "Remove it where the signer stores its secret; look at the start of the value too.",
        made: rewrites::with_white_space,
    },
    Mistake {
        code: "secret_quoted",
        message: "The secret that signed had quotes around it, as if they were part of it.",
        remedy: "Remove the quotes from the signer's configuration: Docker's `--env-file`, for \
                 one, does not.",
        made: rewrites::with_quotes,
    },
    Mistake {
        code: "secret_given_with_byte_order_mark",
        message: "The secret given to doctor begins with a byte order mark, which no editor shows.",
        remedy: "Save the file here as UTF-8 without a byte order mark.",
        made: rewrites::without_byte_order_mark,
    },
    Mistake {
        code: "secret_given_with_white_space",
        message: "The secret given to doctor has white space or a line end around or in it, and the \
                  signer's has none.",
        remedy: "Remove it from the variable or file here.",
        made: rewrites::without_white_space,
    },
    Mistake {
        code: "secret_given_quoted",
        message: "The secret given to doctor has quotes around it, and the signer's has none.",
        remedy: "Remove the quotes from the variable or file here.",
        made: rewrites::without_quotes,
    },
    Mistake {
        code: "secret_hex_decoded",
        message: "The signer decoded the secret from hexadecimal before it signed.",
        remedy: "Sign with the secret's text as it is: the digits themselves are the key.",
        // A UUID is read as its 16 bytes.
        made: |secret| rewrites::hex_decoded(&rewrites::without(secret, b'-')),
    },
    Mistake {
        code: "secret_base64_decoded",
        message: "The signer decoded the secret from base64 before it signed.",
        remedy: "Sign with the secret's text as it is: the characters themselves are the key.",
        // Libraries for Standard Webhooks take secrets with this prefix, and decode the rest.
        made: |secret| rewrites::base64_decoded(secret.strip_prefix(b"whsec_").unwrap_or(secret)),
    },
    Mistake {
        code: "secret_base64url_decoded",
        message: "The signer decoded the secret from base64url before it signed.",
        remedy: "Sign with the secret's text as it is: the characters themselves are the key.",
        made: rewrites::base64url_decoded,
    },
    Mistake {
        code: "secret_hex_encoded",
        message: "The secret given to doctor is in bytes; the signer used their hexadecimal \
                  digits as text.",
        remedy: "Give both sides the same form, the one in which the secret was issued.",
        made: rewrites::hex_encoded,
    },
    Mistake {
        code: "secret_base64_encoded",
        message: "The signer used the base64 of the secret that doctor was given.",
        remedy: "Give both sides the same form, the one in which the secret was issued. A \
                 Kubernetes Secret shows base64 that is not part of the secret.",
        made: rewrites::base64_encoded,
    },
    Mistake {
        code: "secret_base64url_encoded",
        message: "The signer used the base64url of the secret that doctor was given.",
        remedy: "Give both sides the same form, the one in which the secret was issued.",
        made: rewrites::base64url_encoded,
    },
    Mistake {
        code: "secret_with_name",
        message: "The secret that signed still had its name in front, as in `IDENTITY_SECRET=…`.",
        remedy: "Let the signer read only what stands behind the `=`, or load the file as a \
                 `.env` file.",
        made: with_name,
    },
    Mistake {
        code: "secret_given_with_name",
        message: "The secret given to doctor has its name in front, as in `IDENTITY_SECRET=…`.",
        remedy: "Leave only what stands behind the `=` in the variable or file here.",
        made: without_name,
    },
    Mistake {
        code: "secret_given_with_comment",
        message: "The secret given to doctor has a comment behind it, as in `s3cret # chat`.",
        remedy: "Remove the comment, and the white space before it, from the variable or file here.",
        made: without_comment,
    },
    Mistake {
        code: "secret_json_object",
        message: "The secret that signed was a whole JSON object, such as \
                  {\"IDENTITY_SECRET\":\"…\"}.",
        remedy: "Take the value out of what the signer's secret manager answers.",
        made: as_json_object,
    },
    Mistake {
        code: "secret_letter_case",
        message: "The secret that signed was in other letter case.",
        remedy: "Copy the secret again, as it was issued: letter case counts, in a hexadecimal \
                 secret too.",
        made: rewrites::in_other_case,
    },
    Mistake {
        code: "secret_base64_padding",
        message: "The secrets differ in the `=` at the end.",
        remedy: "Copy the secret again, as it was issued: the `=` belongs to it. Some parsers of \
                 `NAME=value` lose it.",
        made: rewrites::with_other_padding,
    },
    Mistake {
        code: "secret_byte_order_mark",
        message: "The secret that signed began with a byte order mark, which no editor shows.",
        remedy: "Save the signer's secret file as UTF-8 without a byte order mark.",
        made: rewrites::with_byte_order_mark,
    },
    Mistake {
        code: "secret_literal_backslash_n",
        message: r"The secret that signed ended in a backslash and the letter n, not a line end.",
        remedy: r"Remove the `\n` from the signer's configuration.",
        made: rewrites::with_backslash_n,
    },
    Mistake {
        code: "secret_given_with_backslash_n",
        message: r"The secret given to doctor ends in a backslash and the letter n.",
        remedy: r"Remove the `\n` from the variable or file here.",
        made: rewrites::without_backslash_n,
    },
    Mistake {
        code: "secret_trailing_nul",
        message: "The secret that signed ended in a NUL byte.",
        remedy: "Remove it where the signer stores or reads its secret: it comes from a C string \
                 or a fixed-width field.",
        made: rewrites::with_nul,
    },
    Mistake {
        code: "secret_given_with_nul",
        message: "The secret given to doctor holds a NUL byte, and the signer's has none.",
        remedy: "Remove it from the file here.",
        made: rewrites::without_nul,
    },
    Mistake {
        code: "secret_dollar_expanded",
        message: "A shell or a configuration file took a `$` in the signer's secret for a \
                  variable.",
        remedy: "Put the value in single quotes in a shell, or write `$$` for `$` in Docker \
                 Compose.",
        made: dollar_expanded,
    },
    Mistake {
        code: "secret_backslashes_interpreted",
        message: "The signer's secret lost its backslashes, or they were read as escapes.",
        remedy: "Put the value in single quotes where the signer's shell or `.env` file sets it.",
        made: backslashes_interpreted,
    },
    Mistake {
        code: "secret_escaped",
        message: "The secret that signed had its special characters escaped as in a JSON text.",
        remedy: "Let the signer read the secret with a JSON parser, not cut it out of the text.",
        made: |secret| {
            let strings = rewrites::as_json_string(secret).into_iter();
            strings
                .flat_map(|string| rewrites::without_quotes(&string))
                .collect()
        },
    },
    Mistake {
        code: "secret_in_json",
        message: "The secret given to doctor is a whole JSON text; the signer used a value in it.",
        remedy: "Leave only the secret itself in the variable or file here.",
        made: rewrites::from_json,
    },
    Mistake {
        code: "secret_percent_decoded",
        message: "The signer's secret was percent-decoded, or a `+` in it became a space.",
        remedy: "Do not send the secret through a URL or form decoder: use it as it was issued.",
        made: rewrites::percent_decoded,
    },
    Mistake {
        code: "secret_percent_encoded",
        message: "The signer's secret was percent-encoded.",
        remedy: "Use the secret as it was issued, without encoding it for a URL.",
        made: rewrites::percent_encoded,
    },
    Mistake {
        code: "secret_html_escaped",
        message: "The signer's secret was HTML-escaped, such as `&amp;` for `&`.",
        remedy: "Copy the secret from the page as it is shown, not from its source.",
        made: rewrites::html_escaped,
    },
    Mistake {
        code: "secret_given_html_escaped",
        message: "The secret given to doctor is HTML-escaped, such as `&amp;` for `&`.",
        remedy: "Copy the secret from the page as it is shown, not from its source.",
        made: rewrites::html_unescaped,
    },
    Mistake {
        code: "secret_with_punctuation",
        message: "The secret that signed had a comma, a semicolon, a full stop or a lone quote \
                  beside it.",
        remedy: "Remove it where the signer stores its secret: it comes from the text that the \
                 secret was copied from.",
        made: rewrites::with_punctuation,
    },
    Mistake {
        code: "secret_twice",
        message: "The signer's secret is the secret twice in a row.",
        remedy: "It was pasted twice: set the signer's secret again.",
        made: rewrites::twice,
    },
    Mistake {
        code: "secret_given_twice",
        message: "The secret given to doctor is the signer's secret twice in a row.",
        remedy: "It was pasted twice: set the variable or file here again.",
        made: rewrites::half,
    },
    Mistake {
        code: "secret_hashed",
        message: "The signer hashed the secret with SHA-256 and used the result as the key.",
        remedy: "Use the secret itself as the key.",
        made: |secret| {
            let digest = Sha256::digest(secret);
            [vec![digest.to_vec()], rewrites::hex_encoded(&digest)].concat()
        },
    },
    Mistake {
        code: "secret_utf_16",
        message: "The signer's secret was in UTF-16, not UTF-8.",
        remedy: "Encode it as UTF-8: in C# use `Encoding.UTF8`, in PowerShell \
                 `Out-File -Encoding utf8NoBOM`.",
        made: rewrites::in_utf_16,
    },
    Mistake {
        code: "secret_latin_1",
        message: "The signer's secret was in Latin-1, not UTF-8.",
        remedy: "Encode it as UTF-8 in the signer.",
        made: rewrites::in_latin_1,
    },
    Mistake {
        code: "secret_utf_8_twice",
        message: "The signer's secret was encoded as UTF-8 twice.",
        remedy: "Encode it once: it was read as Latin-1 somewhere on its way.",
        made: rewrites::in_utf_8_twice,
    },
    Mistake {
        code: "secret_characters_replaced",
        message: "Characters of the signer's secret were replaced by `?` or `\u{fffd}`, or left out.",
        remedy: "Read the secret as UTF-8 in the signer; if it is not text, read its bytes and do \
                 not turn them into a string.",
        made: rewrites::with_characters_replaced,
    },
    Mistake {
        code: "secret_unicode_normalised",
        message: "The secrets look alike and differ in Unicode normalisation (as é can be one \
                  character or two).",
        remedy: "Copy the secret again, as it was issued, and do not normalise it.",
        made: rewrites::normalised,
    },
];

/// Looked for last and alone, since there are so many ways to cut.
pub(crate) const CUTS: &[Mistake] = &[Mistake {
    code: "secret_cut_short",
    message: "The signer had only a part of the secret.",
    remedy: "Copy the whole secret again. In a `.env` file or a shell, a `#`, a space or a `$` may end \
             it: put it in single quotes there. Or a database field was too short.",
    made: rewrites::cut,
}];

/// What was signed with where the secret did not arrive at all.
pub(crate) const ABSENT: &[Mistake] = &[
    Mistake {
        code: "secret_empty",
        message: "It was signed with an empty secret.",
        remedy: "The signer's variable is not set where it runs: set it, and refuse to start \
                 without it.",
        made: |_| vec![Vec::new()],
    },
    Mistake {
        code: "secret_placeholder",
        message: "It was signed with a placeholder such as `undefined`, `null` or `None` as the \
                  secret.",
        remedy: NOT_SET,
        made: nothings,
    },
    Mistake {
        code: "secret_variable_name",
        message: "It was signed with the variable's name, not with its value.",
        remedy: NOT_EXPANDED,
        made: |_| {
            let references = setting::references("IDENTITY_SECRET");
            references.map(String::into_bytes).collect()
        },
    },
];

/// Looked for alone: what a signer has that never got the secret.
pub(crate) const UNSET: &[Mistake] = &[
    Mistake {
        code: "secret_placeholder",
        message: "It was signed with a placeholder such as `changeme` or `your-secret-here` as the \
                  secret.",
        remedy: NOT_SET,
        made: |_| setting::placeholders().map(String::into_bytes).collect(),
    },
    Mistake {
        code: "secret_variable_name",
        message: "It was signed with the variable's name, not with its value.",
        remedy: NOT_EXPANDED,
        made: |_| {
            let names = NAMES_OF_VARIABLES.iter();
            let references = names.flat_map(|name| setting::references(name));
            references.map(String::into_bytes).collect()
        },
    },
    Mistake {
        code: "secret_test_value",
        message: "It was signed with a value for tests, such as `secret` or `test`.",
        remedy: "Give the signer the secret that the vendor issued for this environment.",
        made: |_| texts(TEST_VALUES),
    },
];

const NOT_SET: &str = "The signer's variable is not set where it runs: set it, and refuse to start \
                       without it.";

const NOT_EXPANDED: &str = "Read the variable in the signer: `$NAME` is not expanded in single \
                            quotes or in most configuration files.";

/// What a program writes for a value that it does not have, in few letters.
fn nothings(_: &[u8]) -> Rewritten {
    const MOST_LETTERS: usize = 9;
    let is_word = |text: &String| {
        text.len() <= MOST_LETTERS && text.bytes().all(|letter| letter.is_ascii_alphabetic())
    };
    let words = setting::placeholders().filter(is_word);
    words.map(String::into_bytes).collect()
}

const TEST_VALUES: &[&str] = &[
    "secret",
    "Secret",
    "SECRET",
    "test",
    "TEST",
    "testing",
    "test-secret",
    "test_secret",
    "testsecret",
    "my-secret",
    "my_secret",
    "mysecret",
    "my-secret-key",
    "my_secret_key",
    "secret-key",
    "secret_key",
    "secretkey",
    "supersecret",
    "super-secret",
    "super-secret-key",
    "s3cret",
    "s3cr3t",
    "password",
    "dev",
    "dev-secret",
    "dummy",
    "example",
    "sample",
    "demo",
    "key",
    "abc",
    "abc123",
    "123",
    "1234",
    "12345",
    "123456",
];

const NAMES_OF_VARIABLES: [&str; 7] = [
    "IDENTITY_SECRET",
    "IDENTITY_VERIFICATION_SECRET",
    "IDENTITY_HMAC_SECRET",
    "CHAT_IDENTITY_SECRET",
    "CHAT_SECRET",
    "HMAC_SECRET",
    "SECRET",
];

const NAMES: [&str; 5] = [
    "IDENTITY_SECRET=",
    "export IDENTITY_SECRET=",
    "IDENTITY_SECRET: ",
    "IDENTITY_SECRET:",
    "=",
];

fn texts(texts: &[&str]) -> Rewritten {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn with_name(secret: &[u8]) -> Rewritten {
    NAMES.map(|name| surrounded(secret, name, "")).to_vec()
}

/// Whatever name it is, if it looks like one: a secret may hold an `=` itself.
fn without_name(secret: &[u8]) -> Rewritten {
    rewrites::of_text(secret, |text| {
        let after = |separator| {
            let (name, value) = text.split_once(separator)?;
            let name = name.trim().trim_start_matches("export ").trim();
            let is_name = name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
            is_name.then(|| value.trim_start().to_owned())
        };
        ['=', ':'].into_iter().filter_map(after).collect()
    })
}

/// The marks of a shell or a `.env` file, of JavaScript and of an INI file.
fn without_comment(secret: &[u8]) -> Rewritten {
    rewrites::of_text(secret, |text| {
        let before = |mark| {
            let is_comment = |&(at, _): &(usize, &str)| text[..at].ends_with(char::is_whitespace);
            let (at, _) = text.match_indices(mark).find(is_comment)?;
            Some(text[..at].trim_end().to_owned())
        };
        ["#", "//", ";"].into_iter().filter_map(before).collect()
    })
}

/// With and without the spaces that people and programs write.
fn as_json_object(secret: &[u8]) -> Rewritten {
    let value = rewrites::as_json_string(secret).into_iter().next();
    let objects = value.iter().flat_map(|value| {
        [
            "IDENTITY_SECRET",
            "identity_secret",
            "identitySecret",
            "secret",
        ]
        .into_iter()
        .flat_map(|name| [format!("{{\"{name}\":"), format!("{{\"{name}\": ")])
        .map(|start| surrounded(value, &start, "}"))
    });
    objects.collect()
}

/// `$word` and `${word}` gone, as a shell does with a variable that is not set; `$$` made `$`.
fn dollar_expanded(secret: &[u8]) -> Rewritten {
    rewrites::of_text(secret, |text| {
        let mut pieces = text.split('$');
        let mut expanded = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let rest = match piece
                .strip_prefix('{')
                .and_then(|braced| braced.split_once('}'))
            {
                Some((_, rest)) => rest,
                // The positional parameters have one digit, other names any number of letters.
                None if piece.starts_with(|c: char| c.is_ascii_digit()) => &piece[1..],
                None => piece.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_'),
            };
            expanded.push_str(rest);
        }
        vec![expanded, text.replace("$$", "$"), text.replace('$', "$$")]
    })
}

fn backslashes_interpreted(secret: &[u8]) -> Rewritten {
    rewrites::of_text(secret, |text| {
        let interpreted = [(r"\n", "\n"), (r"\r", "\r"), (r"\t", "\t"), (r"\\", "\\")];
        vec![
            interpreted
                .iter()
                .fold(text.to_owned(), |text, (from, to)| text.replace(from, to)),
            text.replace(r"\\", "\\"),
            text.replace('\\', ""),
        ]
    })
}
