"""The exceptions, in Python so that they can extend `ValueError` under the stable ABI."""

from typing import Any


class IdentityHmacError(ValueError):
    """Input that is refused before anything is signed.

    Neither the message nor any attribute carries the secret or the visitor id.

    Attributes:
        code: What was wrong, such as ``empty_secret``: stable across versions, and the same in
            every language that identity-hmac is made for. Empty if you raise one without a code.

    Example:
        >>> try:
        ...     generate_identity_hmac("visitor_1", "")
        ... except IdentityHmacError as error:
        ...     print(error.code)
        empty_secret
    """

    __module__ = "identity_hmac"

    code: str = ""

    def __init__(self, message: object = "", code: str = "", *details: object) -> None:
        # As in every exception, `args` is what its text is made of, and may be assigned.
        super().__init__(message, *details)
        if code:
            self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickling and copying keep what there is, and do not call `__init__`: that of a subclass
        # may take anything.
        return type(self).__new__, (type(self), *self.args), vars(self)


class IdentityTokenError(IdentityHmacError):
    """An identity token that is refused, or claims that are not signed.

    No attribute carries the key or a value of a claim, but for times.

    Attributes:
        code: What was wrong. For a token: ``identity_token_invalid``, ``identity_token_expired``,
            ``identity_token_not_yet_valid``, ``identity_token_claim``,
            ``identity_token_other_visitor``, ``identity_token_other_audience`` or
            ``identity_token_revoked``. For claims: ``invalid_claim`` or ``token_too_long``.
        field: The claim at fault, such as ``exp``, or ``None``.
        reason: What is wrong with the claim: ``missing``, ``type``, ``twice``, ``empty``,
            ``too_long``, ``address``, ``lifetime`` or ``json``. ``None`` for other codes than
            ``identity_token_claim`` and ``invalid_claim``.
        remedy: What to do, for a person. The message ends with it.

    Example:
        >>> key = IdentityTokenKey(generate_token_key())
        >>> try:
        ...     key.sign("visitor_1", "user_123", email="jane")
        ... except IdentityTokenError as error:
        ...     print(error.code, error.field, error.reason)
        invalid_claim email address
    """

    __module__ = "identity_hmac"

    field: str | None = None
    reason: str | None = None
    remedy: str = ""

    def __init__(
        self,
        message: object = "",
        code: str = "",
        *details: object,
        field: str | None = None,
        reason: str | None = None,
        remedy: str = "",
    ) -> None:
        super().__init__(message, code, *details)
        self.field = field
        self.reason = reason
        self.remedy = remedy
