require "identity_hmac"

key = IdentityHmac::TokenKey.from_env # reads IDENTITY_TOKEN_KEY
puts key.sign(ARGV.fetch(0), "user_123", email: "jane@example.com")
