# frozen_string_literal: true

module IdentityHmac
  # What a verified identity token says. It is frozen.
  #
  #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
  #   token = key.sign("visitor_1", "user_123", email: "jane@example.com", metadata: { a: 1 })
  #   claims = key.verify(token, "visitor_1")
  #   claims.external_id # => "user_123"
  #   claims.email # => "jane@example.com"
  #   claims.metadata # => { "a" => 1 }
  class VerifiedClaims
    # Returns the visitor that the token is for, a String.
    #
    #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
    #   key.verify(key.sign("visitor_1", "user_123"), "visitor_1").visitor_id # => "visitor_1"
    attr_reader :visitor_id

    # Returns the backend's own id of the user, a String: the claim +sub+.
    #
    #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
    #   key.verify(key.sign("visitor_1", "user_123"), "visitor_1").external_id # => "user_123"
    attr_reader :external_id

    # Returns the attributes of the user that the token has, a Hash: +:name+, +:email+ and
    # +:metadata+. One that it does not have stays as it is stored, and +nil+ clears it.
    #
    #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
    #   token = key.sign("visitor_1", "user_123", name: "Jane", email: nil)
    #   key.verify(token, "visitor_1").attributes # => { name: "Jane", email: nil }
    attr_reader :attributes

    # Returns when the token was signed, a Time: the claim +iat+.
    #
    #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
    #   token = key.sign("visitor_1", "user_123", now: Time.at(1_764_000_000))
    #   claims = key.verify(token, "visitor_1", now: Time.at(1_764_000_001))
    #   claims.issued_at # => Time.at(1_764_000_000)
    attr_reader :issued_at

    # Returns when the token expires, a Time: the claim +exp+.
    #
    #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
    #   claims = key.verify(key.sign("visitor_1", "user_123", expires_in: 60), "visitor_1")
    #   claims.expires_at - claims.issued_at # => 60.0
    attr_reader :expires_at

    # Returns the id of the key that signed, a String of 8 hexadecimal digits.
    #
    #   key = IdentityHmac::TokenKey.new("itk_9f2c41aa_#{"c0ffee00" * 8}")
    #   key.verify(key.sign("visitor_1", "user_123"), "visitor_1").key_id # => "9f2c41aa"
    attr_reader :key_id

    # Makes claims. TokenKey#verify does this itself; your tests may need it too.
    #
    # [+visitor_id+] a String
    # [+external_id+] a String
    # [+attributes+] a Hash: see #attributes
    # [+issued_at+] a Time
    # [+expires_at+] a Time
    # [+key_id+] a String
    #
    #   claims = IdentityHmac::VerifiedClaims.new(
    #     visitor_id: "visitor_1", external_id: "user_123", attributes: { name: "Jane" },
    #     issued_at: Time.now, expires_at: Time.now + 300, key_id: "9f2c41aa"
    #   )
    #   claims.name # => "Jane"
    def initialize(visitor_id:, external_id:, attributes:, issued_at:, expires_at:, key_id:)
      @visitor_id = visitor_id
      @external_id = external_id
      @attributes = attributes.dup.freeze
      @issued_at = issued_at
      @expires_at = expires_at
      @key_id = key_id
      freeze
    end

    # Returns the user's display name, a String, or +nil+ if the token has none or clears it.
    #
    #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
    #   key.verify(key.sign("visitor_1", "user_123", name: "Jane"), "visitor_1").name # => "Jane"
    def name
      attributes[:name]
    end

    # Returns the user's e-mail address, a String, or +nil+ if the token has none or clears it.
    #
    #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
    #   key.verify(key.sign("visitor_1", "user_123"), "visitor_1").email # => nil
    def email
      attributes[:email]
    end

    # Returns what else the backend says of the user, a Hash with Strings as keys, or +nil+ if the
    # token has none or clears it.
    #
    #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
    #   token = key.sign("visitor_1", "user_123", metadata: { plan: "pro" })
    #   key.verify(token, "visitor_1").metadata # => { "plan" => "pro" }
    def metadata
      attributes[:metadata]
    end

    # Returns all of it as a Hash.
    #
    #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
    #   claims = key.verify(key.sign("visitor_1", "user_123"), "visitor_1")
    #   claims.to_h.fetch(:external_id) # => "user_123"
    def to_h
      { visitor_id:, external_id:, attributes:, issued_at:, expires_at:, key_id: }
    end
  end
end
