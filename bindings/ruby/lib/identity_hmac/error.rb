# frozen_string_literal: true

module IdentityHmac
  # Raised for input that is refused before anything is signed. TokenError is one, too. Neither the
  # message nor the code holds the secret or the visitor id.
  #
  #   begin
  #     IdentityHmac::Key.new("")
  #   rescue IdentityHmac::Error => error
  #     error.code # => :empty_secret
  #   end
  class Error < StandardError
    # Returns what was refused, as a Symbol, or +nil+ if the error was raised without a code. The
    # codes are the same in every language that has an identity-hmac package, and do not change
    # between versions. Only Key.from_env, Key.from_setting and Keyring.from_env give those that
    # begin with +secret_+. TokenError lists the codes of tokens.
    #
    # [+:empty_secret+] the secret has no bytes
    # [+:empty_visitor_id+] the visitor id has no bytes
    # [+:secret_unset+] the variable is not set
    # [+:secret_blank+] the variable is empty or holds white space only
    # [+:secret_contains_nul+] the variable holds a NUL character
    # [+:secret_surrounded_by_whitespace+] white space stands before or behind the secret
    # [+:secret_quoted+] quotes stand around the secret
    # [+:secret_not_utf8+] the variable is not UTF-8
    # [+:secret_placeholder+] the variable holds a word such as <tt>changeme</tt> or <tt>nil</tt>
    # [+:secret_unexpanded_variable+] it holds a reference, such as <tt>${IDENTITY_SECRET}</tt>
    # [+:secret_holds_assignment+] it holds a line such as <tt>IDENTITY_SECRET=s3cret</tt>
    # [+:secret_holds_comment+] it holds a comment, as in <tt>s3cret # chat</tt>
    # [+:token_key_as_secret+] it holds an identity token key (<tt>itk_...</tt>), which signs tokens
    # [+:token_key_unset+] what TokenKey.from_env or TokenKey.from_setting reads is not set or is
    #                      blank
    # [+:malformed_token_key+] the text is not <tt>itk_</tt>, 8 hexadecimal digits, <tt>_</tt> and
    #                          64 hexadecimal digits in lower case
    # [+:max_lifetime_out_of_range+] the longest lifetime is not between a minute and a day
    # [+:ill_formed_text+] a String that a token is to hold is not text in its encoding
    #
    #   begin
    #     IdentityHmac::Key.from_env("NOT_SET")
    #   rescue IdentityHmac::Error => error
    #     error.code # => :secret_unset
    #   end
    attr_reader :code

    # Makes an error. The library does this itself; your tests may need it too.
    #
    # [+message+] a String that says what was wrong and what to do
    # [+code+] a Symbol: see #code
    #
    #   IdentityHmac::Error.new("no id", code: :empty_visitor_id).code # => :empty_visitor_id
    def initialize(message = nil, code: nil)
      super(message)
      @code = code
    end
  end
end
