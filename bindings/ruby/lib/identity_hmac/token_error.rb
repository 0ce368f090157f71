# frozen_string_literal: true

require "identity_hmac/error"

module IdentityHmac
  # Raised for an identity token that is refused, and for claims that are not signed. No attribute
  # holds the key or the value of a claim, but for times. Error#code is one of these:
  #
  # [+:identity_token_invalid+] it is not a token, or another key signed it
  # [+:identity_token_expired+] its time is over
  # [+:identity_token_not_yet_valid+] its time, in +iat+ or +nbf+, has not come
  # [+:identity_token_claim+] a claim is wrong: see #field and #reason
  # [+:identity_token_other_visitor+] it was signed for another visitor
  # [+:identity_token_other_audience+] it was signed for another audience
  # [+:identity_token_revoked+] it was signed before the time from which tokens count
  # [+:invalid_claim+] no verifier would accept a claim to be signed: see #field and #reason
  # [+:token_too_long+] the token would be longer than 8,192 characters
  #
  #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
  #   begin
  #     key.verify("not a token", "visitor_1")
  #   rescue IdentityHmac::TokenError => error
  #     error.code # => :identity_token_invalid
  #   end
  class TokenError < Error
    # Returns the claim at fault, a String such as <tt>exp</tt>, or +nil+.
    #
    #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
    #   begin
    #     key.sign("visitor_1", "user_123", email: "jane")
    #   rescue IdentityHmac::TokenError => error
    #     error.field # => "email"
    #   end
    attr_reader :field

    # Returns what is wrong with the claim, a Symbol, or +nil+: +:missing+, +:type+, +:twice+,
    # +:empty+, +:too_long+, +:address+, +:lifetime+ or +:json+. It is there for the codes
    # +:identity_token_claim+ and +:invalid_claim+.
    #
    #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
    #   begin
    #     key.sign("visitor_1", "user_123", expires_in: 0)
    #   rescue IdentityHmac::TokenError => error
    #     error.reason # => :lifetime
    #   end
    attr_reader :reason

    # Returns what to do, a String for a person, or +nil+. The message ends with it.
    #
    #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
    #   begin
    #     key.verify(key.sign("visitor_1", "user_123"), "visitor_2")
    #   rescue IdentityHmac::TokenError => error
    #     error.remedy # => "sign a token for the visitor id that this page has"
    #   end
    attr_reader :remedy

    # Makes an error. The library does this itself; your tests may need it too.
    #
    # [+message+] a String that says what was wrong and what to do
    # [+code+] a Symbol: see TokenError
    # [+field+] a String: see #field
    # [+reason+] a Symbol: see #reason
    # [+remedy+] a String: see #remedy
    #
    #   error = IdentityHmac::TokenError.new("over", code: :identity_token_expired, field: "exp")
    #   error.field # => "exp"
    def initialize(message = nil, code: nil, field: nil, reason: nil, remedy: nil)
      super(message, code:)
      @field = field
      @reason = reason
      @remedy = remedy
    end
  end
end
