# frozen_string_literal: true

require "json"

module IdentityHmac
  # The attributes of a user as the extension takes them: a Hash of those that are given, in which
  # metadata is JSON.
  module Attributes # :nodoc:
    def self.of(**given)
      given.reject! { |_, value| :keep.equal?(value) }
      given[:metadata] = JSON.generate(given[:metadata]) if given.key?(:metadata)
      given
    end
  end
  private_constant :Attributes
end
