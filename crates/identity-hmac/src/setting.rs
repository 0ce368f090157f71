//! What a setting holds when nobody put the secret there.
//!
//! [`IdentityKey::from_setting`](crate::IdentityKey::from_setting) refuses all of it. A signer
//! without such a check signs with it. So doctor, which searches for the cause of a wrong hmac,
//! tries [`placeholders`] and [`references`] as secrets.

use std::string::String;
use std::{format, vec};

use crate::InputError;

/// One a line, with a space where people also write `-`, `_` or nothing. `identity-hmac/webcrypto`
/// of the npm package reads this file too.
const PLACEHOLDERS: &str = include_str!("setting/placeholders.txt");

/// One a line: `*` is any text, `NAME` the name of a variable. `identity-hmac/webcrypto` of the npm
/// package reads this file too.
const REFERENCES: &str = include_str!("setting/references.txt");

/// The variable that usually holds the secret.
const CUSTOMARY_NAME: &str = "IDENTITY_SECRET";

/// The values that programs and templates leave when no secret was filled in, such as `undefined` or
/// `your-secret-here`, in the spellings that people use.
///
/// [`IdentityKey::from_setting`](crate::IdentityKey::from_setting) also refuses them in another
/// letter case or in brackets. It refuses text that hides a secret, such as `********`, too.
///
/// ```
/// use identity_hmac::{IdentityKey, setting};
///
/// assert!(setting::placeholders().any(|placeholder| placeholder == "your-secret-here"));
/// for placeholder in setting::placeholders() {
///     let error = IdentityKey::from_setting("S", Some(placeholder.as_bytes())).unwrap_err();
///     assert_eq!(error.code(), "secret_placeholder");
/// }
/// ```
pub fn placeholders() -> impl Iterator<Item = String> {
    PLACEHOLDERS.lines().flat_map(|words| {
        let mut spellings = vec![words.into(), words.to_lowercase(), words.to_uppercase()];
        spellings.extend(["-", "_", ""].map(|separator| words.replace(' ', separator)));
        spellings.push(words.replace(' ', "_").to_uppercase());
        spellings.sort_unstable();
        spellings.dedup();
        spellings
    })
}

/// The ways to refer to the variable `name` in shells, configuration files and programming
/// languages, such as `${IDENTITY_SECRET}`, and the bare name. A setting holds one of these when
/// nothing replaced it by the value.
///
/// ```
/// use identity_hmac::{IdentityKey, setting};
///
/// assert!(setting::references("CHAT_SECRET").any(|text| text == "process.env.CHAT_SECRET"));
/// for reference in setting::references("CHAT_SECRET") {
///     let read = IdentityKey::from_setting("CHAT_SECRET", Some(reference.as_bytes()));
///     assert_eq!(read.unwrap_err().code(), "secret_unexpanded_variable");
/// }
/// ```
pub fn references(name: &str) -> impl Iterator<Item = String> {
    let patterns = REFERENCES.lines().map(move |pattern| {
        let (before, _, after) = parts(pattern);
        format!("{before}{name}{after}")
    });
    patterns.chain([name.into()])
}

/// What is wrong with the `text` of the setting called `name`, if it is not a secret alone.
pub(crate) fn fault(name: &str, text: &str) -> Option<InputError> {
    let own = || name.into();
    if is_reference(name, text) {
        Some(InputError::SecretUnexpandedVariable { name: own() })
    } else if is_placeholder(text) {
        Some(InputError::SecretPlaceholder { name: own() })
    } else if is_object(text) || text.lines().any(|line| is_assignment(name, line)) {
        Some(InputError::SecretHoldsAssignment { name: own() })
    } else if has_comment(text) {
        Some(InputError::SecretHoldsComment { name: own() })
    } else {
        None
    }
}

/// A pattern's text before its variable part, whether that part is a variable's name, and the
/// text after it.
fn parts(pattern: &str) -> (&str, bool, &str) {
    if let Some((before, after)) = pattern.split_once("NAME") {
        return (before, true, after);
    }
    let (before, after) = pattern.split_once('*').unwrap_or((pattern, ""));
    (before, false, after)
}

