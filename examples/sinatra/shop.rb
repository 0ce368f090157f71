# frozen_string_literal: true

require "bcrypt"
require "json"
require "sinatra/base"

# The Corner Shop: a log-in, a session, and GET /api/chat-identity, which signs a visitor id for a
# customer who is logged in, and for nobody else.
class Shop < Sinatra::Base
  ACCOUNTS = JSON.parse(File.read("#{__dir__}/../accounts.json"))

  set :public_folder, "#{__dir__}/../page"
  set :sessions, key: "session", same_site: :lax # HttpOnly too. Behind HTTPS also `secure: true`.
  set :session_store, Rack::Session::Pool # On the server, so that a log-out ends them.

  before do
    headers "Content-Security-Policy" =>
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " \
      "connect-src 'self' #{URI(settings.identity_server_url).origin}; " \
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  end

  before("/api/*") { cache_control :no_store }

  get("/") { send_file "#{settings.public_folder}/index.html" }
  get("/identity-hmac-browser.js") { send_file settings.browser_client, type: :js }

  get "/api/config" do
    json organizationKey: settings.organization_key,
         identityServerUrl: settings.identity_server_url
  end

  post "/api/login" do
    email, password = credentials
    account = ACCOUNTS.find { |candidate| candidate["user"]["email"] == email }
    # An unknown email takes as long as a wrong password: time does not tell who has an account.
    matches = BCrypt::Password.new((account || ACCOUNTS.first)["passwordHash"]) == password
    problem 401, "the email or the password is wrong" unless account && matches

    # A new session id: one that somebody planted before the log-in is worth nothing after it.
    session.options[:renew] = true
    session[:user_id] = account["user"]["id"]
    json account["user"]
  end

  post "/api/logout" do
    session.destroy
    204
  end

  get "/api/me" do
    json current_user
  end

  get "/api/chat-identity" do
    current_user # Or 401, before anything else is looked at.
    # Not from params, which keep only the last one if it was sent more than once.
    visitor_id = Rack::Utils.parse_query(request.query_string)["visitorId"]
    problem 400, "send one visitorId" unless visitor_id.is_a?(String) && !visitor_id.empty?
    json hmac: settings.identity_key.sign(visitor_id)
  end

  error(Sinatra::BadRequest) { problem 400, "the request is malformed" }

  private

  # The customer who is logged in; whoever is not gets a 401.
  def current_user
    account = ACCOUNTS.find { |candidate| candidate["user"]["id"] == session[:user_id] }
    account ? account["user"] : problem(401, "log in first")
  end

  # The email and the password in the body, which has to be JSON: a page of another origin cannot
  # send that without a preflight, which nothing here allows, so it cannot log its reader in.
  def credentials
    sent_as_json = request.media_type == "application/json"
    case sent_as_json && JSON.parse(request.body.read, symbolize_names: true)
    in { email: String => email, password: String => password } then [email, password]
    else problem 400, "send JSON with the texts email and password"
    end
  rescue JSON::ParserError
    problem 400, "the request is malformed"
  end

  def json(value)
    content_type :json
    JSON.generate(value)
  end

  # Ends the request with a problem document (RFC 9457).
  def problem(status, detail)
    content_type "application/problem+json"
    cache_control :no_store
    title = Rack::Utils::HTTP_STATUS_CODES[status]
    halt status, JSON.generate(title:, status:, detail:)
  end
end
