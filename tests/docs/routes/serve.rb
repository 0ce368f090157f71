# frozen_string_literal: true

# Puts requests to a route of the Ruby quick start, whose file is in the current folder.
#   serve.rb rails|sinatra REQUESTS        the same as serve.py

require "json"
require "identity_hmac"

framework, requests = ARGV
ARGV.clear

def rails
  require "action_controller"
  # Stands for the reader's own: somebody is logged in where there is a cookie.
  Object.const_set(:ApplicationController, Class.new(ActionController::Base) do
    define_method(:current_user) { cookies[:user] }
  end)
  load "./chat_identities_controller.rb"
  ->(env) { ChatIdentitiesController.action(:show).call(env) }
end

def sinatra
  ENV["APP_ENV"] = "test"
  load "./sinatra_app.rb"
  Sinatra::Application.set :run, false
  Sinatra::Application
end

app = send(framework)
require "rack"
answers = JSON.parse(requests).map do |query, logged_in|
  session = logged_in ? { user_id: 1 } : {}
  env = { "HTTP_COOKIE" => logged_in ? "user=jane" : "", "rack.session" => session }
  response = Rack::MockRequest.new(app).get("/api/chat-identity#{query}", env)
  [response.status, response["Cache-Control"], response.body]
end
puts JSON.generate(answers)
