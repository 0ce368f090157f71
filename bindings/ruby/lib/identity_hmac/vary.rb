# frozen_string_literal: true

module IdentityHmac
  # The header Vary (RFC 9110 section 12.5.5).
  module Vary # :nodoc:
    # The header with Cookie, beside what stands there.
    def self.on_cookie(value)
      return "Cookie" if value.nil? || value.empty?

      value.split(/\s*,\s*/).any?(/\A(?:cookie|\*)\z/i) ? value : "#{value}, Cookie"
    end
  end
  private_constant :Vary
end
