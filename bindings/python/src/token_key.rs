//! The class `IdentityTokenKey`.

use identity_hmac::{IdentityClaims, TokenKey, TokenKeyring};
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::claims::{self, Given};
use crate::modules::Modules;
use crate::{convert, environment, error, time};

/// An identity token key, prepared for signing and verifying many tokens.
///
/// An identity token is a short-lived JSON Web Token (RFC 7519, HS256). In it your backend signs
/// which user a visitor is. The vendor makes the key. Any JWT library can sign with it too, since
/// the whole text is the key of HMAC-SHA256.
///
/// A key can be used from any number of threads and after a fork. It shows its id and nothing
/// else, and it cannot be pickled, copied or subclassed.
///
/// Args:
///     text: The text of the key: `itk_`, 8 hexadecimal digits, `_` and 64 hexadecimal digits, in
///         lower case; as text or bytes. No other secret is accepted.
///
/// Raises:
///     IdentityHmacError: The text has another form (`malformed_token_key`), or has a lone
///         surrogate (`ill_formed_text`).
///     TypeError: The text is neither text nor bytes.
///
/// Example:
///     >>> key = IdentityTokenKey(generate_token_key())
///     >>> token = key.sign("visitor_1", "user_123", email="jane@example.com")
///     >>> key.verify(token, "visitor_1").external_id
///     'user_123'
///     >>> key
///     <identity_hmac.IdentityTokenKey ...>
#[pyclass(frozen, weakref, module = "identity_hmac")]
pub(crate) struct IdentityTokenKey {
    pub(crate) key: TokenKey,
    modules: Modules,
}

#[pymethods]
impl IdentityTokenKey {
    #[new]
    fn new(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::of(text.py(), parse(text, "text")?)
    }

    /// Make a key from an environment variable.
    ///
    /// Args:
    ///     name: The variable's name.
    ///
    /// Returns:
    ///     A key from the text of the variable, as `os.environ` holds it.
    ///
    /// Raises:
    ///     IdentityHmacError: The variable is not set or is blank (`token_key_unset`), or its value
    ///         is not the text of an identity token key (`malformed_token_key`). The message names
    ///         the variable, never its value. If the name has a lone surrogate, the code is
    ///         `ill_formed_text`.
    ///     TypeError: The name is not text.
    ///
    /// Example:
    ///     >>> IdentityTokenKey.from_env("A_VARIABLE_THAT_IS_NOT_SET")
    ///     Traceback (most recent call last):
    ///     identity_hmac.IdentityHmacError: A_VARIABLE_THAT_IS_NOT_SET is not set; set it to ...
    #[classmethod]
    #[pyo3(signature = (name = "IDENTITY_TOKEN_KEY"))]
    fn from_env(
        class: &Bound<'_, PyType>,
        #[pyo3(from_py_with = environment::variable_name)] name: &str,
    ) -> PyResult<Self> {
        let py = class.py();
        let value = environment::variable(py, name)?;
        let key = TokenKey::from_setting(name, value.as_deref())
            .map_err(|error| error::refused(py, &error))?;
        Self::of(py, key)
    }

    /// Make a key from a setting, with the checks of `from_env`.
    ///
    /// Use it for a key from a file of settings, a vault or a secret manager.
    ///
    /// Args:
    ///     name: What you call the setting, for the message of an error.
    ///     value: Its value: text, bytes, or `None` if the setting does not exist.
    ///
    /// Returns:
    ///     A key from the value.
    ///
    /// Raises:
    ///     IdentityHmacError: As for `from_env`. The message has the name, never the value. If the
    ///         name or the value has a lone surrogate, the code is `ill_formed_text`.
    ///     TypeError: The name is not text, or the value is neither text nor bytes nor `None`.
    ///
    /// Example:
    ///     >>> IdentityTokenKey.from_setting("vault:chat/token_key", None)
    ///     Traceback (most recent call last):
    ///     identity_hmac.IdentityHmacError: vault:chat/token_key is not set; set it to ...
    #[classmethod]
    fn from_setting(
        class: &Bound<'_, PyType>,
        #[pyo3(from_py_with = environment::variable_name)] name: &str,
        value: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = class.py();
        let value = environment::setting(name, value)?;
        let value = value.as_ref().map(AsRef::as_ref);
        let key =
            TokenKey::from_setting(name, value).map_err(|error| error::refused(py, &error))?;
        Self::of(py, key)
    }

