# frozen_string_literal: true

require "identity_hmac/attributes"
require "identity_hmac/guarded"
require "identity_hmac/library"
require "identity_hmac/token_verifying"
require "identity_hmac/whole_seconds"

module IdentityHmac
  # An identity token key, prepared for signing and verifying many tokens.
  #
  # An identity token is a short-lived JSON Web Token (RFC 7519, HS256). In it your backend signs
  # which user a visitor is. The vendor makes the key. Any JWT library can sign with it too, since
  # the whole text is the key of HMAC-SHA256.
  #
  # Like a Key, it is frozen and can be shared between threads and Ractors. It cannot be copied,
  # dumped or subclassed. It shows its id and nothing else.
  #
  #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
  #   token = key.sign("visitor_1", "user_123", email: "jane@example.com")
  #   key.verify(token, "visitor_1").external_id # => "user_123"
  class TokenKey
    include Guarded
    include TokenVerifying

    # Makes a key from an environment variable.
    #
    # [+name+] the name of the variable
    #
    # Returns a TokenKey. Raises Error with code +:token_key_unset+ or +:malformed_token_key+. The
    # message names the variable, and never shows the value.
    #
    #   ENV["IDENTITY_TOKEN_KEY"] = IdentityHmac.generate_token_key
    #   IdentityHmac::TokenKey.from_env.key_id.length # => 8
    def self.from_env(name = "IDENTITY_TOKEN_KEY")
      from_setting(name, ENV.fetch(name, nil))
    end

    # Signs who the visitor is. Sign only what your backend knows of a caller whose session you have
    # authenticated, and the visitor id that this caller's page sent: until the token expires,
    # anyone with it can identify as this user on this visitor's page.
    #
    # An attribute that is left out, or is +:keep+, stays as the vendor has it. +nil+ clears it.
    #
    # [+visitor_id+] the id that the chat gave the visitor, a String
    # [+external_id+] your own id of the user, a String of 1 to 256 characters: the claim +sub+
    # [+name+] the user's display name, a String of at most 256 characters, or +nil+
    # [+email+] the user's e-mail address, a String of at most 320 characters, or +nil+
    # [+metadata+] what else the vendor shows of the user: a Hash of at most 8 levels that
    #              JSON.generate takes, or +nil+
    # [+audience+] the organization key (<tt>pk_...</tt>) that the token is for. You can leave it
    #              out, since the key already belongs to one organization
    # [+expires_in+] how long the token is valid: seconds or a duration such as <tt>5.minutes</tt>,
    #                from a second to a day, rounded down to whole seconds. Most organizations
    #                accept at most an hour
    # [+now+] the time of signing: a Time, or seconds since 1970
    #
    # Returns the token, a String of at most 8,192 characters. Raises TokenError with code
    # +:invalid_claim+ or +:token_too_long+, Error with code +:ill_formed_text+ if a String is not
    # text in its encoding, TypeError if an argument has a wrong type, ArgumentError if +now+ is
    # before 1970, and what JSON.generate raises if it does not take the metadata.
    #
    #   key = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
    #   token = key.sign("visitor_1", "user_123", name: "Jane", email: nil, expires_in: 60)
    #   key.verify(token, "visitor_1").attributes # => { name: "Jane", email: nil }
    def sign(visitor_id, external_id, name: :keep, email: :keep, metadata: :keep,
             audience: nil, expires_in: 300, now: Time.now)
      sign_claims(visitor_id, external_id, Attributes.of(name:, email:, metadata:), audience,
                  WholeSeconds.of(expires_in, "expires_in"), WholeSeconds.since_epoch(now, "now"))
    end

    # Returns the type and the key's id as a String, and nothing of the secret.
    #
    #   key = IdentityHmac::TokenKey.new("itk_9f2c41aa_#{"c0ffee00" * 8}")
    #   key.inspect # => "#<IdentityHmac::TokenKey 9f2c41aa>"
    def inspect
      "#<#{self.class} #{key_id}>"
    end
    alias to_s inspect
  end
end
