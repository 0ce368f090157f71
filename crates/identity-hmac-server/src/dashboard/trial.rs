//! A proof that is tried: what a call with it would be answered, and why. Nothing is counted or kept.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_hmac::{Matched, Verification, VerificationMode};
use identity_hmac_doctor::{Case, Diagnosis, TokenCase, diagnose, diagnose_token};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::failure::Failure;
use super::page::{self, Page};
use super::params::{Fields, Organization};
use crate::http::{App, Problem};
use crate::organization::OrganizationView;
use crate::store::{self, Proof, SealedTokenKey};

/// The longest texts that are tried, in bytes: the search for a reason takes longer for longer ones.
const MAX_VISITOR_ID: usize = 1024;
const MAX_PROOF: usize = 16 * 1024;

/// What a call would be answered.
struct Answer {
    is_verified: bool,
    sentence: String,
    /// Why the proof is refused, and what to change.
    diagnosis: Option<Diagnosis>,
    /// What a token says, as JSON.
    claims: Option<String>,
}

#[derive(Template)]
#[template(path = "trial.html")]
struct TrialPage {
    organization: OrganizationView,
    visitor_id: String,
    proof: String,
    /// Why nothing was tried.
    error: Option<String>,
    answer: Option<Answer>,
}

/// Shows the form.
pub(super) async fn show(Organization(organization): Organization) -> Page {
    page::render(&TrialPage {
        organization,
        visitor_id: String::new(),
        proof: String::new(),
        error: None,
        answer: None,
    })
}

/// What is tried.
#[derive(Debug, Deserialize)]
pub(super) struct Trial {
    visitor_id: String,
    /// An hmac or a token.
    proof: String,
}

