# frozen_string_literal: true

require "identity_hmac/route"

module IdentityHmac
  # The guarded route for a framework on Rack that has no module of its own here: ChatIdentityApp.
  # It needs nothing of the gem rack.
  #
  #   IdentityHmac::Rack.constants # => [:ChatIdentityApp]
  module Rack
    # The guarded route as a Rack application. It answers every method at its path: with 401 to
    # nobody, before it looks at anything else. To a path below its own it answers 404.
    #
    # Route it at its exact path. Never mount it: a mounted application gets every path below its
    # own, and many frameworks leave out what finds the user of the session.
    #
    #   require "rack/mock"
    #   key = IdentityHmac::Key.new("s3cret")
    #   app = IdentityHmac::Rack::ChatIdentityApp.new(key) do |env|
    #     user_id = env["rack.session"]["user_id"]
    #     IdentityHmac::User.new(user_id) if user_id
    #   end
    #   client = Rack::MockRequest.new(app)
    #   ask = "/api/chat-identity?visitorId=0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90"
    #   client.get(ask, "rack.session" => {}).status # => 401
    #   client.get(ask, "rack.session" => { "user_id" => "user_123" }).body
    #   # => '{"hmac":"6b7e8eeb814c16250ff35166b501369db9168f026ad6a8c6613f36b3a2231827"}'
    class ChatIdentityApp
      # Makes the application. Its block takes the Rack environment and gives the User of the
      # request's session, or +nil+ for nobody. The middleware that puts the session into the
      # environment has to run before. Anything else that it gives is not signed for, and answered
      # with 500.
      #
      # [+key+] what signs: a Key gives pages an hmac, a TokenKey a token. Or something that answers
      #         +call+ with one. It is called once, at the first request
      # [+path+] the path of the route, behind +SCRIPT_NAME+
      # [+visitor_id+] which visitor ids are signed, if not UUIDs in lower case: a Regexp that has
      #                to match the whole id, or something whose +call+ says +true+ of an id. Allow
      #                no more than your chat's ids can be: what is allowed here is signed for
      #                everybody who is logged in
      #
      # Raises TypeError if an argument has a wrong type, and ArgumentError without a block.
      #
      #   app = IdentityHmac::Rack::ChatIdentityApp.new(IdentityHmac::Key.new("s3cret")) { nil }
      #   app.respond_to?(:call) # => true
      def initialize(key, path: "/api/chat-identity", visitor_id: nil, &authenticate)
        @route = Route.new(key, visitor_id, authenticate)
        @path = path
        @authenticate = authenticate
      end

      # Reads the key now, as at the start of a server, and not at the first request.
      #
      # Returns +nil+. Raises TypeError if +key+ gave no key, and whatever else it raises, such as
      # Error.
      #
      #   key = -> { IdentityHmac::TokenKey.from_env("NOT_SET") }
      #   app = IdentityHmac::Rack::ChatIdentityApp.new(key) { nil }
      #   begin
      #     app.ready
      #   rescue IdentityHmac::Error => error
      #     error.code # => :token_key_unset
      #   end
      def ready
        @route.ready
      end

      # Answers a request, as Rack asks (its specification is SPEC.rdoc of the gem rack).
      #
      # [+env+] the Rack environment, a Hash
      #
      # Returns the status, the headers, whose names are in lower case, and the body.
      #
      #   app = IdentityHmac::Rack::ChatIdentityApp.new(IdentityHmac::Key.new("s3cret")) { nil }
      #   app.call({ "REQUEST_METHOD" => "GET", "rack.errors" => $stderr }).first # => 401
      def call(env)
        remaining_path = env.fetch("PATH_INFO", "").delete_prefix(@path)
        status, headers, body = @route.respond(env, remaining_path) { @authenticate.call(env) }
        headers["content-length"] = body.bytesize.to_s
        [status, headers, env["REQUEST_METHOD"] == "HEAD" ? [] : [body]]
      end
    end
  end
end
