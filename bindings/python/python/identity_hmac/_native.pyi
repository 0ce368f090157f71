from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal, final

from typing_extensions import Buffer, Self

from identity_hmac._claims import Unset, VerifiedClaims

__all__ = [
    "IdentityKey",
    "IdentityTokenKey",
    "IdentityTokenKeyring",
    "Keyring",
    "User",
    "__version__",
    "_respond",
    "generate_identity_hmac",
    "generate_secret",
    "generate_token_key",
    "verify_identity_hmac",
]

__version__: str

# What a client sends may be anything, so `verify` and `matched` take any object.

def generate_identity_hmac(visitor_id: str | Buffer, secret: str | Buffer) -> str:
    """Sign `visitor_id` with `secret` in one call: the document's function, byte for byte.

    Sign only for a caller whose session you have authenticated: anyone with the result can
    identify as this visitor until the secret is rotated. To sign many ids with one secret,
    prepare an `IdentityKey`, which takes less time.

    Args:
        visitor_id: The id that the chat gave this visitor, of any length. Text is signed as
            UTF-8, bytes as they are; never trimmed, never normalised.
        secret: The identity verification secret, text or bytes in the same way.

    Returns:
        The HMAC-SHA256 (RFC 2104, FIPS 198-1) as 64 lowercase hexadecimal digits.

    Raises:
        IdentityHmacError: The secret or the id is empty (`empty_secret`, `empty_visitor_id`), or
            is text with a lone surrogate (`ill_formed_text`).
        TypeError: The secret or the id is neither text nor bytes.

    Example:
        >>> generate_identity_hmac("visitor_1", "s3cret")
        '03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae'
    """

def verify_identity_hmac(visitor_id: object, hmac: object, secret: str | Buffer) -> bool:
    """Verify `hmac` against `visitor_id` and `secret` in one call, in constant time.

    Args:
        visitor_id: The visitor's id, as it was signed.
        hmac: What the client sent. Only 64 hexadecimal digits, in either case (RFC 4648 section
            8), can be right.
        secret: The identity verification secret, text or bytes.

    Returns:
        Whether `secret` signed this id as `hmac`. Nothing that a client can send raises: what is
        of another type, or is no hmac, is false.

    Raises:
        IdentityHmacError: The secret is empty (`empty_secret`), or is text with a lone surrogate
            (`ill_formed_text`).
        TypeError: The secret is neither text nor bytes.
        MemoryError: There is no memory for a copy of a bytes-like argument. Likewise whatever else
            its own `__buffer__` raises, but for `TypeError`, `ValueError` and `BufferError` of the
            id's or the hmac's: those are false.

    Example:
        >>> hmac = generate_identity_hmac("visitor_1", "s3cret")
        >>> verify_identity_hmac("visitor_1", hmac, "s3cret")
        True
        >>> verify_identity_hmac("visitor_2", hmac, "s3cret")
        False
        >>> verify_identity_hmac("visitor_1", None, "s3cret")
        False
    """

def generate_secret() -> str:
    """Make a new identity verification secret.

    Returns:
        32 random bytes from the operating system, as 64 lowercase hexadecimal digits. The digits
        are the secret; they are not decoded before signing.

    Raises:
        OSError: The operating system has no random bytes to give.

    Example:
        >>> len(generate_secret())
        64
    """

def generate_token_key() -> str:
    """Make the text of a new identity token key, for tests. The vendor makes those that count.

    Returns:
        `itk_`, 8 and 64 random hexadecimal digits with `_` between them: an id, and 32 random bytes
        from the operating system.

    Raises:
        OSError: The operating system has no random bytes to give.

    Example:
        >>> len(generate_token_key())
        77
    """

