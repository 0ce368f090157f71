# frozen_string_literal: true

module IdentityHmac
  # Input that is refused before anything is signed. Neither the message nor the code carries the
  # secret or the visitor id.
  #
  # @example
  #   begin
  #     IdentityHmac::Key.new("")
  #   rescue IdentityHmac::Error => error
  #     error.code # => "empty_secret"
  #   end
  class Error < StandardError
    # @return [String, nil] what was refused, in snake case. The same in every language that
    #   identity-hmac has a package for, and stable across versions: +empty_secret+,
    #   +empty_visitor_id+, and from {Key.from_env} +secret_unset+, +secret_blank+,
    #   +secret_contains_nul+, +secret_surrounded_by_whitespace+, +secret_quoted+,
    #   +secret_not_utf8+, +secret_placeholder+, +secret_unexpanded_variable+,
    #   +secret_holds_assignment+, +secret_holds_comment+
    attr_reader :code

    # @param message [String, nil] what was wrong, and what to do
    # @param code [String, nil] see {#code}
    def initialize(message = nil, code = nil)
      super(message)
      @code = code
    end
  end
end