fn is_reference(name: &str, text: &str) -> bool {
    text == name
        || text == CUSTOMARY_NAME
        || REFERENCES.lines().any(|pattern| {
            let (before, is_name, after) = parts(pattern);
            let inside = strip_prefix(text, before).and_then(|rest| strip_suffix(rest, after));
            inside.is_some_and(|inside| {
                !inside.is_empty() && (!is_name || is_name_of(name, inside) || is_constant(inside))
            })
        })
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn strip_suffix<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

/// Whether `text` is what the setting is called, or customarily called.
fn is_name_of(name: &str, text: &str) -> bool {
    text.eq_ignore_ascii_case(name) || text.eq_ignore_ascii_case(CUSTOMARY_NAME)
}

/// Whether `text` is written as variables are, in a way in which random characters hardly are.
fn is_constant(text: &str) -> bool {
    let of_its_characters = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(of_its_characters)
        && (text.contains('_') || !text.contains(|c: char| c.is_ascii_digit()))
}

fn is_placeholder(text: &str) -> bool {
    PLACEHOLDERS
        .lines()
        .any(|words| letters(words).eq(letters(text)))
        || is_bracketed(text)
        || is_mask(text)
}

/// The characters in lower case, without those that separate words or end a sentence. No copy is
/// made, since the text may be a secret.
fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(|&c| !" -_.!\u{2026}".contains(c))
        .map(|c| c.to_ascii_lowercase())
}

/// Words in brackets, as documentation writes what is to be filled in.
fn is_bracketed(text: &str) -> bool {
    let of_words = |c: char| c.is_alphabetic() || " -_'".contains(c);
    let pairs = [('<', '>'), ('[', ']'), ('{', '}'), ('(', ')')];
    pairs.iter().any(|&(open, close)| {
        let inside = text
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close));
        inside.is_some_and(|words| !words.is_empty() && words.chars().all(of_words))
    })
}

/// Nothing but characters that hide a secret, as in `********`.
fn is_mask(text: &str) -> bool {
    text == "\u{2026}"
        || text.chars().count() >= 3
            && text
                .chars()
                .all(|c| "xX*.-_?#\u{2022}\u{25cf}\u{2026}".contains(c))
}

/// A whole JSON object, as some secret managers hand it out.
fn is_object(text: &str) -> bool {
    let inside = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    inside
        .is_some_and(|inside| inside.trim_start().starts_with(['"', '\'']) && inside.contains(':'))
}

/// A name and then a value. The `=` at the end of base64 has no value behind it.
fn is_assignment(name: &str, line: &str) -> bool {
    const DECLARATIONS: [&str; 7] = [
        "export ",
        "set ",
        "env ",
        "declare -x ",
        "$env:",
        "-e ",
        "--env ",
    ];
    let line = line.trim();
    let declared = DECLARATIONS
        .iter()
        .find_map(|declaration| strip_prefix(line, declaration));
    let assignment = declared.unwrap_or(line);
    let Some(at) = assignment.find(['=', ':']) else {
        return false;
    };
    let (left, value) = (assignment[..at].trim(), &assignment[at + 1..]);
    let is_word = left.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && left
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    let is_variable = is_name_of(name, left) || (is_constant(left) && left.contains('_'));
    let is_named_secret = strip_suffix(left, "secret").is_some()
        && (assignment[at..].starts_with('=') || value.starts_with(char::is_whitespace));
    let has_value = !value.trim_matches('=').trim().is_empty();
    is_word && has_value && (declared.is_some() || is_variable || is_named_secret)
}

/// White space and then the mark of a comment, or nothing but a comment.
fn has_comment(text: &str) -> bool {
    let marked = |mark: &str| {
        text.match_indices(mark)
            .any(|(at, _)| text[..at].ends_with(char::is_whitespace))
    };
    marked("#") || marked("// ") || marked("; ") || text.starts_with("# ")
}