@final
class IdentityKey:
    """An identity verification secret, prepared for signing and verifying many visitor ids.

    A key can be used from any number of threads and after a fork. It shows nothing of the secret,
    and it cannot be pickled, copied or subclassed.

    Args:
        secret: The identity verification secret, of any length. Text is taken as UTF-8, bytes as
            they are; never trimmed, never decoded.

    Raises:
        IdentityHmacError: The secret is empty (`empty_secret`), or is text with a lone surrogate
            (`ill_formed_text`).
        TypeError: The secret is neither text nor bytes.

    Example:
        >>> key = IdentityKey("s3cret")
        >>> hmac = key.sign("visitor_1")
        >>> key.verify("visitor_1", hmac)
        True
        >>> key
        <identity_hmac.IdentityKey>
    """

    def __new__(cls, secret: str | Buffer) -> Self: ...
    @classmethod
    def from_env(cls, name: str = "IDENTITY_SECRET") -> Self:
        """Make a key from an environment variable, and refuse what is almost always a mistake.

        Args:
            name: The variable's name.

        Returns:
            A key from the bytes of the variable, as `os.environ` holds it.

        Raises:
            IdentityHmacError: The variable is not set, or its value is almost always a mistake.
                `code` says which: `secret_unset`, `secret_blank`, `secret_not_utf8`,
                `secret_surrounded_by_whitespace`, `secret_quoted`, `secret_contains_nul`,
                `secret_placeholder`, `secret_unexpanded_variable`, `secret_holds_assignment`,
                `secret_holds_comment` or `token_key_as_secret`. The message names the variable,
                never its value. If the name has a lone surrogate, the code is `ill_formed_text`.
            TypeError: The name is not text.

        Example:
            >>> IdentityKey.from_env("A_VARIABLE_THAT_IS_NOT_SET")
            Traceback (most recent call last):
            identity_hmac.IdentityHmacError: A_VARIABLE_THAT_IS_NOT_SET is not set; set it to ...
        """

    @classmethod
    def from_setting(cls, name: str, value: str | Buffer | None) -> Self:
        """Make a key from a setting, with the checks of `from_env`.

        Use it for a secret from a file of settings, a vault or a secret manager.

        Args:
            name: What you call the setting, for the message of an error.
            value: Its value: text, bytes, or `None` if the setting does not exist.

        Returns:
            A key from the value.

        Raises:
            IdentityHmacError: As for `from_env`. The message has the name, never the value. If the
                name or the value has a lone surrogate, the code is `ill_formed_text`.
            TypeError: The name is not text, or the value is neither text nor bytes nor `None`.

        Example:
            >>> IdentityKey.from_setting("vault:chat/secret", "s3cret ")
            Traceback (most recent call last):
            identity_hmac.IdentityHmacError: vault:chat/secret ... white space...
        """

    def sign(self, visitor_id: str | Buffer) -> str:
        """Sign `visitor_id`.

        Sign only for a caller whose session you have authenticated: anyone with the result can
        identify as this visitor until the secret is rotated.

        Args:
            visitor_id: The id that the chat gave this visitor, of any length. Text is signed as
                UTF-8, bytes as they are; never trimmed, never normalised.

        Returns:
            The HMAC-SHA256 (RFC 2104, FIPS 198-1) as 64 lowercase hexadecimal digits.

        Raises:
            IdentityHmacError: The id is empty (`empty_visitor_id`), or is text with a lone
                surrogate (`ill_formed_text`).
            TypeError: The id is neither text nor bytes.

        Example:
            >>> IdentityKey("s3cret").sign("visitor_1")
            '03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae'
        """

    def verify(self, visitor_id: object, hmac: object) -> bool:
        """Verify `hmac` against `visitor_id`, in constant time.

        Args:
            visitor_id: The visitor's id, as it was signed.
            hmac: What the client sent. Only 64 hexadecimal digits, in either case (RFC 4648
                section 8), can be right.

        Returns:
            Whether this key signed this id as `hmac`. Nothing that a client can send raises: a
            value of another type, or text that is not an hmac, gives false.

        Raises:
            MemoryError: There is no memory for a copy of a bytes-like argument. Likewise whatever
                else its own `__buffer__` raises, but for `TypeError`, `ValueError` and
                `BufferError`: those are false.

        Example:
            >>> key = IdentityKey("s3cret")
            >>> key.verify("visitor_1", key.sign("visitor_1").upper())
            True
            >>> key.verify("visitor_1", "not an hmac")
            False
        """

