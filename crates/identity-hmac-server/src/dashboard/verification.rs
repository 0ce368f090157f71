//! Whether an organization's calls are verified, by which proofs, and who would be turned away.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use identity_hmac::{InputError, VerificationMode};
use serde::Deserialize;

use super::failure::Failure;
use super::page::{self, Confirm, Page};
use super::params::{Asked, Fields, Organization};
use super::session::LoggedIn;
use super::when::When;
use super::{organization_path, see_other};
use crate::http::{App, Problem};
use crate::organization::OrganizationView;
use crate::store::{
    AcceptedProofs, OTHER_ORIGIN, OrganizationPatch, PolicyPatch, Proof, StoreError,
};
use crate::verification_stats::{VerificationDayView, VerificationStatsView};

/// The days that the page shows, today included.
pub(super) const DAYS: u16 = 7;
/// How many origins are listed whose calls would be turned away.
const MAX_ORIGINS: usize = 20;

/// The calls of one kind.
struct Kind {
    result: &'static str,
    proof: &'static str,
    is_turned_away: bool,
    calls: i64,
    last: When,
    /// Where the last one came from.
    origin: String,
}

/// The calls that would be turned away, of one origin.
struct TurnedAway {
    origin: String,
    calls: i64,
    last: When,
}

struct Stats {
    turned_away: i64,
    checked: i64,
    ignored: i64,
    signed: i64,
    kinds: Vec<Kind>,
    origins: Vec<TurnedAway>,
}

impl Stats {
    fn new(stats: VerificationStatsView, accepted: AcceptedProofs) -> Self {
        let (turned_away, checked) = stats.turned_away(accepted);
        let (ignored, signed) = stats.ignored();
        let mut kinds = BTreeMap::new();
        let mut origins = BTreeMap::new();
        for day in stats.days {
            if day.is_turned_away(accepted) {
                add(&mut origins, day.origin.clone(), &day);
            }
            let kind = (day.result.clone(), day.proof.clone());
            add(&mut kinds, kind, &day);
        }
        let kinds = kinds.into_values().map(|sum| Kind {
            result: result_in_words(&sum.last, accepted),
            proof: proof_in_words(&sum.last.proof),
            is_turned_away: sum.last.is_turned_away(accepted),
            calls: sum.calls,
            last: sum.last.last_seen_at.into(),
            origin: origin_in_words(sum.last.origin.as_deref()),
        });
        let mut origins: Vec<_> = origins.into_values().collect();
        origins.sort_by_key(|sum| Reverse(sum.calls));
        let origins = origins.into_iter().take(MAX_ORIGINS).map(|sum| TurnedAway {
            calls: sum.calls,
            last: sum.last.last_seen_at.into(),
            origin: origin_in_words(sum.last.origin.as_deref()),
        });
        Self {
            turned_away,
            checked,
            ignored,
            signed,
            kinds: kinds.collect(),
            origins: origins.collect(),
        }
    }

    /// The calls that would be turned away, of all that were checked.
    fn percent(&self) -> String {
        let per_mille = self.turned_away.saturating_mul(1000) / self.checked.max(1);
        match per_mille {
            0 if self.turned_away > 0 => "less than 0.1 %".to_owned(),
            _ => format!("{}.{} %", per_mille / 10, per_mille % 10),
        }
    }
}

/// How many calls of a sort, and the last of them.
struct Sum {
    calls: i64,
    last: VerificationDayView,
}

fn add<K: Ord>(sums: &mut BTreeMap<K, Sum>, key: K, day: &VerificationDayView) {
    let sum = sums.entry(key).or_insert_with(|| Sum {
        calls: 0,
        last: day.clone(),
    });
    sum.calls += day.count;
    if sum.last.last_seen_at < day.last_seen_at {
        sum.last = day.clone();
    }
}

