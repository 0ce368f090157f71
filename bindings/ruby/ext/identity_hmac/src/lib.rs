//! The Ruby binding of identity-hmac.
