# frozen_string_literal: true

require "identity_hmac/route"
require "identity_hmac/vary"

module IdentityHmac
  # The guarded route for Rails: ChatIdentity, for a controller. It needs nothing of Rails until it
  # is included.
  #
  #   IdentityHmac::Rails.constants # => [:ChatIdentity]
  module Rails
    # Makes a controller of the one guarded route, which a page asks for its visitor's proof:
    #
    #   require "action_controller"
    #   class ApplicationController < ActionController::API
    #   end
    #   class ChatIdentitiesController < ApplicationController
    #     include IdentityHmac::Rails::ChatIdentity
    #     chat_identity IdentityHmac::Key.new("s3cret") do
    #       IdentityHmac::User.new(session[:user_id]) if session[:user_id]
    #     end
    #   end
    #   ChatIdentitiesController.action_methods.to_a # => ["show"]
    #
    # Its route has to take every method:
    # <tt>match "api/chat-identity", to: "chat_identities#show", via: :all</tt>.
    #
    # It does without a CSRF token, since it answers nothing but GET and HEAD, and changes nothing.
    # A +before_action+ that redirects to a page to log in has to be skipped in this controller.
    module ChatIdentity
      def self.included(controller) # :nodoc:
        super
        controller.extend(ClassMethods)
        controller.skip_before_action(:verify_authenticity_token, raise: false)
      end

      private_class_method :included

      # What a controller gets as methods of its class.
      #
      #   methods = IdentityHmac::Rails::ChatIdentity::ClassMethods.instance_methods
      #   methods.sort # => [:chat_identity, :chat_identity_route]
      module ClassMethods
        # Says with what the route signs, and for whom. The block gives the User of the request's
        # session, or +nil+ for nobody. It runs as a method of the controller, so +current_user+,
        # +session+ and +Current+ work. Anything else that it gives, such as a record, is not
        # signed for, and answered with 500.
        #
        # [+key+] what signs: a Key gives pages an hmac, a TokenKey a token. Or something that
        #         answers +call+ with one. It is called once, at the first request
        # [+visitor_id+] which visitor ids are signed, if not UUIDs in lower case: a Regexp that has
        #                to match the whole id, or something whose +call+ says +true+ of an id.
        #                Allow no more than your chat's ids can be: what is allowed here is signed
        #                for everybody who is logged in
        # [+user+] the block
        #
        # Returns the route: see #chat_identity_route. Raises TypeError if an argument has a wrong
        # type, and ArgumentError without a block.
        #
        #   require "action_controller"
        #   controller = Class.new(ActionController::API) do
        #     include IdentityHmac::Rails::ChatIdentity
        #     chat_identity(-> { IdentityHmac::TokenKey.from_env }) { nil }
        #   end
        #   controller.action_methods.to_a # => ["show"]
        def chat_identity(key, visitor_id: nil, &user)
          route = Route.new(key, visitor_id, user)
          private define_method(:chat_identity_user, &user)
          define_singleton_method(:chat_identity_route) { route }
          route
        end

        # Returns the route that .chat_identity made. Its +ready+ reads the key at once, as in an
        # initializer. It raises TypeError if +key+ gave no key, and whatever else that raises, such
        # as Error. Raises RuntimeError if .chat_identity was not called.
        #
        #   require "action_controller"
        #   controller = Class.new(ActionController::API) do
        #     include IdentityHmac::Rails::ChatIdentity
        #     chat_identity(-> { IdentityHmac::TokenKey.from_env("NOT_SET") }) { nil }
        #   end
        #   begin
        #     controller.chat_identity_route.ready
        #   rescue IdentityHmac::Error => error
        #     error.code # => :token_key_unset
        #   end
        def chat_identity_route
          raise "call chat_identity in #{self}: it says with what the route signs, and for whom"
        end
      end

      # The action that answers a page.
      #
      # Returns nothing of use: the answer is the controller's response.
      #
      #   IdentityHmac::Rails::ChatIdentity.public_instance_methods # => [:show]
      def show
        route = self.class.chat_identity_route
        log = ->(message) { logger&.error(message) }
        answer = route.respond(request.env, chat_identity_remaining_path, log) do
          chat_identity_user
        end
        chat_identity_answer(*answer)
      end

      # :stopdoc:

      private

      # Rails would refuse a query and a body that it cannot read before anybody looks for the user.
      # The route reads neither here.
      def process_action(*)
        chat_identity_read(:query_parameters)
        chat_identity_read(:request_parameters)
        super
      end

      def chat_identity_read(parameters)
        request.public_send(parameters)
      rescue ActionController::BadRequest, ActionDispatch::Http::Parameters::ParseError
        request.set_header("action_dispatch.request.#{parameters}", {})
      end

      def chat_identity_answer(status, headers, body)
        headers["vary"] = Vary.on_cookie(response.get_header("Vary"))
        headers.each do |name, value|
          # To Rails 7.0 and older the case of a name matters.
          response.set_header(name.split("-").map(&:capitalize).join("-"), value)
        end
        self.status = status
        self.response_body = body
      end

      # What Rails matches beside the path of the route: a slash, and a format such as `.css`, for
      # which a cache may store an answer whatever its headers say.
      def chat_identity_remaining_path
        path = request.original_fullpath[/\A[^?]*/]
        format = request.path_parameters[:format]
        return ".#{format}" if format && path.end_with?(".#{format}")

        Route.slash_behind(path, "")
      end
    end
  end
end
