//! `IdentityHmac::User`: whom the guarded route signs for.

use identity_hmac::route;
use magnus::typed_data::Obj;
use magnus::{Error, RClass, RHash, RModule, Ruby, Value, method, prelude::*};

use crate::claims::Attributes;
use crate::{error, guarded, string};

#[magnus::wrap(class = "IdentityHmac::User", free_immediately, size, frozen_shareable)]
pub(crate) struct User(pub(crate) route::User);

pub(crate) fn define(ruby: &Ruby, module: RModule) -> Result<(), Error> {
    let class = guarded::define::<User>(ruby, module, "User")?;
    class.define_singleton_method("of", method!(User::of, 2))
}

impl User {
    /// `new` of the Ruby side, which has the keyword arguments.
    fn of(
        ruby: &Ruby,
        class: RClass,
        external_id: Value,
        attributes: RHash,
    ) -> Result<Obj<Self>, Error> {
        let external_id = string::text(ruby, "external_id", "a String", external_id)?;
        let attributes = Attributes::of(ruby, attributes)?;
        let user = route::User::new(external_id).and_then(|user| {
            let user = user.name(attributes.name).email(attributes.email);
            match attributes.metadata {
                Some(json) => user.metadata_json(&json),
                None => Ok(user),
            }
        });
        let user = user.map_err(|error| error::from_input(ruby, &error))?;
        guarded::wrap(ruby, class, Self(user))
    }
}