    /// The key's id, 8 hexadecimal digits. It is not secret.
    ///
    /// Tokens name it in their header, as `kid`.
    ///
    /// Example:
    ///     >>> IdentityTokenKey("itk_9f2c41aa_" + "c0ffee00" * 8).key_id
    ///     '9f2c41aa'
    #[getter]
    fn key_id(&self) -> &str {
        self.key.key_id()
    }

    /// Sign who the visitor is.
    ///
    /// Sign only what your backend knows of a caller whose session you have authenticated, and the
    /// visitor id that this caller's page sent: until the token expires, anyone with it can
    /// identify as this user on this visitor's page.
    ///
    /// An attribute that is left out stays as the vendor has it. `None` clears it.
    ///
    /// Args:
    ///     visitor_id: The id that the chat gave this visitor.
    ///     external_id: Your own id of the user, 1 to 256 characters: the claim `sub`.
    ///     name: The user's display name, at most 256 characters, or `None`.
    ///     email: The user's e-mail address, at most 320 characters, or `None`.
    ///     metadata: What else the vendor shows of the user: a `dict` of at most 8 levels that
    ///         `json.dumps` takes, or `None`.
    ///     audience: The organization key (`pk_...`) that the token is for. You can leave it out,
    ///         since the key already belongs to one organization.
    ///     expires_in: How long the token is valid: whole seconds or a `timedelta`, from one second
    ///         to a day. Most organizations accept at most an hour.
    ///     now: The time of signing: a `datetime` with a time zone, or seconds since 1970. The
    ///         default is `time.time()`.
    ///
    /// Returns:
    ///     The token, at most 8,192 characters.
    ///
    /// Raises:
    ///     IdentityTokenError: No verifier would accept a claim (`invalid_claim`; `field` names it
    ///         and `reason` says what is wrong), or the token is too long (`token_too_long`).
    ///     IdentityHmacError: A text has a lone surrogate (`ill_formed_text`).
    ///     TypeError: An argument has a wrong type, or `json.dumps` does not take the metadata.
    ///     ValueError: `now` is before 1970 or has no time zone, or the metadata holds itself.
    ///
    /// Example:
    ///     >>> key = IdentityTokenKey(generate_token_key())
    ///     >>> token = key.sign("visitor_1", "user_123", name="Jane", email=None, expires_in=60)
    ///     >>> claims = key.verify(token, "visitor_1")
    ///     >>> (claims.name, claims.email, claims.metadata)
    ///     ('Jane', None, UNSET)
    #[expect(clippy::too_many_arguments, reason = "Python names them")]
    #[pyo3(
        signature = (
            visitor_id, external_id, *, name = Given::default(), email = Given::default(),
            metadata = Given::default(), audience = None, expires_in = Given::default(), now = None
        ),
        text_signature = "($self, visitor_id, external_id, *, name=..., email=..., metadata=..., \
            audience=None, expires_in=300, now=None)"
    )]
    fn sign(
        &self,
        visitor_id: &Bound<'_, PyAny>,
        external_id: &Bound<'_, PyAny>,
        name: Given<'_, '_>,
        email: Given<'_, '_>,
        metadata: Given<'_, '_>,
        audience: Option<&Bound<'_, PyAny>>,
        expires_in: Given<'_, '_>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<String> {
        let py = visitor_id.py();
        let Self { key, modules } = self;
        let mut claims = IdentityClaims::new(
            convert::text_of(visitor_id, "visitor_id")?,
            convert::text_of(external_id, "external_id")?,
        )
        .name(claims::patch(name, "name", modules)?)
        .email(claims::patch(email, "email", modules)?);
        if let Some(metadata) = claims::json_of(metadata, modules)? {
            claims = claims
                .metadata_json(&metadata)
                .map_err(|error| error::refused(py, &error))?;
        }
        if let Some(audience) = audience {
            claims = claims.audience(convert::text_of(audience, "audience")?);
        }
        if let Some(duration) = expires_in.0 {
            claims = claims.expires_in(time::seconds_of(&duration, "expires_in")?);
        }
        let now = time::now_of(py, now, modules)?;
        key.sign(&claims, now)
            .map_err(|error| error::refused(py, &error))
    }

    /// Verify that this key signed `token` for the visitor, and that its time is not over.
    ///
    /// The vendor's service does this. In your backend it is for tests. It accepts a token that was
    /// signed for at most an hour; `IdentityTokenKeyring` takes other limits, and a second key.
    ///
    /// Args:
    ///     token: What the client sent. It may be of any type: what is not a token is refused.
    ///     visitor_id: The visitor that the client is.
    ///     audience: Your organization key (`pk_...`). A token that names audiences must name this
    ///         one, and is refused without it. A token that names none is for all.
    ///     now: The time of verifying: a `datetime` with a time zone, or seconds since 1970. The
    ///         default is `time.time()`. Clocks may differ by 60 seconds.
    ///
    /// Returns:
    ///     The claims. A token that must be refused always raises, so they need no check.
    ///
    /// Raises:
    ///     IdentityTokenError: The token must be refused. Until its signature is known to be right,
    ///         the code is `identity_token_invalid`. After that `code`, `field` and `reason` are
    ///         exact.
    ///     IdentityHmacError: The id or the audience has a lone surrogate (`ill_formed_text`).
    ///     TypeError: `visitor_id`, `audience` or `now` has a wrong type.
    ///     ValueError: `now` is before 1970 or has no time zone.
    ///     MemoryError: There is no memory for a copy of a bytes-like token. Likewise whatever else
    ///         its own `__buffer__` raises, but for `TypeError`, `ValueError` and `BufferError`:
    ///         those are `identity_token_invalid`.
    ///
    /// Example:
    ///     >>> key = IdentityTokenKey(generate_token_key())
    ///     >>> token = key.sign("visitor_1", "user_123")
    ///     >>> key.verify(token, "visitor_1").external_id
    ///     'user_123'
    ///     >>> key.verify(token, "visitor_2")
    ///     Traceback (most recent call last):
    ///     identity_hmac.IdentityTokenError: the identity token was signed for another visitor; ...
    #[pyo3(signature = (token, visitor_id, *, audience = None, now = None))]
    fn verify<'py>(
        &self,
        token: &Bound<'py, PyAny>,
        visitor_id: &Bound<'py, PyAny>,
        audience: Option<&Bound<'py, PyAny>>,
        now: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let keyring = TokenKeyring::new(self.key.clone());
        claims::verify(&keyring, token, visitor_id, audience, now, &self.modules)
    }

    fn __repr__(&self) -> String {
        format!("<identity_hmac.IdentityTokenKey {}>", self.key.key_id())
    }

    /// Pickling and both ways of copying come here.
    #[expect(clippy::unused_self, reason = "Python calls it as a method")]
    fn __reduce__(&self) -> PyResult<()> {
        Err(error::not_copyable("IdentityTokenKey"))
    }
}

impl IdentityTokenKey {
    fn of(py: Python<'_>, key: TokenKey) -> PyResult<Self> {
        let modules = Modules::import(py)?;
        Ok(Self { key, modules })
    }
}

/// The core's key from its text, which errors call `argument`.
pub(crate) fn parse(text: &Bound<'_, PyAny>, argument: &str) -> PyResult<TokenKey> {
    let bytes = convert::bytes_of(text, argument)?;
    // Bytes that are not text are refused as the empty text is.
    let utf8 = core::str::from_utf8(bytes.as_ref()).unwrap_or_default();
    TokenKey::parse(utf8).map_err(|error| error::refused(text.py(), &error))
}
