# frozen_string_literal: true

require "identity_hmac/key"

module IdentityHmac
  # The current secret and, during a rotation, the previous one.
  #
  # An hmac has no end date, so pages that are open during a rotation hold hmacs of the previous
  # secret. A keyring signs with the current secret, accepts both, and says which one an hmac came
  # from. So you know when the previous secret can go. Like a Key, it can be shared between threads
  # and Ractors, and cannot be copied, dumped, printed or subclassed.
  #
  #   stale = IdentityHmac.generate_identity_hmac("visitor_1", "last year's secret")
  #   keyring = IdentityHmac::Keyring.new("this year's secret", previous: "last year's secret")
  #   keyring.verify("visitor_1", stale)  # => true
  #   keyring.matched("visitor_1", stale) # => :previous
  #   keyring.matched("visitor_1", keyring.sign("visitor_1")) # => :current
  class Keyring
    include Guarded

    # Makes a keyring of one secret or two. To read them from the environment, pass the results of
    # Key.from_env.
    #
    # [+current+] the secret to sign with, a String or a Key
    # [+previous+] the secret that is still accepted: a String, a Key or +nil+
    #
    # Returns a Keyring. Raises Error with code +:empty_secret+, and TypeError if one of them is
    # neither a String nor a Key.
    #
    #   IdentityHmac::Keyring.new("n3w", previous: "0ld").inspect # => "#<IdentityHmac::Keyring>"
    def self.new(current, previous: nil)
      of(current, previous)
    end
    private_class_method :of
  end
end