fn result_in_words(day: &VerificationDayView, accepted: AcceptedProofs) -> &'static str {
    match day.result.as_str() {
        "ignored" => "not looked at",
        "missing" => "no proof",
        "invalid" => "wrong proof",
        _ if day.is_turned_away(accepted) => "a right proof that is not accepted",
        "verified_previous" => "verified with the previous secret or key",
        _ => "verified",
    }
}

fn proof_in_words(proof: &str) -> &'static str {
    match proof {
        "hmac" => "hmac",
        "token" => "token",
        _ => "none",
    }
}

pub(super) fn origin_in_words(origin: Option<&str>) -> String {
    match origin {
        None => "no page: an app or a server".to_owned(),
        Some("null") => "a page that hides its origin".to_owned(),
        Some(OTHER_ORIGIN) => "other origins".to_owned(),
        Some(origin) => origin.to_owned(),
    }
}

#[derive(Template)]
#[template(path = "verification.html")]
struct VerificationPage {
    organization: OrganizationView,
    stats: Stats,
    days: u16,
    mode: VerificationMode,
    accepted: AcceptedProofs,
    is_saved: bool,
    error: Option<String>,
}

impl VerificationPage {
    fn takes(&self, proof: Proof) -> bool {
        self.accepted.accepts(proof)
    }

    fn seen(&self) -> String {
        state(&self.organization)
    }
}

/// What the form changes, as it is now.
fn state(organization: &OrganizationView) -> String {
    let proofs = organization.policy.accepted_proofs.as_str();
    format!("{}-{proofs}", organization.verification.as_str())
}

/// What led to a page.
#[derive(Debug, Deserialize)]
pub(super) struct Arrival {
    /// A change, which was saved.
    saved: Option<String>,
}

/// Shows the switch, and the calls of the last days.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Organization(organization): Organization,
    Asked(arrival): Asked<Arrival>,
) -> Page {
    let (mode, accepted) = (
        organization.verification,
        organization.policy.accepted_proofs,
    );
    let is_saved = arrival.saved.is_some();
    shown(&app, organization, mode, accepted, is_saved, None).await
}

