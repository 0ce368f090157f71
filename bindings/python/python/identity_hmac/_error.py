"""The exception, in Python so that it can extend `ValueError` under the stable ABI."""


class IdentityHmacError(ValueError):
    """Input that is refused before anything is signed.

    Neither the message nor any attribute carries the secret or the visitor id.

    Attributes:
        code: What was wrong, such as ``empty_secret``: stable across versions, and the same in
            every language that identity-hmac is made for.

    Example:
        >>> try:
        ...     generate_identity_hmac("visitor_1", "")
        ... except IdentityHmacError as error:
        ...     print(error.code)
        empty_secret
    """

    __module__ = "identity_hmac"

    code: str

    def __init__(self, message: str, code: str) -> None:
        # Both go into `args`, from which an unpickled exception is made again.
        super().__init__(message, code)
        self.code = code

    def __str__(self) -> str:
        message, _code = self.args
        return str(message)
