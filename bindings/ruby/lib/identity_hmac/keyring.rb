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

    # Makes a keyring of one secret or two. To read them from the environment use Keyring.from_env,
    # and for secrets from elsewhere pass the results of Key.from_setting.
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

    # Makes a keyring from two environment variables, with the checks of Key.from_env.
    #
    # [+current+] the name of the variable with the secret that signs
    # [+previous+] the name of the variable with the secret that is still accepted. Set it during a
    #              rotation alone: if it is unset or empty, there is no previous secret
    #
    # Returns a Keyring. Raises Error as Key.from_env does, for either variable. The message names
    # the variable and the fault, and never shows the value.
    #
    #   ENV["IDENTITY_SECRET"] = "n3w"
    #   keyring = IdentityHmac::Keyring.from_env("IDENTITY_SECRET", "IDENTITY_PREVIOUS_SECRET")
    #   keyring.matched("visitor_1", keyring.sign("visitor_1")) # => :current
    def self.from_env(current, previous)
      from_settings(current, ENV.fetch(current, nil), previous, ENV.fetch(previous, nil))
    end
    private_class_method :from_settings
  end
end
