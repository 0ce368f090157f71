//! Claims that are wrong in a token whose signature is right.

use identity_hmac::TokenError;
use identity_hmac::token::ClaimFault;
use serde_json::{Map, Value};

use crate::mistake::Cause;

/// No time in seconds is later, and none in milliseconds that matters is earlier.
const LATEST_SECONDS: f64 = 1e11;
/// No time is earlier, and no duration longer.
const LONGEST_DURATION: f64 = 1e8;

/// What people call the external id and the visitor id.
const EXTERNAL_IDS: [&str; 8] = [
    "externalId",
    "external_id",
    "userId",
    "user_id",
    "uid",
    "id",
    "user",
    "customerId",
];
const VISITOR_IDS: [&str; 7] = [
    "visitor_id",
    "visitorID",
    "visitorid",
    "visitor",
    "anonymousUserId",
    "anonymous_user_id",
    "anonymousId",
];
/// Claims of RFC 7519 that change nothing here.
const REGISTERED: [&str; 2] = ["iss", "jti"];
const KNOWN: [&str; 9] = [
    "sub",
    "visitorId",
    "iat",
    "exp",
    "nbf",
    "aud",
    "name",
    "email",
    "metadata",
];

/// Why the core refuses the payload, for the person who wrote the signer.
pub(super) fn cause(error: &TokenError, payload: &[u8], now: u64) -> Option<Cause> {
    let claims: Map<String, Value> = serde_json::from_slice(payload).unwrap_or_default();
    let named = |names: &[&'static str]| {
        names
            .iter()
            .find(|&&name| claims.contains_key(name))
            .copied()
    };
    Some(match error {
        TokenError::Expired { expires_at, .. } => Cause {
            code: "token_expired",
            message: format!(
                "The token expired {} before the time of the call.",
                duration(seconds(now) - *expires_at)
            )
            .into(),
            remedy: "Sign a new token for each call. If it was new, compare the clocks of the two \
                     machines.",
        },
        _ if in_milliseconds(&claims) => Cause {
            code: "token_milliseconds",
            message: "A time in the token is in milliseconds.".into(),
            remedy: "Write `iat`, `exp` and `nbf` in seconds: `Math.floor(Date.now() / 1000)` in \
                     JavaScript.",
        },
        TokenError::NotYetValid {
            field, valid_from, ..
        } => Cause {
            code: "token_not_yet_valid",
            message: format!(
                "`{field}` is {} in the future.",
                duration(*valid_from - seconds(now))
            )
            .into(),
            remedy: "Set the clock of the machine that signs; NTP does it. The leeway is 60 seconds.",
        },
        TokenError::Claim(claim) => match (claim.field(), claim.fault()) {
            (Some("exp"), ClaimFault::Lifetime(limit)) => lifetime(&claims, limit),
            (Some("iat" | "exp" | "nbf"), ClaimFault::Type) => Cause {
                code: "token_time_type",
                message: "A time in the token is a text or has another wrong type.".into(),
                remedy: "Write `iat`, `exp` and `nbf` as numbers of seconds since 1970.",
            },
            (Some("sub" | "visitorId"), ClaimFault::Type) => Cause {
                code: "token_id_type",
                message:
                    "An id in the token (`sub` or `visitorId`) is a number or has another wrong \
                          type."
                        .into(),
                remedy: "Write ids as strings: `String(user.id)`, `str(user.id)`, `user.id.to_s`.",
            },
            (Some("sub"), ClaimFault::Missing) if named(&EXTERNAL_IDS).is_some() => Cause {
                code: "token_sub_name",
                message: format!(
                    "The user's id is in `{}`, and `sub` is missing.",
                    named(&EXTERNAL_IDS).unwrap_or_default()
                )
                .into(),
                remedy: "Put it in `sub`.",
            },
            (Some("visitorId"), ClaimFault::Missing) if named(&VISITOR_IDS).is_some() => Cause {
                code: "token_visitor_id_name",
                message: format!(
                    "The visitor id is in `{}`, and `visitorId` is missing.",
                    named(&VISITOR_IDS).unwrap_or_default()
                )
                .into(),
                remedy: "Put it in `visitorId`.",
            },
            _ => Cause {
                code: "token_claim",
                message: format!("A claim is wrong: {error}.").into(),
                remedy: "Change what the signer writes there.",
            },
        },
        TokenError::OtherVisitor => Cause {
            code: "token_other_visitor",
            message: "The token was signed for another visitor id.".into(),
            remedy: "Sign a token for the visitor id that this page has: after a log-out there is a \
                     new one.",
        },
        TokenError::OtherAudience => Cause {
            code: "token_other_audience",
            message: "`aud` does not name this organization.".into(),
            remedy: "Set it to the organization key (`pk_…`), or leave it out.",
        },
        _ => return None,
    })
}

/// What else the payload shows.
pub(super) fn hints(payload: &[u8]) -> Vec<String> {
    let claims: Map<String, Value> = serde_json::from_slice(payload).unwrap_or_default();
    let is_plain = |name: &&String| {
        name.len() <= 40
            && name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    let is_ignored =
        |name: &&String| !KNOWN.contains(&name.as_str()) && !REGISTERED.contains(&name.as_str());
    let ignored = claims.keys().filter(is_ignored).filter(is_plain);
    let ignored: Vec<_> = ignored.map(|name| format!("`{name}`")).collect();
    if ignored.is_empty() {
        return Vec::new();
    }
    let names = ignored.join(", ");
    let advice = "the user's id belongs in `sub`, and other attributes in `metadata`";
    vec![format!("Claims that are ignored: {names}; {advice}.")]
}

fn in_milliseconds(claims: &Map<String, Value>) -> bool {
    ["iat", "exp", "nbf"]
        .iter()
        .filter_map(|name| claims.get(*name)?.as_f64())
        .any(|time| time > LATEST_SECONDS)
}

fn lifetime(claims: &Map<String, Value>, limit: u64) -> Cause {
    let time = |name| claims.get(name).and_then(Value::as_f64).unwrap_or_default();
    let (iat, exp) = (time("iat"), time("exp"));
    if exp < LONGEST_DURATION {
        return Cause {
            code: "token_exp_is_duration",
            message: "`exp` is a duration, not a time.".into(),
            remedy: "Set it to `iat` and the duration: seconds since 1970.",
        };
    }
    if exp <= iat {
        return Cause {
            code: "token_exp_before_iat",
            message: "`exp` is not after `iat`.".into(),
            remedy: "Set it to `iat` and the duration: seconds since 1970.",
        };
    }
    Cause {
        code: "token_lifetime",
        message: format!(
            "The token is valid for {}, and at most {} are allowed.",
            duration(exp - iat),
            duration(seconds(limit))
        )
        .into(),
        remedy: "Sign a token for each call, for 300 seconds or so: it is used at once.",
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact for the next 285 million years"
)]
fn seconds(whole: u64) -> f64 {
    whole as f64
}

fn duration(seconds: f64) -> String {
    format!("{seconds:.0} s")
}
