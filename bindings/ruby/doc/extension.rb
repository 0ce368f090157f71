# frozen_string_literal: true

# The documentation of the methods that the extension in ext/ defines: RDoc and YARD do not read
# Rust.
raise LoadError, "this file is documentation, not code"

module IdentityHmac
  # Signs a visitor id in one call, as the vendor's document does. A Key is faster for many ids.
  #
  # Sign only for a caller whose session you have authenticated: anyone with the result can
  # identify as this visitor until the secret is rotated.
  #
  # [+visitor_id+] the id that the chat gave the visitor: a String of any length but 0
  # [+secret+] the identity verification secret: a String of any length but 0
  #
  # Returns 64 lowercase hexadecimal digits. Raises Error with code +:empty_secret+ or
  # +:empty_visitor_id+, and TypeError if one of them is not a String.
  #
  #   IdentityHmac.generate_identity_hmac("visitor_1", "s3cret")
  #   # => "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"
  def self.generate_identity_hmac(visitor_id, secret); end

  # Verifies in one call, in constant time, that +secret+ signed this visitor id as +hmac+. A Key
  # is faster for many ids.
  #
  # [+visitor_id+] the id that the hmac should be for
  # [+hmac+] 64 hexadecimal digits, in either case (RFC 4648 section 8)
  # [+secret+] the identity verification secret
  #
  # Returns +true+ or +false+. Nothing that a client can send as +visitor_id+ or +hmac+ raises: a
  # value that is not a String, or has a +to_str+ that raises, gives +false+. Raises Error with
  # code +:empty_secret+, and TypeError if +secret+ is not a String.
  #
  #   hmac = IdentityHmac.generate_identity_hmac("visitor_1", "s3cret")
  #   IdentityHmac.verify_identity_hmac("visitor_1", hmac, "s3cret") # => true
  #   IdentityHmac.verify_identity_hmac("visitor_2", hmac, "s3cret") # => false
  #   IdentityHmac.verify_identity_hmac("visitor_1", nil, "s3cret")  # => false
  def self.verify_identity_hmac(visitor_id, hmac, secret); end

  # Makes a new identity verification secret of 32 random bytes from the operating system. The
  # hexadecimal digits are the secret; they are not decoded before signing.
  #
  # Returns 64 lowercase hexadecimal digits. Raises RuntimeError if the operating system gives no
  # random bytes.
  #
  #   IdentityHmac.generate_secret.length # => 64
  def self.generate_secret; end

  # Makes the text of a new identity token key, for tests: an id and 32 random bytes from the
  # operating system. The vendor makes those that count.
  #
  # Returns <tt>itk_</tt>, 8 hexadecimal digits, <tt>_</tt> and 64 hexadecimal digits. Raises
  # RuntimeError if the operating system gives no random bytes.
  #
  #   IdentityHmac.generate_token_key.length # => 77
  def self.generate_token_key; end

  class Key
    # Prepares a secret. Its bytes are the key as they are; to read it from the environment use
    # Key.from_env, which refuses mistakes in the configuration.
    #
    # [+secret+] the identity verification secret: a String of any length but 0
    #
    # Returns a Key. Raises Error with code +:empty_secret+, and TypeError if +secret+ is not a
    # String.
    #
    #   IdentityHmac::Key.new("s3cret").sign("visitor_1")
    #   # => "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"
    def self.new(secret); end

    # Makes a key from a setting, with the checks of Key.from_env: for a secret from the credentials
    # of Rails, a vault or a secret manager.
    #
    # [+name+] what you call the setting, for the message of an error
    # [+value+] its value: a String, or +nil+ if the setting does not exist
    #
    # Returns a Key. Raises Error as Key.from_env does, and TypeError if an argument has a wrong
    # type. The message has the name, and never shows the value.
    #
    #   key = IdentityHmac::Key.from_setting("vault: chat/secret", "s3cret")
    #   key.sign("visitor_1")
    #   # => "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"
    def self.from_setting(name, value); end

    # Signs a visitor id. Sign only for a caller whose session you have authenticated: anyone
    # with the result can identify as this visitor until the secret is rotated.
    #
    # [+visitor_id+] the id that the chat gave the visitor: a String of any length but 0
    #
    # Returns 64 lowercase hexadecimal digits. Raises Error with code +:empty_visitor_id+, and
    # TypeError if +visitor_id+ is not a String.
    #
    #   key = IdentityHmac::Key.new("s3cret")
    #   key.sign("visitor_1")
    #   # => "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"
    def sign(visitor_id); end

    # Verifies, in constant time, that this key signed the visitor id as +hmac+.
    #
    # [+visitor_id+] the id that the hmac should be for
    # [+hmac+] 64 hexadecimal digits, in either case (RFC 4648 section 8)
    #
    # Returns +true+ or +false+. Nothing that a client can send raises: what is not a String is not
    # verified.
    #
    #   key = IdentityHmac::Key.new("s3cret")
    #   key.verify("visitor_1", key.sign("visitor_1")) # => true
    #   key.verify("visitor_1", nil) # => false
    def verify(visitor_id, hmac); end
  end

  class Keyring
    # Signs a visitor id with the current secret. Sign only for a caller whose session you have
    # authenticated: see Key#sign.
    #
    # [+visitor_id+] the id that the chat gave the visitor: a String of any length but 0
    #
    # Returns 64 lowercase hexadecimal digits. Raises Error with code +:empty_visitor_id+, and
    # TypeError if +visitor_id+ is not a String.
    #
    #   keyring = IdentityHmac::Keyring.new("s3cret", previous: "0ld")
    #   keyring.sign("visitor_1")
    #   # => "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"
    def sign(visitor_id); end

    # Verifies, in constant time, that one of the secrets signed the visitor id as +hmac+. Both are
    # always tried.
    #
    # [+visitor_id+] the id that the hmac should be for
    # [+hmac+] 64 hexadecimal digits, in either case (RFC 4648 section 8)
    #
    # Returns +true+ or +false+. Nothing that a client can send raises.
    #
    #   keyring = IdentityHmac::Keyring.new("n3w", previous: "0ld")
    #   stale = IdentityHmac.generate_identity_hmac("visitor_1", "0ld")
    #   keyring.verify("visitor_1", stale) # => true
    def verify(visitor_id, hmac); end

    # Verifies like #verify, and says which secret it was.
    #
    # [+visitor_id+] the id that the hmac should be for
    # [+hmac+] 64 hexadecimal digits, in either case (RFC 4648 section 8)
    #
    # Returns +:current+ or +:previous+, or +nil+ if the hmac must be refused. Nothing
    # that a client can send raises.
    #
    #   keyring = IdentityHmac::Keyring.new("n3w", previous: "0ld")
    #   stale = IdentityHmac.generate_identity_hmac("visitor_1", "0ld")
    #   keyring.matched("visitor_1", stale) # => :previous
    #   keyring.matched("visitor_1", nil) # => nil
    def matched(visitor_id, hmac); end
  end

  class TokenKey
    # Prepares a token key. To read it from the environment use TokenKey.from_env.
    #
    # [+text+] the text of the key, a String: <tt>itk_</tt>, 8 hexadecimal digits, <tt>_</tt> and
    #          64 hexadecimal digits, in lower case. No other secret is accepted
    #
    # Returns a TokenKey. Raises Error with code +:malformed_token_key+, and TypeError if +text+ is
    # not a String.
    #
    #   IdentityHmac::TokenKey.new("itk_9f2c41aa_#{"c0ffee00" * 8}").key_id # => "9f2c41aa"
    def self.new(text); end

    # Makes a key from a setting: from the credentials of Rails, a vault or a secret manager.
    #
    # [+name+] what you call the setting, for the message of an error
    # [+value+] its value: a String, or +nil+ if the setting does not exist
    #
    # Returns a TokenKey. Raises Error as TokenKey.from_env does, and TypeError if an argument has a
    # wrong type. The message has the name, and never shows the value.
    #
    #   text = "itk_9f2c41aa_#{"c0ffee00" * 8}"
    #   IdentityHmac::TokenKey.from_setting("vault: chat/key", text).key_id # => "9f2c41aa"
    def self.from_setting(name, value); end

    # Returns the key's id, a String of 8 hexadecimal digits. It is not secret: tokens name it in
    # their header, as +kid+.
    #
    #   IdentityHmac::TokenKey.new("itk_9f2c41aa_#{"c0ffee00" * 8}").key_id # => "9f2c41aa"
    def key_id; end
  end
end
