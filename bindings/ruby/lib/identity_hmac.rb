# frozen_string_literal: true

require "identity_hmac/key"
require "identity_hmac/keyring"
require "identity_hmac/rack"
require "identity_hmac/rails"
require "identity_hmac/sinatra"
require "identity_hmac/token_key"
require "identity_hmac/token_keyring"
require "identity_hmac/user"

# Signs and verifies the HMAC that proves to a chat vendor who an anonymous visitor is:
# <tt>hex(HMAC-SHA256(key = identity verification secret, message = visitor id))</tt>, RFC 2104.
#
# A String's bytes are signed as they are, in any encoding: never transcoded, trimmed or normalised.
# An object with +to_str+ counts as a String, as in Ruby's own methods.
#
# An identity token also says which user the visitor is, and expires: see TokenKey.
#
# The one route that a backend adds is there for Rails (Rails::ChatIdentity), for Sinatra (Sinatra)
# and for all else on Rack (Rack::ChatIdentityApp).
#
# <tt>include IdentityHmac</tt> makes generate_identity_hmac and verify_identity_hmac private
# methods of a class, or of a whole script, as the vendor's document calls them. It brings nothing
# else: the class's own +User+ and +Rails+ stay what they are.
# <tt>IdentityHmac::VERSION</tt> is the gem's version.
#
#   include IdentityHmac
#   generate_identity_hmac("visitor_1", "s3cret")
#   # => "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"
module IdentityHmac
  # :stopdoc:

  # The methods alone, without the constants.
  module Functions
    private

    %i[generate_identity_hmac verify_identity_hmac].each do |name|
      define_method(name, IdentityHmac.instance_method(name))
    end
  end
  private_constant :Functions

  class << self
    private

    def append_features(type)
      type.include(Functions)
    end

    def extend_object(object)
      object.extend(Functions)
    end
  end
end
