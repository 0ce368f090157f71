//! What an `identify()` call carries.

use std::borrow::Cow;

use identity_hmac::attributes::{self, AttributeFault, Metadata, Patch};
use serde::Deserialize;
use serde_json::Value;
use utoipa::openapi::{RefOr, schema};
use utoipa::{PartialSchema, ToSchema};

use super::body::Members;
use super::problem::Problem;
use crate::store::{IdentityPatch, Proof};

/// The parameters of `identify()`: a JSON Merge Patch (RFC 7396) of the visitor's record, and at most one
/// proof, `hmac` or `token`. What is absent stays, `null` clears, `metadata` merges key by key. An empty or blank text
/// is refused.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = IdentifyParams)]
#[expect(dead_code, reason = "it stands for the body in the OpenAPI document")]
pub(crate) struct Schema {
    /// The visitor's display name.
    #[schema(max_length = 256, pattern = r"\S", example = "Jane Doe")]
    name: Option<String>,
    /// The visitor's e-mail address.
    #[schema(max_length = 320, format = Email, example = "jane@example.com")]
    email: Option<String>,
    /// Your own id of the user.
    #[schema(max_length = 256, pattern = r"\S", example = "user_123")]
    external_id: Option<String>,
    /// Any JSON object, of at most 16 KiB and 8 levels once merged.
    #[schema(value_type = Option<std::collections::BTreeMap<String, Value>>)]
    metadata: Option<Metadata>,
    /// HMAC-SHA256 of the visitor id under the organization's secret, 64 hexadecimal digits.
    hmac: Option<String>,
    /// An identity token in the place of `hmac`. What it says is verified; what stands beside it is what
    /// the visitor says.
    token: Option<String>,
}

/// The same without `hmac` and `token`: the parameters of a backend, which vouches for all of them.
pub(crate) struct BackendSchema;

impl PartialSchema for BackendSchema {
    fn schema() -> RefOr<schema::Schema> {
        let mut schema = Schema::schema();
        if let RefOr::T(schema::Schema::Object(object)) = &mut schema {
            object.properties.remove("hmac");
            object.properties.remove("token");
            let text = "The parameters of `identify()` without a proof: the API key vouches for all of \
                them. With an `externalId`, they are verified attributes of that person; without, they are \
                written to the visitor's record.";
            object.description = Some(text.to_owned());
        }
        schema
    }
}

impl ToSchema for BackendSchema {
    fn name() -> Cow<'static, str> {
        "BackendIdentifyParams".into()
    }
}

/// The parameters of one `identify()` call.
#[derive(Clone, Debug)]
pub struct IdentifyParams {
    /// The changes to the record.
    pub patch: IdentityPatch,
    /// The proof that came with them.
    pub proof: Option<PresentedProof>,
}

/// A proof that was not looked at yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresentedProof {
    /// The hmac of the visitor id.
    Hmac(String),
    /// An identity token.
    Token(String),
}

impl PresentedProof {
    /// What kind it is.
    pub(crate) const fn kind(&self) -> Proof {
        match self {
            Self::Hmac(_) => Proof::Hmac,
            Self::Token(_) => Proof::Token,
        }
    }
}

impl TryFrom<Members> for IdentifyParams {
    type Error = Problem;

    fn try_from(mut members: Members) -> Result<Self, Problem> {
        let patch = read_patch(&mut members)?;
        let hmac = proof(&mut members, "hmac").map(PresentedProof::Hmac);
        let token = proof(&mut members, "token").map(PresentedProof::Token);
        members.finish()?;
        if hmac.is_some() && token.is_some() {
            let reason = "leave it out: the token is proof enough";
            return Err(Problem::invalid_request(Some("hmac"), reason));
        }
        let proof = hmac.or(token);
        Ok(Self { patch, proof })
    }
}

fn proof(members: &mut Members, name: &str) -> Option<String> {
    match members.take(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text),
        // Counts as a wrong one: no text is shorter.
        Some(_) => Some(String::new()),
    }
}

/// Reads the parameters of a backend.
pub(crate) fn read_backends(mut members: Members) -> Result<IdentityPatch, Problem> {
    for proof in ["hmac", "token"] {
        if members.take(proof).is_some() {
            let reason = "leave it out: the API key vouches for the call";
            return Err(Problem::invalid_request(Some(proof), reason));
        }
    }
    let patch = read_patch(&mut members)?;
    members.finish()?;
    Ok(patch)
}

fn read_patch(members: &mut Members) -> Result<IdentityPatch, Problem> {
    Ok(IdentityPatch {
        name: attribute(members, "name", attributes::name)?,
        email: attribute(members, "email", attributes::email)?,
        external_id: attribute(members, "externalId", attributes::external_id)?,
        metadata: attribute(members, "metadata", attributes::metadata)?,
    })
}

/// Takes one attribute by the rule that identity tokens have too.
fn attribute<T>(
    members: &mut Members,
    name: &str,
    read: impl FnOnce(Option<Value>) -> Result<Patch<T>, AttributeFault>,
) -> Result<Patch<T>, Problem> {
    read(members.take(name))
        .map_err(|fault| Problem::invalid_request(Some(name), &fault.to_string()))
}
