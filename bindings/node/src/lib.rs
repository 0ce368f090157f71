//! The Node binding of identity-hmac.
