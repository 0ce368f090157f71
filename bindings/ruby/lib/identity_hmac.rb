# frozen_string_literal: true

require "identity_hmac/error"
require "identity_hmac/identity_hmac"
require "identity_hmac/key"
require "identity_hmac/keyring"

# Sign and verify the HMAC that proves to a chat vendor who an anonymous visitor is:
# +hex(HMAC-SHA256(key = identity verification secret, message = visitor id))+, RFC 2104.
#
# A String's bytes are signed as they are, whatever its encoding: never transcoded, trimmed or
# normalised. Where a String is asked for, an object with +to_str+ will do, as it does in Ruby's
# own methods.
#
# +include IdentityHmac+ makes {.generate_identity_hmac} and {.verify_identity_hmac} private
# methods of a class, or of a whole script. +IdentityHmac::VERSION+ is the gem's version.
#
# @example The document's function, as the document calls it
#   include IdentityHmac
#   generate_identity_hmac("visitor_1", "s3cret")
#   # => "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"
module IdentityHmac
  # @!method self.generate_identity_hmac(visitor_id, secret)
  #   Signs a visitor id in one call: the document's function. To sign many ids with one secret
  #   prepare a {Key}, which is faster.
  #
  #   Sign only for a caller whose session you have authenticated: whoever holds the result can
  #   identify as this visitor until the secret is rotated.
  #   @example
  #     IdentityHmac.generate_identity_hmac("visitor_1", "s3cret")
  #     # => "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"
  #   @param visitor_id [String] the id that the chat gave the visitor, of any length but 0
  #   @param secret [String] the identity verification secret, of any length but 0
  #   @return [String] 64 lowercase hexadecimal digits
  #   @raise [Error] code +empty_secret+ or +empty_visitor_id+
  #   @raise [TypeError] if one of them is not a String

  # @!method self.verify_identity_hmac(visitor_id, hmac, secret)
  #   Whether +secret+ signed this visitor id as +hmac+, compared in constant time. Nothing that a
  #   client can send as +visitor_id+ or +hmac+ raises: what is not a String, or is one whose
  #   +to_str+ raises, is simply not verified.
  #   @example
  #     hmac = IdentityHmac.generate_identity_hmac("visitor_1", "s3cret")
  #     IdentityHmac.verify_identity_hmac("visitor_1", hmac, "s3cret") # => true
  #     IdentityHmac.verify_identity_hmac("visitor_2", hmac, "s3cret") # => false
  #     IdentityHmac.verify_identity_hmac("visitor_1", nil, "s3cret")  # => false
  #   @param visitor_id [String] the id that the signature should be for
  #   @param hmac [String] 64 hexadecimal digits, in either case (RFC 4648 section 8)
  #   @param secret [String] the identity verification secret
  #   @return [Boolean]
  #   @raise [Error] code +empty_secret+
  #   @raise [TypeError] if +secret+ is not a String

  # @!method self.generate_secret
  #   A new identity verification secret: 32 random bytes from the operating system in hexadecimal.
  #   The digits are the secret: they are not decoded before signing.
  #   @example
  #     IdentityHmac.generate_secret.length # => 64
  #   @return [String] 64 lowercase hexadecimal digits
  #   @raise [RuntimeError] if the operating system has no randomness to give
end