@final
class Keyring:
    """A current secret and, during a rotation, the previous one.

    An hmac has no end date, so pages that are open during a rotation hold hmacs of the previous
    secret. A keyring signs with the current secret and accepts both. `matched` says which one an
    hmac came from. So you know when the previous secret can go.

    Like a key, it works from threads and after a fork. It shows nothing of its secrets, and cannot
    be pickled, copied or subclassed.

    Args:
        current: The secret that signs: an `IdentityKey`, text or bytes.
        previous: The secret that is still accepted, likewise, or `None`.

    Raises:
        IdentityHmacError: A secret is empty (`empty_secret`), or is text with a lone surrogate
            (`ill_formed_text`).
        TypeError: A secret is neither a key nor text nor bytes.

    Example:
        >>> stale = generate_identity_hmac("visitor_1", "last year's secret")
        >>> keyring = Keyring("this year's secret", previous="last year's secret")
        >>> keyring.verify("visitor_1", stale)
        True
        >>> keyring.matched("visitor_1", stale)
        'previous'
    """

    def __new__(
        cls,
        current: IdentityKey | str | Buffer,
        previous: IdentityKey | str | Buffer | None = None,
    ) -> Self: ...
    @classmethod
    def from_env(cls, current: str, previous: str) -> Self:
        """Make a keyring from two environment variables, with the checks of `IdentityKey.from_env`.

        Args:
            current: The name of the variable with the secret that signs.
            previous: The name of the variable with the secret that is still accepted. Set it during
                a rotation alone: if it is unset or empty, there is no previous secret.

        Returns:
            A keyring from the bytes of the variables, as `os.environ` holds them.

        Raises:
            IdentityHmacError: As for `IdentityKey.from_env`, for either variable. The message names
                the variable.
            TypeError: A name is not text.

        Example:
            >>> Keyring.from_env("A_VARIABLE_THAT_IS_NOT_SET", "IDENTITY_PREVIOUS_SECRET")
            Traceback (most recent call last):
            identity_hmac.IdentityHmacError: A_VARIABLE_THAT_IS_NOT_SET is not set; set it to ...
        """

    def sign(self, visitor_id: str | Buffer) -> str:
        """Sign `visitor_id` with the current secret.

        Args:
            visitor_id: As for `IdentityKey.sign`.

        Returns:
            The HMAC-SHA256 (RFC 2104, FIPS 198-1) as 64 lowercase hexadecimal digits.

        Raises:
            IdentityHmacError: The id is empty (`empty_visitor_id`), or is text with a lone
                surrogate (`ill_formed_text`).
            TypeError: The id is neither text nor bytes.

        Example:
            >>> Keyring("s3cret", previous="0ld").sign("visitor_1")
            '03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae'
        """

    def verify(self, visitor_id: object, hmac: object) -> bool:
        """Verify `hmac` against `visitor_id` under both secrets, in constant time.

        Args:
            visitor_id: The visitor's id, as it was signed.
            hmac: What the client sent. Only 64 hexadecimal digits, in either case (RFC 4648
                section 8), can be right.

        Returns:
            Whether one of the secrets signed this id as `hmac`. Nothing that a client can send
            raises: what is of another type, or is no hmac, is false.

        Raises:
            MemoryError: There is no memory for a copy of a bytes-like argument. Likewise whatever
                else its own `__buffer__` raises, but for `TypeError`, `ValueError` and
                `BufferError`: those are false.

        Example:
            >>> keyring = Keyring("n3w", previous="0ld")
            >>> keyring.verify("visitor_1", generate_identity_hmac("visitor_1", "0ld"))
            True
            >>> keyring.verify("visitor_1", generate_identity_hmac("visitor_1", "0lder"))
            False
        """

    def matched(self, visitor_id: object, hmac: object) -> Literal["current", "previous"] | None:
        """Verify like `verify`, and tell which secret the hmac came from.

        Args:
            visitor_id: As for `verify`.
            hmac: As for `verify`.

        Returns:
            `"current"` or `"previous"`, or `None` if the hmac must be refused. The current
            one wins if both are the same.

        Raises:
            MemoryError: As for `verify`.

        Example:
            >>> keyring = Keyring("n3w", previous="0ld")
            >>> keyring.matched("visitor_1", keyring.sign("visitor_1"))
            'current'
            >>> keyring.matched("visitor_1", "not an hmac") is None
            True
        """

