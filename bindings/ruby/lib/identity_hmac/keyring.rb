# frozen_string_literal: true

require "identity_hmac/guarded"

module IdentityHmac
  # The current secret and, during a rotation, the previous one.
  #
  # A visitor's id and HMAC have no end date, and pages that are open during a rotation hold
  # signatures of the old secret. A keyring signs with the current secret, accepts both, and says
  # which one a signature came from, so that you know when nobody needs the old one any more. Like
  # a {Key} it can be shared between threads and Ractors, and cannot be copied, dumped or printed.
  #
  # @example
  #   stale = IdentityHmac.generate_identity_hmac("visitor_1", "last year's secret")
  #   keyring = IdentityHmac::Keyring.new("this year's secret", previous: "last year's secret")
  #   keyring.verify("visitor_1", stale)  # => true
  #   keyring.matched("visitor_1", stale) # => :previous
  #   keyring.matched("visitor_1", keyring.sign("visitor_1")) # => :current
  class Keyring
    include Guarded

    # @param current [String, Key] the secret to sign with
    # @param previous [String, Key, nil] the secret that is on its way out
    # @return [Keyring]
    # @raise [Error] code +empty_secret+
    # @raise [TypeError] if one of them is neither a String nor a {Key}
    def self.new(current, previous: nil)
      of(current, previous)
    end
    private_class_method :of

    # @!method sign(visitor_id)
    #   Signs a visitor id with the current secret. See {Key#sign}.
    #   @param visitor_id [String] the id that the chat gave the visitor, of any length but 0
    #   @return [String] 64 lowercase hexadecimal digits
    #   @raise [Error] code +empty_visitor_id+
    #   @raise [TypeError] if +visitor_id+ is not a String

    # @!method verify(visitor_id, hmac)
    #   Whether one of the secrets signed this visitor id as +hmac+. Both are always tried, and
    #   nothing that a client can send raises.
    #   @param visitor_id [String] the id that the signature should be for
    #   @param hmac [String] 64 hexadecimal digits, in either case (RFC 4648 section 8)
    #   @return [Boolean]

    # @!method matched(visitor_id, hmac)
    #   Like {#verify}, and says which secret it was.
    #   @param visitor_id [String] the id that the signature should be for
    #   @param hmac [String] 64 hexadecimal digits, in either case (RFC 4648 section 8)
    #   @return [:current, :previous, nil] nil means that the signature is not to be accepted
  end
end
