# frozen_string_literal: true

# The guarded route in each framework, as the framework itself serves it.

# For rbs, of another spec: behind Rails, Debian's Bundler does not load.
require "bundler"
require "action_controller/railtie"
require "rack"
require "sinatra/base"

# Makes the routes, and puts requests to them.
module Routes
  PATH = "/api/chat-identity"
  VISITOR_ID = "0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90"
  QUERY = "visitorId=#{VISITOR_ID}".freeze
  KEY = IdentityHmac::Key.new("s3cret")
  JANE = IdentityHmac::User.new("user_123", name: "Jane Doe")
  BODY = JSON.generate(hmac: KEY.sign(VISITOR_ID))
  LOG = StringIO.new

  # A Rails application that does what a new one does, but for its files.
  class Application < Rails::Application
    config.eager_load = false
    config.logger = Logger.new(LOG)
    config.secret_key_base = "of the session's cookie"
    config.hosts.clear
    config.action_dispatch.show_exceptions = Rails.version < "7.1" ? false : :none
  end

  # As a new application has it.
  class ApplicationController < ActionController::Base
    protect_from_forgery with: :exception
  end

  module_function

  # Each gives an application and its route.
  def all
    { "Rack" => method(:rack), "Sinatra" => method(:sinatra), "Rails" => method(:rails) }
  end

  def rack(key, **options, &)
    app = IdentityHmac::Rack::ChatIdentityApp.new(key, **options, &)
    [Rack::Lint.new(app), app]
  end

  def sinatra(key, **options, &)
    app = Sinatra.new do
      set :show_exceptions, false
      set :raise_errors, true
      register IdentityHmac::Sinatra
    end
    route = app.chat_identity(key, **options, &)
    [Rack::Lint.new(app), route]
  end

  def rails(key, path: PATH, **options, &user)
    controller = Class.new(ApplicationController) do
      include IdentityHmac::Rails::ChatIdentity
      chat_identity(key, **options, &user)
    end
    [rails_app(controller, path), controller.chat_identity_route]
  end

  def rails_app(controller, path = PATH)
    Application.initialize! unless Application.initialized?
    lambda do |env|
      Application.routes.draw { match path, to: controller.action(:show), via: :all }
      Application.call(env)
    end
  end

  def put(app, method: "GET", path: PATH, query: QUERY, sec_fetch_site: "same-origin", **more)
    env = { "QUERY_STRING" => query, "rack.errors" => LOG, **more.transform_keys(&:to_s) }
    env["HTTP_SEC_FETCH_SITE"] = sec_fetch_site if sec_fetch_site
    Rack::MockRequest.new(app).request(method, path, env)
  end

  # What was logged since the last time.
  def logged
    LOG.string.dup.tap { LOG.truncate(0) && LOG.rewind }
  end
end