async fn shown(
    app: &App,
    organization: OrganizationView,
    mode: VerificationMode,
    accepted: AcceptedProofs,
    is_saved: bool,
    error: Option<String>,
) -> Page {
    let stats = VerificationStatsView::read(&app.store, organization.id, DAYS).await?;
    page::render(&VerificationPage {
        stats: Stats::new(stats, organization.policy.accepted_proofs),
        days: DAYS,
        organization,
        mode,
        accepted,
        is_saved,
        error,
    })
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub(super) struct Change {
    verification: String,
    hmac: Option<String>,
    token: Option<String>,
    /// The state that the reader saw, before they changed it.
    seen: Option<String>,
    /// That the reader has seen who would be turned away.
    confirmed: Option<String>,
}

impl Change {
    fn mode(&self) -> Result<VerificationMode, Problem> {
        let mode = self.verification.parse();
        mode.map_err(|error: InputError| {
            Problem::invalid_request(Some("verification"), &error.to_string())
        })
    }

    /// `None` for no proof at all.
    fn accepted(&self) -> Option<AcceptedProofs> {
        let hmac = self.hmac.as_ref().map(|_| Proof::Hmac);
        let token = self.token.as_ref().map(|_| Proof::Token);
        let proofs: Vec<_> = hmac.into_iter().chain(token).collect();
        proofs.try_into().ok()
    }

    /// The same change as fields. Only a change to `required` is asked about: a link that somebody made
    /// up asks for no other.
    fn fields(&self) -> Vec<(&'static str, String)> {
        let on = |name, field: &Option<String>| field.as_ref().map(|_| (name, "on".to_owned()));
        let required = VerificationMode::Required.as_str().to_owned();
        [("verification", required)]
            .into_iter()
            .chain(on("hmac", &self.hmac))
            .chain(on("token", &self.token))
            .chain(self.seen.clone().map(|seen| ("seen", seen)))
            .collect()
    }
}

/// Whether a change may turn somebody away who gets in now.
fn refuses_more(
    organization: &OrganizationView,
    mode: VerificationMode,
    accepted: AcceptedProofs,
) -> bool {
    let before = organization.policy.accepted_proofs;
    let drops_proof = before != accepted && accepted != AcceptedProofs::Both;
    mode == VerificationMode::Required
        && (organization.verification != VerificationMode::Required || drops_proof)
}

/// Changes the mode and the proofs. Who would be turned away by it is shown first.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    Extension(actor): LoggedIn,
    Organization(organization): Organization,
    Fields(change): Fields<Change>,
) -> Result<Response, Failure> {
    let mode = change.mode()?;
    let before = organization.policy.accepted_proofs;
    if change
        .seen
        .as_ref()
        .is_some_and(|seen| *seen != state(&organization))
    {
        let error =
            "Somebody else has changed this since you opened the page. It is now as you see it \
                     here: choose again."
                .to_owned();
        let mode = organization.verification;
        let page = shown(&app, organization, mode, before, false, Some(error)).await?;
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    let Some(accepted) = change.accepted() else {
        let error = "Choose at least one proof: without one, nobody could be verified.".to_owned();
        let page = shown(&app, organization, mode, before, false, Some(error)).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let path = organization_path(organization.id);
    if change.confirmed.is_none() && refuses_more(&organization, mode, accepted) {
        let stats = VerificationStatsView::read(&app.store, organization.id, DAYS).await?;
        let (turned_away, checked) = stats.turned_away(accepted);
        if turned_away > 0 || checked == 0 {
            let fields = change.fields().into_iter();
            let query: Vec<_> = fields
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            return Ok(see_other(&format!("{path}/confirm?{}", query.join("&"))));
        }
    }
    let changes = OrganizationPatch {
        verification: (mode != organization.verification).then_some(mode),
        policy: PolicyPatch {
            accepted_proofs: (accepted != before).then_some(accepted),
            ..PolicyPatch::default()
        },
        ..OrganizationPatch::default()
    };
    match app
        .store
        .update_organization(organization.id, &changes, &actor)
        .await
    {
        Ok(Some(_)) => Ok(see_other(&format!("{path}?saved="))),
        Ok(None) => Err(Problem::organization_not_found().into()),
        Err(StoreError::NoUsableKey) => {
            let error = "There is no token key, so every call would be refused. Make a token key \
                         first, or accept the hmac as well."
                .to_owned();
            let page = shown(&app, organization, mode, accepted, false, Some(error)).await?;
            Ok((StatusCode::CONFLICT, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Asks whether to turn away those who were not verified.
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    Organization(organization): Organization,
    Asked(change): Asked<Change>,
) -> Page {
    let accepted = change.accepted();
    let accepted = accepted.unwrap_or(organization.policy.accepted_proofs);
    let stats = VerificationStatsView::read(&app.store, organization.id, DAYS).await?;
    let stats = Stats::new(stats, accepted);
    let mut consequences = Vec::new();
    if stats.checked == 0 {
        consequences.push(format!(
            "No call was checked in the last {DAYS} days, so nobody knows who would be refused. \
             Choose observe first to find out."
        ));
    } else {
        consequences.push(format!(
            "In the last {DAYS} days, {} of {} calls would have been refused: {}.",
            stats.turned_away,
            stats.checked,
            stats.percent(),
        ));
        let last = stats.origins.iter().max_by_key(|origin| origin.last.at());
        consequences.extend(last.map(|last| {
            let words = last.last.words();
            format!("The last one came {words}, from {}.", last.origin)
        }));
    }
    consequences.push("You can go back at any time: the records stay as they are.".to_owned());
    page::render(&Confirm {
        organization: &organization.name,
        question: "Refuse calls that are not verified?",
        consequences,
        action: organization_path(organization.id),
        fields: change
            .fields()
            .into_iter()
            .chain([("confirmed", "on".to_owned())])
            .collect(),
        button: "Refuse them",
        back: organization_path(organization.id),
    })
}
