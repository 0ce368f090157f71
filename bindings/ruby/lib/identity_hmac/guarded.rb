# frozen_string_literal: true

module IdentityHmac
  # What Key and Keyring, the objects that hold a secret, have in common: they show only their type,
  # and they cannot leave the process or be copied.
  module Guarded
    # Returns the type as a String, and nothing of the secret.
    #
    #   IdentityHmac::Key.new("s3cret").inspect # => "#<IdentityHmac::Key>"
    def inspect
      "#<#{self.class}>"
    end
    alias to_s inspect

    # Raises TypeError: there is one object for each secret. It is frozen, so share it instead.
    #
    #   begin
    #     IdentityHmac::Key.new("s3cret").dup
    #   rescue TypeError => error
    #     error.message
    #     # => "IdentityHmac::Key holds a secret and cannot be copied; share the object itself"
    #   end
    def dup
      raise TypeError, "#{self.class} holds a secret and cannot be copied; share the object itself"
    end

    # Raises TypeError, as #dup does.
    #
    #   begin
    #     IdentityHmac::Key.new("s3cret").clone
    #   rescue TypeError => error
    #     error.message
    #     # => "IdentityHmac::Key holds a secret and cannot be copied; share the object itself"
    #   end
    def clone(**)
      dup
    end

    # Raises TypeError. Marshal calls this.
    #
    #   begin
    #     Marshal.dump(IdentityHmac::Key.new("s3cret"))
    #   rescue TypeError => error
    #     error.message # => "IdentityHmac::Key holds a secret and cannot be dumped"
    #   end
    def marshal_dump
      raise TypeError, "#{self.class} holds a secret and cannot be dumped"
    end

    # Raises TypeError. YAML calls this.
    #
    #   require "yaml"
    #   begin
    #     YAML.dump(IdentityHmac::Key.new("s3cret"))
    #   rescue TypeError => error
    #     error.message # => "IdentityHmac::Key holds a secret and cannot be dumped"
    #   end
    def encode_with(*)
      marshal_dump
    end
  end
  private_constant :Guarded
end
