# frozen_string_literal: true

require "identity_hmac/route"
require "identity_hmac/vary"

module IdentityHmac
  # The guarded route for Sinatra, an extension: <tt>register IdentityHmac::Sinatra</tt>. It needs
  # nothing of Sinatra until it is registered.
  #
  #   require "sinatra/base"
  #   require "rack/mock"
  #   class Shop < Sinatra::Base
  #     register IdentityHmac::Sinatra
  #     enable :sessions
  #     chat_identity IdentityHmac::Key.new("s3cret") do
  #       IdentityHmac::User.new(session[:user_id]) if session[:user_id]
  #     end
  #   end
  #   client = Rack::MockRequest.new(Shop)
  #   client.get("/api/chat-identity").status # => 401
  module Sinatra
    # Adds the one guarded route, which a page asks for its visitor's proof. It answers every method
    # that Sinatra knows: with 401 to nobody, before it looks at anything else.
    #
    # The block gives the User of the request's session, or +nil+ for nobody. It runs as the block
    # of a route does, so +session+ and your helpers work. Anything else that it gives is not signed
    # for, and answered with 500.
    #
    # [+key+] what signs: a Key gives pages an hmac, a TokenKey a token. Or something that answers
    #         +call+ with one. It is called once, at the first request
    # [+path+] the path of the route, as Sinatra's own routes take it
    # [+visitor_id+] which visitor ids are signed, if not UUIDs in lower case: a Regexp that has to
    #                match the whole id, or something whose +call+ says +true+ of an id. Allow no
    #                more than your chat's ids can be: what is allowed here is signed for everybody
    #                who is logged in
    # [+user+] the block
    #
    # Returns the route. Its +ready+ reads the key at once, as at the start of a server. It raises
    # TypeError if +key+ gave no key, and whatever else that raises. Raises TypeError if an argument
    # has a wrong type, and ArgumentError without a block.
    #
    #   require "sinatra/base"
    #   app = Sinatra.new do
    #     register IdentityHmac::Sinatra
    #     chat_identity(-> { IdentityHmac::TokenKey.from_env }) { nil }.ready
    #   end
    #   app.routes.keys.include?("POST") # => true
    def chat_identity(key, path: "/api/chat-identity", visitor_id: nil, &user)
      route = Route.new(key, visitor_id, user)
      # As a method, so that `return` works in it, as in Sinatra's own blocks.
      find = private(define_method("the user of #{path}", &user))
      helpers(tolerant_at(path))
      at_every_method(path) do
        slash = Route.slash_behind(request.path_info, path)
        status, headers, body = route.respond(env, slash) { __send__(find) }
        [status, { **headers, "vary" => Vary.on_cookie(response["Vary"]) }, body]
      end
      route
    end

    # :stopdoc:

    private

    # Sinatra would refuse a query that it cannot read before anybody looks for the user.
    def tolerant_at(path)
      Module.new do
        define_method(:call!) do |env|
          Route.tolerate_query(env) if env["PATH_INFO"] == path
          super(env)
        end
      end
    end

    # At all that Sinatra has. +get+ brings HEAD with it.
    def at_every_method(path, &)
      %i[get post put patch delete options link unlink].each do |method|
        public_send(method, path, &)
      end
    end
  end
end
