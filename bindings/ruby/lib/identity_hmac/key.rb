# frozen_string_literal: true

require "identity_hmac/guarded"

module IdentityHmac
  # An identity verification secret, prepared for signing and verifying many visitor ids.
  #
  # The secret itself is not kept, and what was derived from it is overwritten when the key is
  # collected. A key is frozen and can be shared between threads and Ractors; it cannot be copied,
  # dumped or printed.
  #
  # @example
  #   key = IdentityHmac::Key.new("s3cret")
  #   hmac = key.sign("visitor_1")
  #   # => "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"
  #   key.verify("visitor_1", hmac) # => true
  #   key.inspect # => "#<IdentityHmac::Key>"
  class Key
    include Guarded

    # @!method self.new(secret)
    #   @param secret [String] the identity verification secret; its bytes are the key as they are
    #   @return [Key]
    #   @raise [Error] code +empty_secret+
    #   @raise [TypeError] if +secret+ is not a String

    # A key from an environment variable. This is the strict door: what {.new} signs with as it
    # is, this refuses where it is nearly always a mistake of configuration.
    #
    # @example
    #   ENV["IDENTITY_SECRET"] = "s3cret"
    #   IdentityHmac::Key.from_env.sign("visitor_1")
    #   # => "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"
    # @param name [String] the name of the variable
    # @return [Key]
    # @raise [Error] which names the variable and the fault, never the value, if the variable is
    #   unset, blank, holds a NUL, is surrounded by white space or quotes, or is not UTF-8
    def self.from_env(name = "IDENTITY_SECRET")
      from_setting(name, ENV.fetch(name, nil))
    end
    private_class_method :from_setting

    # @!method sign(visitor_id)
    #   Signs a visitor id. Sign only for a caller whose session you have authenticated: whoever
    #   holds the result can identify as this visitor until the secret is rotated.
    #   @param visitor_id [String] the id that the chat gave the visitor, of any length but 0
    #   @return [String] 64 lowercase hexadecimal digits
    #   @raise [Error] code +empty_visitor_id+
    #   @raise [TypeError] if +visitor_id+ is not a String

    # @!method verify(visitor_id, hmac)
    #   Whether this key signed this visitor id as +hmac+, compared in constant time. Nothing that
    #   a client can send raises: what is not a String is simply not verified.
    #   @param visitor_id [String] the id that the signature should be for
    #   @param hmac [String] 64 hexadecimal digits, in either case (RFC 4648 section 8)
    #   @return [Boolean]
  end
end
