# frozen_string_literal: true

require "json"

require "identity_hmac/key"
require "identity_hmac/token_key"
require "identity_hmac/user"

module IdentityHmac
  # The key and the rule for visitor ids of one guarded route: what the routes of all frameworks
  # share. All of them are on Rack.
  class Route # :nodoc:
    # A mistake in what a program gave to its route. The message holds no value.
    class Fault < TypeError; end

    # Not +value.class+: a proxy answers that for the object behind it.
    def self.class_of(value)
      Kernel.instance_method(:class).bind_call(value)
    end

    def self.check_callable(value, name, expected)
      return if value.respond_to?(:call)

      raise TypeError, "#{name} must be #{expected}, not #{class_of(value)}"
    end

    # What is left of a path when the framework takes `/x/` for `/x`.
    def self.slash_behind(path, route_path)
      path.end_with?("/") && !route_path.end_with?("/") ? "/" : ""
    end

    # Makes Rack see no parameters in a query that it cannot read. The core reads it by itself.
    def self.tolerate_query(env)
      ::Rack::Request.new(env).GET
    rescue ::Rack::QueryParser::ParameterTypeError, ::Rack::QueryParser::InvalidParameterError
      env["rack.request.query_string"] = env["QUERY_STRING"]
      env["rack.request.query_hash"] = {}
    end

    # +user+ is the block that finds the user, which the framework calls.
    def initialize(key, visitor_id, user)
      raise ArgumentError, "give a block that finds the user of a request" unless user

      unless key?(key)
        Route.check_callable(key, "key", "an IdentityHmac::Key, an IdentityHmac::TokenKey or " \
                                         "something that answers call with one")
      end
      @given = key
      @lock = Mutex.new
      @is_visitor_id = rule_of(visitor_id)
    end

    def ready
      key
      nil
    end

    # Answers the request of a Rack environment, whose user the block finds: with a status, headers
    # and a body. A server sends no body in the answer to HEAD. A mistake of the program goes to
    # +log+.
    def respond(env, remaining_path, log = env["rack.errors"].method(:puts))
      user = checked(yield)
      answer(key, env["REQUEST_METHOD"], env["QUERY_STRING"] || "",
             env["HTTP_SEC_FETCH_SITE"], remaining_path, user, @is_visitor_id, Time.now.to_i)
    rescue Error, Fault => error
      log.call("the chat identity route cannot answer: #{error.message}")
      failed
    end

    private

    def key?(value)
      value.is_a?(Key) || value.is_a?(TokenKey)
    end

    def key
      @lock.synchronize { @key ||= key?(@given) ? @given : key_from(@given.call) }
    end

    def key_from(given)
      return given if key?(given)

      raise Fault, "key gave #{Route.class_of(given)}, not IdentityHmac::Key or " \
                   "IdentityHmac::TokenKey"
    end

    # The user of a session. Only the library's own class is one, whatever else is true.
    def checked(user)
      type = Route.class_of(user)
      return user if User.equal?(type)
      return nil if NilClass.equal?(type)

      raise Fault, "the user of the session is #{type}, which is never signed for; give " \
                   "IdentityHmac::User, or nil if nobody is logged in"
    end

    def rule_of(visitor_id)
      return nil if visitor_id.nil?
      return whole(visitor_id).method(:match?) if visitor_id.is_a?(Regexp)

      Route.check_callable(visitor_id, "visitor_id", "a Regexp, something that answers call or nil")
      lambda do |text|
        said = visitor_id.call(text)
        next said if [true, false].any? { |it| it.equal?(said) }

        raise Fault, "visitor_id gave #{Route.class_of(said)}, not true or false"
      end
    end

    # The whole id, whatever the pattern says of lines.
    def whole(pattern)
      if pattern.fixed_encoding? && pattern.encoding != Encoding::UTF_8
        raise TypeError, "visitor_id must be a pattern for UTF-8, not for #{pattern.encoding}"
      end

      # In an extended pattern a comment goes on to the end of its line.
      close = pattern.options.anybits?(Regexp::EXTENDED) ? "\n)" : ")"
      Regexp.new("\\A(?:#{pattern.source}#{close}\\z", pattern.options)
    end

    # The answer to a mistake of the program. What it is stands in the log, not in the answer.
    def failed
      headers = {
        "content-type" => "application/problem+json",
        "cache-control" => "no-store",
        "vary" => "Cookie"
      }
      detail = "the log of this server says what is wrong"
      document = { title: "Internal Server Error", status: 500, detail: }
      [500, headers, JSON.generate(document)]
    end
  end
  private_constant :Route
end
