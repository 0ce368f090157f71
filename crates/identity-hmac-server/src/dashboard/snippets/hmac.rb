require "identity_hmac"

key = IdentityHmac::Key.from_env # reads IDENTITY_SECRET
puts key.sign(ARGV[0])