/// Tries a proof. It changes nothing, so the answer is the page itself.
pub(super) async fn run(
    State(app): State<Arc<App>>,
    Organization(organization): Organization,
    Fields(trial): Fields<Trial>,
) -> Result<Response, Failure> {
    if trial.visitor_id.len() > MAX_VISITOR_ID || trial.proof.len() > MAX_PROOF {
        let error = format!(
            "A visitor id has at most {MAX_VISITOR_ID} bytes here, and a proof {MAX_PROOF}."
        );
        let page = page::render(&TrialPage {
            organization,
            visitor_id: trial.visitor_id,
            proof: trial.proof,
            error: Some(error),
            answer: None,
        })?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let stored = app.store.organization(organization.id).await?;
    let stored = stored.ok_or_else(Problem::organization_not_found)?;
    // A form sends each line end as two characters, and the last one comes from the copying.
    let proof = trial.proof.trim_end_matches(['\r', '\n']).to_owned();
    let visitor_id = trial.visitor_id;
    let is_token = proof.matches('.').count() >= 2;
    let kind = if is_token { Proof::Token } else { Proof::Hmac };
    let mut answer = if is_token {
        let keys = app.store.sealed_token_keys_of(organization.id).await?;
        token(&app, &stored, &keys, &visitor_id, &proof).await?
    } else {
        hmac(&app, &stored, &visitor_id, &proof).await?
    };
    let accepted = organization.policy.accepted_proofs;
    if answer.is_verified && !accepted.accepts(kind) {
        answer.is_verified = false;
        let problem = Problem::proof_not_accepted(kind, accepted);
        problem.detail().clone_into(&mut answer.sentence);
    }
    let page = page::render(&TrialPage {
        organization,
        visitor_id,
        proof,
        error: None,
        answer: Some(answer),
    })?;
    Ok(page.into_response())
}

async fn hmac(
    app: &App,
    organization: &store::Organization,
    visitor_id: &str,
    hmac: &str,
) -> Result<Answer, Failure> {
    let keyring = app.keyring(organization.id, &organization.secrets)?;
    let outcome = VerificationMode::Required.verify(&keyring, visitor_id, Some(hmac));
    if let Verification::Verified(matched) = outcome {
        let which = match matched {
            Matched::Current => "current",
            Matched::Previous => "previous",
        };
        return Ok(Answer {
            is_verified: true,
            sentence: format!("The {which} secret made this hmac of this visitor id."),
            diagnosis: None,
            claims: None,
        });
    }
    let open = |sealed: &[u8]| {
        let opened = app.master_keys()?.open(organization.id, sealed);
        opened.map_err(|error| Problem::internal(&error.to_string()))
    };
    let current = open(&organization.secrets.current)?;
    let previous = organization
        .secrets
        .previous
        .as_deref()
        .map(open)
        .transpose()?;
    let (visitor_id, hmac) = (visitor_id.to_owned(), hmac.to_owned());
    let diagnosis = in_background(move || {
        diagnose(&Case {
            secret: &current,
            previous_secret: previous.as_ref().map(|secret| secret.as_slice()),
            visitor_id: visitor_id.as_bytes(),
            hmac: hmac.as_bytes(),
            also: Vec::new(),
        })
    });
    Ok(Answer {
        is_verified: false,
        sentence: Problem::hmac_verification_failed().detail().to_owned(),
        diagnosis: Some(diagnosis.await?),
        claims: None,
    })
}

async fn token(
    app: &App,
    organization: &store::Organization,
    keys: &[SealedTokenKey],
    visitor_id: &str,
    token: &str,
) -> Result<Answer, Failure> {
    let mut parts = token
        .split('.')
        .map(|part| URL_SAFE_NO_PAD.decode(part).unwrap_or_default());
    let mut json = || serde_json::from_slice::<Value>(&parts.next().unwrap_or_default()).ok();
    let (header, claims) = (json().unwrap_or_default(), json());
    let own_visitor = claims
        .as_ref()
        .and_then(|claims| claims["visitorId"].as_str());
    let visitor_id = match visitor_id {
        "" => own_visitor.unwrap_or_default(),
        given => given,
    };
    let audience = crate::token::organization_key(organization.id);
    let now = OffsetDateTime::now_utc()
        .unix_timestamp()
        .try_into()
        .unwrap_or_default();
    let answer = Answer {
        is_verified: false,
        sentence: String::new(),
        diagnosis: None,
        claims: claims
            .as_ref()
            .and_then(|claims| serde_json::to_string_pretty(claims).ok()),
    };
    let Some(keyring) = app.token_keyring(organization.id, keys, &organization.policy)? else {
        let sentence =
            "There is no token key, so no token is taken. Make one under Secrets and keys.";
        return Ok(Answer {
            sentence: sentence.to_owned(),
            ..answer
        });
    };
    let error = match keyring.verify(token, visitor_id, Some(&audience), now) {
        Ok(verified) => {
            return Ok(Answer {
                is_verified: true,
                sentence: format!(
                    "The token key {} signed this token for this visitor id.",
                    verified.key_id
                ),
                ..answer
            });
        }
        Err(error) => error,
    };
    // The key that the token names, or the one to sign with.
    let named = keys.iter().find(|key| header["kid"] == key.kid.as_str());
    let Some(key) = named.or(keys.first()) else {
        return Ok(answer);
    };
    let opened = |opened: Result<Zeroizing<Vec<u8>>, _>| {
        opened.map_err(|error: crate::master_key::NotOpened| Problem::internal(&error.to_string()))
    };
    let master_keys = app.master_keys()?;
    let text = opened(master_keys.open((organization.id, key.kid.as_str()), &key.sealed))?;
    let secret = opened(master_keys.open(organization.id, &organization.secrets.current))?;
    let (visitor_id, token) = (visitor_id.to_owned(), token.to_owned());
    let diagnosis = in_background(move || {
        diagnose_token(&TokenCase {
            token: token.as_bytes(),
            key: &text,
            secret: Some(&secret),
            visitor_id: Some(visitor_id.as_bytes()),
            audience: Some(&audience),
            now,
        })
    });
    Ok(Answer {
        sentence: error.to_string(),
        diagnosis: Some(diagnosis.await?),
        ..answer
    })
}

/// Searches beside the threads that answer calls: it may take a tenth of a second.
async fn in_background(
    search: impl FnOnce() -> Diagnosis + Send + 'static,
) -> Result<Diagnosis, Problem> {
    let found = tokio::task::spawn_blocking(search).await;
    found.map_err(|error| Problem::internal(&error.to_string()))
}
