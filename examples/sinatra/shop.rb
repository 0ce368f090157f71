# frozen_string_literal: true

require "json"
require "sinatra/base"
require_relative "accounts"
require_relative "chat_identity"

# The Corner Shop: its page, a log-in, and a session. What it signs is in chat_identity.rb.
class Shop < Sinatra::Base
  PAGE = File.expand_path("../page", __dir__)
  MAX_BODY_BYTES = 16 * 1024
  COOKIE = { path: "/", httponly: true, same_site: :lax }.freeze # Behind HTTPS also `secure: true`.

  register ChatIdentity

  # Not as Sinatra's static files, which pass by this filter.
  before do
    urls = settings.config.values_at(:identityServerUrl, :demoSwitchUrl).compact
    origins = urls.map { |url| " #{URI(url).origin}" }.join
    headers "Content-Security-Policy" =>
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " \
      "connect-src 'self'#{origins}; " \
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  end

  before("/api/*") { cache_control :no_store }

  get("/") { send_file "#{PAGE}/index.html" }
  Dir.children(PAGE).each { |file| get("/#{file}") { send_file "#{PAGE}/#{file}" } }
  get("/identity-hmac-browser.js") { send_file settings.browser_client, type: :js }

  get "/api/config" do
    json settings.config
  end

  post "/api/login" do
    user = Accounts.authenticate(*credentials)
    problem 401, "the email or the password is wrong" unless user

    # A new session id: one that somebody planted before the log-in is worth nothing after it.
    settings.logins.end(request.cookies["session"])
    response.set_cookie("session", value: settings.logins.start(user), **COOKIE)
    json user
  end

  post "/api/logout" do
    settings.logins.end(request.cookies["session"])
    response.delete_cookie("session", COOKIE)
    204
  end

  get "/api/me" do
    json current_user
  end

  error(Sinatra::BadRequest) { problem 400, "the request is malformed" }

  not_found do
    methods = self.class.routes.filter_map do |method, routes|
      method if routes.any? { |(path)| path.match(request.path_info) }
    end
    problem 404, "there is nothing here" if methods.empty?
    headers "Allow" => methods.join(", ")
    problem 405, "the method is not allowed here"
  end

  private

  # The customer who is logged in, or nil.
  def customer
    settings.logins.user(request.cookies["session"])
  end

  # The customer who is logged in; anybody else gets a 401.
  def current_user
    customer || problem(401, "log in first")
  end

  # The email and the password in the body, which has to be JSON. A page of another origin cannot
  # send JSON without a preflight, and nothing here answers one. So no such page can log its reader
  # in.
  def credentials
    body = request.body.read(MAX_BODY_BYTES + 1).to_s
    problem 413, "the request is malformed" if body.bytesize > MAX_BODY_BYTES
    sent_as_json = request.media_type == "application/json"
    case sent_as_json && JSON.parse(body, symbolize_names: true)
    in { email: String => email, password: String => password } then [email, password]
    else problem 400, "send JSON with the texts email and password"
    end
  rescue JSON::ParserError
    problem 400, "send JSON with the texts email and password"
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
