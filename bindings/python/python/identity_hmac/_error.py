"""The exception, in Python so that it can extend `ValueError` under the stable ABI."""

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
