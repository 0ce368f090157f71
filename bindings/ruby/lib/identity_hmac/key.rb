# frozen_string_literal: true

require "identity_hmac/error"
require "identity_hmac/guarded"
require "identity_hmac/library"

module IdentityHmac
  # An identity verification secret, prepared for signing and verifying many visitor ids.
  #
  # The secret itself is not kept, and what was derived from it is overwritten when the key is
  # collected. A key is frozen and can be shared between threads and Ractors. It cannot be copied,
  # dumped, printed or subclassed. Two keys are equal only if they are one object.
  #
  #   key = IdentityHmac::Key.new("s3cret")
  #   hmac = key.sign("visitor_1")
  #   # => "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"
  #   key.verify("visitor_1", hmac) # => true
  #   key.inspect # => "#<IdentityHmac::Key>"
  class Key
    include Guarded

    # Makes a key from an environment variable, and refuses values that Key.new accepts but that
    # are almost always a mistake in the configuration.
    #
    # [+name+] the name of the variable
    #
    # Returns a Key. Raises Error if the variable is not set or its value is such a mistake, which
    # Error#code lists. The message names the variable and the fault, and never shows the value.
    #
    #   ENV["IDENTITY_SECRET"] = "s3cret"
    #   IdentityHmac::Key.from_env.sign("visitor_1")
    #   # => "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"
    def self.from_env(name = "IDENTITY_SECRET")
      from_setting(name, ENV.fetch(name, nil))
    end
  end
end
