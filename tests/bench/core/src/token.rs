//! Identity tokens beside `jsonwebtoken`: signing what a backend says of a user, and verifying it
//! with the same demands. Both read the clock in every call.

use std::hint::black_box;
use std::time::{SystemTime, UNIX_EPOCH};

use identity_hmac::attributes::Metadata;
use identity_hmac::{IdentityClaims, TokenKey, TokenKeyring};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::floor::{message_blocks, nested_compressions};
use crate::rounds::Contender;

const KEY: &str = "itk_9f2c41aa_4f1c0a9be2d35867774f1c0a9be2d35867774f1c0a9be2d35867774f1c0a9be2";
const VISITOR_ID: &str = "5f0c9e2a-7d41-4b8e-9c53-1a2b3c4d5e6f";
const EXTERNAL_ID: &str = "user_123";
const AUDIENCE: &str = "pk_3f9a1c7e5b2d4860";
const LIFETIME: u64 = 300;
const MAX_LIFETIME: u64 = 3600;
const LEEWAY: u64 = 60;

/// What the token says: nothing beside the ids and times, or also of the user what `identify()` takes.
#[derive(Clone, Copy)]
pub enum Size {
    Minimal,
    Full,
}

/// The claims as a user of `jsonwebtoken` declares them.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    sub: String,
    visitor_id: String,
    iat: u64,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
}

pub fn sign<'a>(size: Size) -> Vec<Contender<'a, ()>> {
    let key = our_key();
    let peer = EncodingKey::from_secret(KEY.as_bytes()).expect("a key");
    let mut contenders = [
        Contender::new("identity-hmac", move || {
            key.sign(&our_claims(size), now()).expect("claims")
        }),
        Contender::new("jsonwebtoken", move || {
            encode(&header(), &peers_claims(size), &peer).expect("claims")
        }),
    ];
    let keyring = TokenKeyring::new(our_key());
    let mut signed = Vec::new();
    for (name, token) in contenders.iter_mut().map(Contender::result) {
        let claims = keyring.verify(&token, VISITOR_ID, Some(AUDIENCE), now());
        assert!(claims.is_ok(), "{name} signs otherwise: {claims:?}");
        signed.push(token);
    }
    with_floor(contenders.into(), &signed[0])
}

pub fn verify<'a>(size: Size) -> Vec<Contender<'a, ()>> {
    let token = our_key().sign(&our_claims(size), now()).expect("claims");
    let keyring = TokenKeyring::new(our_key());
    let key = DecodingKey::from_secret(KEY.as_bytes()).expect("a key");
    let validation = validation();
    let contenders = [false, true].map(|is_changed| {
        let (keyring, key, validation) = (keyring.clone(), key.clone(), validation.clone());
        let given = if is_changed {
            changed(&token)
        } else {
            token.clone()
        };
        let peers = given.clone();
        let mut contenders = vec![
            Contender::new("identity-hmac", move || {
                let claims = keyring.verify(black_box(&given), VISITOR_ID, Some(AUDIENCE), now());
                claims.is_ok()
            }),
            Contender::new("jsonwebtoken", move || {
                decoded(black_box(&peers), &key, &validation).is_some()
            }),
        ];
        for (name, is_accepted) in contenders.iter_mut().map(Contender::result) {
            assert!(is_accepted != is_changed, "{name} judges otherwise");
        }
        contenders
    });
    let [right, _] = contenders;
    with_floor(right, &token)
}

/// Beside what the token's HMAC takes at least.
fn with_floor<'a, T: 'a>(contenders: Vec<Contender<'a, T>>, token: &str) -> Vec<Contender<'a, ()>> {
    let (signed, _) = token.rsplit_once('.').expect("a token");
    let floor = nested_compressions(message_blocks(signed.as_bytes()));
    let contenders = contenders.into_iter().map(Contender::without_result);
    contenders.chain([floor.without_result()]).collect()
}

fn our_key() -> TokenKey {
    TokenKey::parse(KEY).expect("a key")
}

fn our_claims(size: Size) -> IdentityClaims {
    let claims = IdentityClaims::new(black_box(VISITOR_ID), EXTERNAL_ID);
    match size {
        Size::Minimal => claims,
        Size::Full => claims
            .audience(AUDIENCE)
            .name("Jane Doe")
            .email("jane@example.com")
            .metadata(metadata()),
    }
}

fn peers_claims(size: Size) -> Claims {
    let is_full = matches!(size, Size::Full);
    let now = now();
    let text = |text: &str| is_full.then(|| text.to_owned());
    Claims {
        sub: EXTERNAL_ID.to_owned(),
        visitor_id: black_box(VISITOR_ID).to_owned(),
        iat: now,
        exp: now + LIFETIME,
        aud: text(AUDIENCE),
        name: text("Jane Doe"),
        email: text("jane@example.com"),
        metadata: is_full.then(metadata),
    }
}

fn metadata() -> Metadata {
    let members = [
        ("plan", json!("pro")),
        ("seats", json!(12)),
        ("trial", json!(false)),
    ];
    members
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

fn header() -> Header {
    Header {
        kid: Some(KEY[4..12].to_owned()),
        ..Header::default()
    }
}

/// What a user of `jsonwebtoken` has to write to demand what our keyring demands.
fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = LEEWAY;
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "sub"]);
    validation.set_audience(&[AUDIENCE]);
    validation
}

fn decoded(token: &str, key: &DecodingKey, validation: &Validation) -> Option<Claims> {
    let token = decode::<Claims>(token, key, validation).ok()?;
    let claims = token.claims;
    let lifetime = claims.exp.checked_sub(claims.iat)?;
    let is_right = token.header.kid.is_none_or(|kid| kid == KEY[4..12])
        && claims.visitor_id == VISITOR_ID
        && claims.iat <= now() + LEEWAY
        && (1..=MAX_LIFETIME).contains(&lifetime);
    is_right.then_some(claims)
}

fn changed(token: &str) -> String {
    let other = if token.ends_with('A') { "E" } else { "A" };
    format!("{}{other}", &token[..token.len() - 1])
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("a clock after 1970").as_secs()
}
