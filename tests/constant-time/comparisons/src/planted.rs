//! Comparisons that have to be found, and neighbours that must not be: if the search confuses them,
//! the silence about the product means nothing.

use anyhow::{Context, ensure};

use crate::comparison;
use crate::syntax::Syntax;

const LEAKS: &[(&str, &str)] = &[
    // The comparison itself, and the variables that lead there.
    (
        "rs",
        "fn f(hmac: &str) -> bool { key.sign(id).to_hex() == hmac }",
    ),
    (
        "rs",
        "fn f() { let a = key.sign(id); let b = a.to_string(); b.as_bytes() != given }",
    ),
    (
        "rs",
        "fn f(right: &IdentityHmac) { right.words() == given.words() }",
    ),
    (
        "rs",
        "fn f() { if let Ok(right) = key.sign(id) { right.0.eq(&given) } }",
    ),
    (
        "rs",
        "fn f() { match key.sign(id) { Ok(right) if right.0 == given => 1, _ => 2 } }",
    ),
    ("rs", "fn f() { given.starts_with(signature) }"),
    (
        "rs",
        "fn f(token: &Jws) { key.sign(token.signed).is_ok_and(|own| own == token.signature) }",
    ),
    // Byte after byte.
    (
        "rs",
        "fn f() { tag.iter().zip(given).all(|(a, b)| a == b) }",
    ),
    (
        "rs",
        "fn f() { for (a, b) in digest.iter().zip(given) { if a != b { return } } }",
    ),
    // In a macro, whose arguments no grammar parses.
    ("rs", "fn f() { assert_eq!(token.sha256, given) }"),
    ("rs", "fn f() { assert!(hmac.as_ref() == given) }"),
    (
        "rs",
        "fn f() { run!(c => { let a = key.sign(id)?; if a.to_hex() == given { return } }) }",
    ),
    ("rs", "fn f() { proof == Proof::Hmac(given) }"),
    // Equality of the type.
    (
        "rs",
        "impl PartialEq for IdentityHmac { fn eq(&self, b: &Self) -> bool { self.0 == b.0 } }",
    ),
    (
        "rs",
        "#[derive(Clone, PartialEq)] struct IdentityHmac([u8; 32]);",
    ),
    (
        "rs",
        "#[derive(Eq, Hash)] struct Token { id: Uuid, digest: [u8; 32] }",
    ),
    ("py", "def f(hmac): return key.sign(visitor_id) == hmac"),
    ("py", "right = key.sign(visitor_id)\nfits = given != right"),
    ("py", "fits = body['hmac'].startswith(given)"),
    ("py", "fits = request.headers.get('X-Hmac') == given"),
    ("py", "fits = given in (current_hmac, previous_hmac)"),
    ("py", "fits = all(a == b for a, b in zip(hmac, given))"),
    ("rb", "key.sign(id) == params[:hmac]"),
    ("rb", "right = key.sign(id)\nright.eql?(given)"),
    (
        "rb",
        "OpenSSL::HMAC.hexdigest('SHA256', secret, id) != given",
    ),
    ("rb", "hmac.bytes.zip(given.bytes).all? { |a, b| a == b }"),
    ("rb", "case signature\nwhen given then true\nend"),
    ("mjs", "const fits = key.sign(id) === body.hmac;"),
    (
        "mjs",
        "const right = await key.sign(id); const fits = given !== right;",
    ),
    ("mjs", "const fits = headers['x-hmac'] === given;"),
    (
        "mjs",
        "const fits = Buffer.from(hmac, 'hex').equals(given);",
    ),
    (
        "mjs",
        "const fits = [...hmac].every((digit, i) => digit === given[i]);",
    ),
    ("mjs", "switch (signature) { case given: fits(); }"),
    (
        "ts",
        "const fits = (hmac: string): boolean => hmac == given;",
    ),
];

const INNOCENT: &[(&str, &str)] = &[
    ("rs", "fn f() { expected.ct_eq(&candidate).into() }"),
    (
        "rs",
        "fn f() { run!(c => { let a = bind(key.sha256); if a.rows_affected() == 1 { bind(hmac) } }) }",
    ),
    (
        "rs",
        "fn f() { run!(by == Some(Proof::Hmac)); by == Some(Proof::Hmac) }",
    ),
    (
        "rs",
        "fn f() { let options = connect(\"identity-hmac\"); options.host() == \"\" }",
    ),
    (
        "rs",
        "fn f() { hmac.len() == 64 && key.verify(id, hmac).is_ok() == true }",
    ),
    (
        "rs",
        "fn f() { keyring.matched(id, hmac) == Some(Matched::Previous) }",
    ),
    (
        "rs",
        "fn f() { let all = run(|| { key.sign(id); count }); all == 3 }",
    ),
    (
        "rs",
        "#[cfg(test)] mod tests { fn f() { assert_eq!(hmac, given) } }",
    ),
    (
        "rs",
        "#[derive(PartialEq)] enum InputError { EmptyVisitorId, MalformedHmac }",
    ),
    (
        "rs",
        "#[derive(PartialEq)] struct Identity { id: Uuid, hmac_verified: bool }",
    ),
    (
        "py",
        "fits = hmac is not None and compare_digest(hmac, given) == True",
    ),
    ("rb", "hmac.nil? || hmac.bytesize == 64"),
    (
        "rb",
        "OpenSSL.fixed_length_secure_compare(hmac, given) == true",
    ),
    (
        "mjs",
        "const fits = key.name === 'HMAC' && key.usages.includes('sign');",
    ),
    (
        "mjs",
        "declare({ isPrepared: (key) => classOf(key) === 'Promise', sign });",
    ),
    ("ts", "const isAbsent = hmac === '';"),
    (
        "ts",
        "const fits = typeof hmac === 'string' && hmac.length === 64 && hmac !== undefined;",
    ),
];

/// Returns how many planted comparisons were found, which is all of them.
pub(crate) fn find_all() -> anyhow::Result<usize> {
    for (extension, code) in LEAKS {
        ensure!(
            is_found(extension, code)?,
            "a planted comparison is not found: {code}"
        );
    }
    for (extension, code) in INNOCENT {
        ensure!(
            !is_found(extension, code)?,
            "taken for a comparison of a tag: {code}"
        );
    }
    Ok(LEAKS.len())
}

fn is_found(extension: &str, code: &str) -> anyhow::Result<bool> {
    let syntax = Syntax::of(extension).context("no such language")?;
    Ok(!comparison::find(code, &syntax)?.is_empty())
}
