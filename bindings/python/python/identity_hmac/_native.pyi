from typing import Literal, final

from typing_extensions import Buffer, Self

__all__ = [
    "IdentityKey",
    "Keyring",
    "__version__",
    "generate_identity_hmac",
    "generate_secret",
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
