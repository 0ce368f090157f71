//! What a name says about the thing that it names.

/// A name with one of these words names a tag or a digest, or what makes one.
const TAG: &[&str] = &[
    "digest",
    "hexdigest",
    "hmac",
    "mac",
    "sha256",
    "signature",
    "tag",
];

/// Unless it has one of these as well: then it names what anyone may know of it.
const PUBLIC: &[&str] = &[
    "error",
    "failed",
    "len",
    "length",
    "malformed",
    "verification",
    "verified",
    "verify",
];

/// What is public although it is asked of a tag: how long it is, whether there is one, what a
/// comparison in constant time answers, and how many rows a statement has changed.
const FACTS: &[&str] = &[
    "bytesize",
    "compare_digest",
    "ct_eq",
    "empty?",
    "fixed_length_secure_compare",
    "is_empty",
    "is_err",
    "is_none",
    "is_ok",
    "is_some",
    "keyringMatched",
    "keyringVerify",
    "keyring_matched",
    "len",
    "length",
    "matched",
    "nil?",
    "rows_affected",
    "secure_compare",
    "size",
    "timingSafeEqual",
    "verify",
    "verifyIdentityHmac",
    "verify_identity_hmac",
];

/// What stops at the first difference, or may.
const COMPARING: &[&str] = &[
    "__eq__",
    "assert_eq",
    "assert_ne",
    "casecmp",
    "casecmp?",
    "cmp",
    "compare",
    "contains",
    "debug_assert_eq",
    "debug_assert_ne",
    "deepEqual",
    "end_with?",
    "ends_with",
    "endsWith",
    "endswith",
    "eq",
    "eq_ignore_ascii_case",
    "eql?",
    "equal?",
    "equals",
    "include?",
    "includes",
    "indexOf",
    "localeCompare",
    "match?",
    "memcmp",
    "ne",
    "partial_cmp",
    "start_with?",
    "starts_with",
    "startsWith",
    "startswith",
    "strip_prefix",
    "strip_suffix",
];

pub(crate) fn is_tag(name: &str) -> bool {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    // The crate is called like what it makes, and JavaScript calls types by tags.
    let is_other = ["identity_hmac", "toStringTag"].contains(&name);
    name == "sign" || has(TAG) && !has(PUBLIC) && !is_other
}

pub(crate) fn is_fact(name: &str) -> bool {
    FACTS.contains(&name)
}

pub(crate) fn is_comparing(name: &str) -> bool {
    COMPARING.contains(&name)
}

/// The words of a name in `snake_case`, `camelCase` or `PascalCase`, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut spaced = String::new();
    let mut after_lower = false;
    for c in name.chars() {
        if c.is_uppercase() && after_lower {
            spaced.push(' ');
        }
        spaced.push(c.to_ascii_lowercase());
        after_lower = !c.is_uppercase();
    }
    let words = spaced.split(|c: char| !c.is_alphanumeric());
    words.map(str::to_owned).collect()
}
