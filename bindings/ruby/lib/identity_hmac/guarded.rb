# frozen_string_literal: true

module IdentityHmac
  # What the objects that hold a secret have in common: they show nothing but their type, and
  # cannot leave the process or be copied.
  module Guarded
    def inspect
      "#<#{self.class}>"
    end
    alias to_s inspect

    def dup
      raise TypeError, "#{self.class} holds a secret and cannot be copied; share the object itself"
    end

    def clone(**)
      dup
    end

    # Marshal and YAML call these.
    def marshal_dump
      raise TypeError, "#{self.class} holds a secret and cannot be dumped"
    end

    def encode_with(_coder)
      marshal_dump
    end
  end
  private_constant :Guarded
end