@final
class IdentityTokenKey:
    """An identity token key, prepared for signing and verifying many tokens.

    An identity token is a short-lived JSON Web Token (RFC 7519, HS256). In it your backend signs
    which user a visitor is. The vendor makes the key. Any JWT library can sign with it too, since
    the whole text is the key of HMAC-SHA256.

    A key can be used from any number of threads and after a fork. It shows its id and nothing
    else, and it cannot be pickled, copied or subclassed.

    Args:
        text: The text of the key: `itk_`, 8 hexadecimal digits, `_` and 64 hexadecimal digits, in
            lower case; as text or bytes. No other secret is accepted.

    Raises:
        IdentityHmacError: The text has another form (`malformed_token_key`), or has a lone
            surrogate (`ill_formed_text`).
        TypeError: The text is neither text nor bytes.

    Example:
        >>> key = IdentityTokenKey(generate_token_key())
        >>> token = key.sign("visitor_1", "user_123", email="jane@example.com")
        >>> key.verify(token, "visitor_1").external_id
        'user_123'
        >>> key
        <identity_hmac.IdentityTokenKey ...>
    """

    def __new__(cls, text: str | Buffer) -> Self: ...
    @classmethod
    def from_env(cls, name: str = "IDENTITY_TOKEN_KEY") -> Self:
        """Make a key from an environment variable.

        Args:
            name: The variable's name.

        Returns:
            A key from the text of the variable, as `os.environ` holds it.

        Raises:
            IdentityHmacError: The variable is not set or is blank (`token_key_unset`), or its value
                is not the text of an identity token key (`malformed_token_key`). The message names
                the variable, never its value. If the name has a lone surrogate, the code is
                `ill_formed_text`.
            TypeError: The name is not text.

        Example:
            >>> IdentityTokenKey.from_env("A_VARIABLE_THAT_IS_NOT_SET")
            Traceback (most recent call last):
            identity_hmac.IdentityHmacError: A_VARIABLE_THAT_IS_NOT_SET is not set; set it to ...
        """

    @classmethod
    def from_setting(cls, name: str, value: str | Buffer | None) -> Self:
        """Make a key from a setting, with the checks of `from_env`.

        Use it for a key from a file of settings, a vault or a secret manager.

        Args:
            name: What you call the setting, for the message of an error.
            value: Its value: text, bytes, or `None` if the setting does not exist.

        Returns:
            A key from the value.

        Raises:
            IdentityHmacError: As for `from_env`. The message has the name, never the value. If the
                name or the value has a lone surrogate, the code is `ill_formed_text`.
            TypeError: The name is not text, or the value is neither text nor bytes nor `None`.

        Example:
            >>> IdentityTokenKey.from_setting("vault:chat/token_key", None)
            Traceback (most recent call last):
            identity_hmac.IdentityHmacError: vault:chat/token_key is not set; set it to ...
        """

    @property
    def key_id(self) -> str:
        """The key's id, 8 hexadecimal digits. It is not secret.

        Tokens name it in their header, as `kid`.

        Example:
            >>> IdentityTokenKey("itk_9f2c41aa_" + "c0ffee00" * 8).key_id
            '9f2c41aa'
        """

    def sign(
        self,
        visitor_id: str,
        external_id: str,
        *,
        name: str | Unset | None = ...,
        email: str | Unset | None = ...,
        metadata: dict[str, Any] | Unset | None = ...,
        audience: str | None = None,
        expires_in: int | timedelta = 300,
        now: datetime | float | None = None,
    ) -> str:
        """Sign who the visitor is.

        Sign only what your backend knows of a caller whose session you have authenticated, and the
        visitor id that this caller's page sent: until the token expires, anyone with it can
        identify as this user on this visitor's page.

        An attribute that is left out stays as the vendor has it. `None` clears it.

        Args:
            visitor_id: The id that the chat gave this visitor.
            external_id: Your own id of the user, 1 to 256 characters: the claim `sub`.
            name: The user's display name, at most 256 characters, or `None`.
            email: The user's e-mail address, at most 320 characters, or `None`.
            metadata: What else the vendor shows of the user: a `dict` of at most 8 levels that
                `json.dumps` takes, or `None`.
            audience: The organization key (`pk_...`) that the token is for. You can leave it out,
                since the key already belongs to one organization.
            expires_in: How long the token is valid: whole seconds or a `timedelta`, from one second
                to a day. Most organizations accept at most an hour.
            now: The time of signing: a `datetime` with a time zone, or seconds since 1970. The
                default is `time.time()`.

        Returns:
            The token, at most 8,192 characters.

        Raises:
            IdentityTokenError: No verifier would accept a claim (`invalid_claim`; `field` names it
                and `reason` says what is wrong), or the token is too long (`token_too_long`).
            IdentityHmacError: A text has a lone surrogate (`ill_formed_text`).
            TypeError: An argument has a wrong type, or `json.dumps` does not take the metadata.
            ValueError: `now` is before 1970 or has no time zone, or the metadata holds itself.

        Example:
            >>> key = IdentityTokenKey(generate_token_key())
            >>> token = key.sign("visitor_1", "user_123", name="Jane", email=None, expires_in=60)
            >>> claims = key.verify(token, "visitor_1")
            >>> (claims.name, claims.email, claims.metadata)
            ('Jane', None, UNSET)
        """

    def verify(
        self,
        token: object,
        visitor_id: str,
        *,
        audience: str | None = None,
        now: datetime | float | None = None,
    ) -> VerifiedClaims:
        """Verify that this key signed `token` for the visitor, and that its time is not over.

        The vendor's service does this. In your backend it is for tests. It accepts a token that was
        signed for at most an hour; `IdentityTokenKeyring` takes other limits, and a second key.

        Args:
            token: What the client sent. It may be of any type: what is not a token is refused.
            visitor_id: The visitor that the client is.
            audience: Your organization key (`pk_...`). A token that names audiences must name this
                one, and is refused without it. A token that names none is for all.
            now: The time of verifying: a `datetime` with a time zone, or seconds since 1970. The
                default is `time.time()`. Clocks may differ by 60 seconds.

        Returns:
            The claims. A token that must be refused always raises, so they need no check.

        Raises:
            IdentityTokenError: The token must be refused. Until its signature is known to be right,
                the code is `identity_token_invalid`. After that `code`, `field` and `reason` are
                exact.
            IdentityHmacError: The id or the audience has a lone surrogate (`ill_formed_text`).
            TypeError: `visitor_id`, `audience` or `now` has a wrong type.
            ValueError: `now` is before 1970 or has no time zone.
            MemoryError: There is no memory for a copy of a bytes-like token. Likewise whatever else
                its own `__buffer__` raises, but for `TypeError`, `ValueError` and `BufferError`:
                those are `identity_token_invalid`.

        Example:
            >>> key = IdentityTokenKey(generate_token_key())
            >>> token = key.sign("visitor_1", "user_123")
            >>> key.verify(token, "visitor_1").external_id
            'user_123'
            >>> key.verify(token, "visitor_2")
            Traceback (most recent call last):
            identity_hmac.IdentityTokenError: the identity token was signed for another visitor; ...
        """

