# frozen_string_literal: true

require "identity_hmac/attributes"
require "identity_hmac/library"
require "identity_hmac/token_error"

module IdentityHmac
  # The user of a session that your backend has authenticated.
  #
  # A guarded route takes this class and no other. So an object of a framework or of a database is
  # never signed for by accident, even one that stands for nobody. It is frozen, cannot be
  # subclassed, and shows nothing of the user.
  #
  # An hmac says nothing of the user, who only has to be there. A token says all of it.
  #
  #   IdentityHmac::User.new("user_123", name: "Jane Doe", email: "jane@example.com").inspect
  #   # => "#<IdentityHmac::User>"
  class User
    # Makes a user. An attribute that is left out, or is +:keep+, stays as the vendor has it. +nil+
    # clears it.
    #
    # [+external_id+] your own id of the user, a String of 1 to 256 characters: the claim +sub+. A
    #                 number has to be made a String
    # [+name+] the user's display name, a String of at most 256 characters, or +nil+
    # [+email+] the user's e-mail address, a String of at most 320 characters, or +nil+
    # [+metadata+] what else the vendor shows of the user: a Hash of at most 8 levels that
    #              JSON.generate takes, or +nil+
    #
    # Returns a User. Raises TokenError with code +:invalid_claim+ if the id is blank or too long
    # (TokenError#field is <tt>sub</tt>), Error with code +:ill_formed_text+ if a String is not text
    # in its encoding, TypeError if an argument has a wrong type, and what JSON.generate raises if
    # it does not take the metadata. The limits of the attributes are those of a token, and count
    # when one is signed.
    #
    #   begin
    #     IdentityHmac::User.new("")
    #   rescue IdentityHmac::TokenError => error
    #     error.field # => "sub"
    #   end
    def self.new(external_id, name: :keep, email: :keep, metadata: :keep)
      of(external_id, Attributes.of(name:, email:, metadata:))
    end
    private_class_method :of

    # Returns the type as a String, and nothing of the user.
    #
    #   IdentityHmac::User.new("user_123").inspect # => "#<IdentityHmac::User>"
    def inspect
      "#<#{self.class}>"
    end
    alias to_s inspect
  end
end
