# frozen_string_literal: true

require "identity_hmac/token_key"

module IdentityHmac
  # The current token key, during a rotation the previous one, and the rules for tokens.
  #
  # Like a Key, it can be shared between threads and Ractors, and cannot be copied, dumped, printed
  # or subclassed.
  #
  #   previous = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
  #   token = previous.sign("visitor_1", "user_123")
  #   keyring = IdentityHmac::TokenKeyring.new(IdentityHmac.generate_token_key, previous:)
  #   keyring.verify(token, "visitor_1").key_id == previous.key_id # => true
  class TokenKeyring
    include Guarded
    include TokenVerifying

    # Makes a keyring of one token key or two.
    #
    # [+current+] the current key: a TokenKey, or its text, a String
    # [+previous+] the key that is still accepted: a TokenKey, a String or +nil+
    # [+max_lifetime+] how long a token may be valid: seconds or a duration, from a minute to a day
    # [+tokens_valid_after+] the time before which no token counts: a Time, seconds since 1970, or
    #                        +nil+
    #
    # Returns a TokenKeyring. Raises Error with code +:malformed_token_key+ or
    # +:max_lifetime_out_of_range+, TypeError if an argument has a wrong type, and ArgumentError if
    # the time is before 1970.
    #
    #   keyring = IdentityHmac::TokenKeyring.new(IdentityHmac.generate_token_key, max_lifetime: 600)
    #   keyring.inspect # => "#<IdentityHmac::TokenKeyring>"
    def self.new(current, previous: nil, max_lifetime: 3600, tokens_valid_after: nil)
      valid_after = tokens_valid_after &&
                    WholeSeconds.since_epoch(tokens_valid_after, "tokens_valid_after")
      of(current, previous, WholeSeconds.of(max_lifetime, "max_lifetime"), valid_after)
    end
    private_class_method :of
  end
end