@final
class IdentityTokenKeyring:
    """A current token key, during a rotation the previous one, and the rules for tokens.

    Like a key, it works from threads and after a fork. It shows nothing of its keys, and cannot be
    pickled, copied or subclassed.

    Args:
        current: The current key: an `IdentityTokenKey`, or its text.
        previous: The key that is still accepted, likewise, or `None`.
        max_lifetime: How long a token may be valid, in whole seconds or as a `timedelta`: a minute
            to a day.
        tokens_valid_after: Tokens that were signed before this time are refused: a `datetime` with
            a time zone, seconds since 1970, or `None`.

    Raises:
        IdentityHmacError: A text is not a token key (`malformed_token_key`) or has a lone surrogate
            (`ill_formed_text`), or the lifetime is out of range (`max_lifetime_out_of_range`).
        TypeError: An argument has a wrong type.
        ValueError: The time is before 1970 or has no time zone.

    Example:
        >>> last_year, this_year = generate_token_key(), generate_token_key()
        >>> token = IdentityTokenKey(last_year).sign("visitor_1", "user_123")
        >>> keyring = IdentityTokenKeyring(this_year, previous=last_year)
        >>> keyring.verify(token, "visitor_1").external_id
        'user_123'
    """

    def __new__(
        cls,
        current: IdentityTokenKey | str | Buffer,
        previous: IdentityTokenKey | str | Buffer | None = None,
        *,
        max_lifetime: int | timedelta = 3600,
        tokens_valid_after: datetime | float | None = None,
    ) -> Self: ...
    def verify(
        self,
        token: object,
        visitor_id: str,
        *,
        audience: str | None = None,
        now: datetime | float | None = None,
    ) -> VerifiedClaims:
        """Verify that one of the keys signed `token` for the visitor, and that the rules allow it.

        Args:
            token: As for `IdentityTokenKey.verify`.
            visitor_id: As for `IdentityTokenKey.verify`.
            audience: As for `IdentityTokenKey.verify`.
            now: As for `IdentityTokenKey.verify`.

        Returns:
            The claims. Their `key_id` says which key signed.

        Raises:
            IdentityTokenError: The token must be refused. The other exceptions of
                `IdentityTokenKey.verify` are possible too.

        Example:
            >>> key = IdentityTokenKey(generate_token_key())
            >>> token = key.sign("visitor_1", "user_123", expires_in=7200)
            >>> IdentityTokenKeyring(key, max_lifetime=7200).verify(token, "visitor_1").external_id
            'user_123'
            >>> IdentityTokenKeyring(key).verify(token, "visitor_1")
            Traceback (most recent call last):
            identity_hmac.IdentityTokenError: the identity token's claim exp is not within ...
        """

