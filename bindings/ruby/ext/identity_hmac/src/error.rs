//! The core's errors as Ruby's.

use identity_hmac::{InputError, TokenError};
use magnus::{Error, Exception, ExceptionClass, KwArgs, RModule, Ruby, kwargs, prelude::*};

/// The exception for what the core refuses, with its message and code.
pub(crate) fn from_input(ruby: &Ruby, error: &InputError) -> Error {
    let code = ruby.to_symbol(error.code());
    let message = error.to_string();
    match error {
        InputError::InvalidClaim(claim) => {
            let reason = ruby.to_symbol(claim.fault().as_str());
            let details = kwargs!(
                ruby,
                "code" => code,
                "field" => claim.field(),
                "reason" => reason,
                "remedy" => claim.remedy()
            );
            exception(ruby, "TokenError", message, details)
        }
        InputError::TokenTooLong => {
            exception(ruby, "TokenError", message, kwargs!(ruby, "code" => code))
        }
        _ => exception(ruby, "Error", message, kwargs!(ruby, "code" => code)),
    }
}

/// The exception for a token that the core refuses.
pub(crate) fn from_token(ruby: &Ruby, error: &TokenError) -> Error {
    let details = kwargs!(
        ruby,
        "code" => ruby.to_symbol(error.code()),
        "field" => error.field(),
        "reason" => error.reason().map(|reason| ruby.to_symbol(reason)),
        "remedy" => error.remedy()
    );
    exception(ruby, "TokenError", error.to_string(), details)
}

/// The exception for a String, the argument called `name`, that has no UTF-8.
pub(crate) fn ill_formed_text(ruby: &Ruby, name: &str) -> Error {
    let message = format!(
        "{name} is not text in its encoding; pass it in UTF-8, or with the encoding it has"
    );
    let details = kwargs!(ruby, "code" => ruby.to_symbol("ill_formed_text"));
    exception(ruby, "Error", message, details)
}

/// An exception of a class in `IdentityHmac`, which Ruby code defines.
fn exception(ruby: &Ruby, class: &str, message: String, details: KwArgs) -> Error {
    let exception = || -> Result<Exception, Error> {
        let module: RModule = ruby.class_object().const_get("IdentityHmac")?;
        let class: ExceptionClass = module.const_get(class)?;
        class.new_instance((message, details))
    };
    exception().map_or_else(|error| error, Error::from)
}
