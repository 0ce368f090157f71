# frozen_string_literal: true

require "identity_hmac/key"
require "identity_hmac/keyring"
require "identity_hmac/token_key"
require "identity_hmac/token_keyring"

# Signs and verifies the HMAC that proves to a chat vendor who an anonymous visitor is:
# <tt>hex(HMAC-SHA256(key = identity verification secret, message = visitor id))</tt>, RFC 2104.
#
# A String's bytes are signed as they are, in any encoding: never transcoded, trimmed or normalised.
# An object with +to_str+ counts as a String, as in Ruby's own methods.
#
# An identity token also says which user the visitor is, and expires: see TokenKey.
#
# <tt>include IdentityHmac</tt> makes generate_identity_hmac and verify_identity_hmac private
# methods of a class, or of a whole script, as the vendor's document calls them.
# <tt>IdentityHmac::VERSION</tt> is the gem's version.
#
#   include IdentityHmac
#   generate_identity_hmac("visitor_1", "s3cret")
#   # => "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"
module IdentityHmac
end