@final
class User:
    """The user of a session that your backend has authenticated.

    A guarded route takes this class and no other. So an object of a framework is never signed for
    by accident, even one that stands for nobody. It shows nothing of the user.

    An hmac says nothing of the user, who only has to be there. A token says all of it. An attribute
    that is left out stays as the vendor has it. `None` clears it.

    Args:
        external_id: Your own id of the user, 1 to 256 characters: the claim `sub`. A number has to
            be made text.
        name: The user's display name, at most 256 characters, or `None`.
        email: The user's e-mail address, at most 320 characters, or `None`.
        metadata: What else the vendor shows of the user: a `dict` of at most 8 levels that
            `json.dumps` takes, or `None`.

    Raises:
        IdentityTokenError: The id is blank or too long (`invalid_claim`; `field` is `sub`). The
            limits of the other arguments are those of a token, and count when one is signed.
        IdentityHmacError: A text has a lone surrogate (`ill_formed_text`).
        TypeError: An argument has a wrong type, or `json.dumps` does not take the metadata.
        ValueError: The metadata holds itself.

    Example:
        >>> User("user_123", name="Jane Doe", email="jane@example.com")
        <identity_hmac.User>
        >>> User("")
        Traceback (most recent call last):
        identity_hmac.IdentityTokenError: ...
    """

    def __new__(
        cls,
        external_id: str,
        *,
        name: str | Unset | None = ...,
        email: str | Unset | None = ...,
        metadata: dict[str, Any] | Unset | None = ...,
    ) -> Self: ...

def _respond(
    key: IdentityKey | IdentityTokenKey,
    method: str,
    query: str | Buffer,
    sec_fetch_site: str | Buffer | None,
    remaining_path: str | Buffer,
    user: User | None,
    visitor_id: Callable[[str], bool] | None,
    now: datetime | float,
) -> tuple[int, list[tuple[str, str]], str]: ...
