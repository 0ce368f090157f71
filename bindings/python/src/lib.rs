//! The Python binding of identity-hmac.
