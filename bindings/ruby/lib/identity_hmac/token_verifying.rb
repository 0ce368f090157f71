# frozen_string_literal: true

require "json"

require "identity_hmac/token_error"
require "identity_hmac/verified_claims"
require "identity_hmac/whole_seconds"

module IdentityHmac
  # What TokenKey and TokenKeyring have in common.
  module TokenVerifying
    # Verifies a token for a visitor. The vendor's service does this. In your backend it is for
    # tests.
    #
    # Until the signature is known to be right, the error is always +:identity_token_invalid+. After
    # that it says exactly what is wrong. A wrong token always raises, so the result needs no check.
    #
    # [+token+] what the client sent: any object, since what is not a token is refused
    # [+visitor_id+] the visitor that the client is, a String
    # [+audience+] your organization key (<tt>pk_...</tt>), a String or +nil+. A token that names
    #              audiences must name this one, and is refused without it. A token that names none
    #              is for all
    # [+now+] the time of verifying: a Time, or seconds since 1970. Clocks may differ by 60 seconds
    #
    # Returns VerifiedClaims. Raises TokenError if the token must be refused, Error with code
    # +:ill_formed_text+ if the id or the audience is not text in its encoding, TypeError if one of
    # them or +now+ has a wrong type, and ArgumentError if +now+ is before 1970.
    #
    #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
    #   token = key.sign("visitor_1", "user_123")
    #   key.verify(token, "visitor_1").external_id # => "user_123"
    #   begin
    #     key.verify(token, "visitor_2")
    #   rescue IdentityHmac::TokenError => error
    #     error.code # => :identity_token_other_visitor
    #   end
    def verify(token, visitor_id, audience: nil, now: Time.now)
      claims = verify_at(token, visitor_id, audience, WholeSeconds.since_epoch(now, "now"))
      attributes = claims[:attributes]
      attributes[:metadata] = JSON.parse(attributes[:metadata]) if attributes[:metadata]
      %i[issued_at expires_at].each { |time| claims[time] = Time.at(claims[time]) }
      VerifiedClaims.new(**claims)
    end
  end
  private_constant :TokenVerifying
end
