//! Whether the proof of an `identify()` call holds, by the organization's mode and policy.

use identity_hmac::{Matched, TokenError, Verification, VerificationMode, VerifiedClaims};
use time::OffsetDateTime;

use super::App;
use super::identify_params::PresentedProof;
use super::problem::Problem;
use crate::store::{Caller, PersonPatch, Proof, SaidBy};
use crate::token::{VisitorToken, organization_key};

/// What is known of a call by its proof.
pub(super) struct Checked {
    /// How it is counted.
    pub(super) outcome: Verification,
    /// What its token says.
    pub(super) person: Option<PersonPatch>,
    /// What the caller is told if it is refused.
    problem: Option<Problem>,
}

impl Checked {
    fn by_outcome(outcome: Verification) -> Self {
        Self {
            outcome,
            person: None,
            problem: None,
        }
    }

    /// Refuses a call without a valid proof if the organization requires one.
    pub(super) fn refuse(self) -> Result<Option<PersonPatch>, Problem> {
        match self.problem {
            Some(problem) if self.outcome.is_refused() => Err(problem),
            _ => Ok(self.person),
        }
    }
}

/// Checks the proof of a call, unless the mode is `off`: then no proof is looked at.
pub(super) fn check(
    app: &App,
    visitor: &VisitorToken,
    caller: &Caller,
    proof: Option<&PresentedProof>,
) -> Result<Checked, Problem> {
    let refused = match caller.verification {
        VerificationMode::Off => return Ok(Checked::by_outcome(Verification::Ignored)),
        VerificationMode::Observe => false,
        VerificationMode::Required => true,
    };
    let accepted = caller.policy.accepted_proofs;
    let (outcome, problem) = match proof {
        None if accepted.accepts(Proof::Hmac) => {
            (Verification::Missing { refused }, Problem::hmac_required())
        }
        None => (
            Verification::Missing { refused },
            Problem::identity_token_required(),
        ),
        Some(proof) if !accepted.accepts(proof.kind()) => (
            Verification::Invalid { refused },
            Problem::proof_not_accepted(proof.kind(), accepted),
        ),
        Some(PresentedProof::Hmac(hmac)) => {
            let keyring = app.keyring(visitor.organization, &caller.secrets)?;
            let id = visitor.visitor.to_string();
            let outcome = caller.verification.verify(&keyring, id, Some(hmac));
            (outcome, Problem::hmac_verification_failed())
        }
        Some(PresentedProof::Token(token)) => match verify(app, visitor, caller, token)? {
            Ok(claims) => return Ok(by_token(caller, claims)),
            Err(error) => (
                Verification::Invalid { refused },
                Problem::identity_token(&error),
            ),
        },
    };
    Ok(Checked {
        problem: Some(problem),
        ..Checked::by_outcome(outcome)
    })
}

fn verify(
    app: &App,
    visitor: &VisitorToken,
    caller: &Caller,
    token: &str,
) -> Result<Result<VerifiedClaims, TokenError>, Problem> {
    let organization = visitor.organization;
    let keyring = app.token_keyring(organization, &caller.token_keys, &caller.policy)?;
    let Some(keyring) = keyring else {
        return Ok(Err(TokenError::Invalid));
    };
    // A clock before 1970 finds every token too young.
    let now = OffsetDateTime::now_utc().unix_timestamp();
    Ok(keyring.verify(
        token,
        visitor.visitor.to_string(),
        Some(&organization_key(organization)),
        now.try_into().unwrap_or_default(),
    ))
}

fn by_token(caller: &Caller, claims: VerifiedClaims) -> Checked {
    let newest = caller.token_keys.first();
    let matched = match newest {
        Some(newest) if newest.kid != claims.key_id => Matched::Previous,
        _ => Matched::Current,
    };
    Checked {
        person: Some(PersonPatch {
            external_id: claims.external_id,
            name: claims.name,
            email: claims.email,
            metadata: claims.metadata,
            said_by: SaidBy::Token {
                kid: claims.key_id,
                issued_at: claims.issued_at,
            },
            session: caller.policy.identity_session,
        }),
        ..Checked::by_outcome(Verification::Verified(matched))
    }
}
