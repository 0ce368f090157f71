# frozen_string_literal: true

# Reads the settings and serves the shop until SIGINT or SIGTERM.

ENV["APP_ENV"] ||= "production" # What goes wrong goes to the log, not to the page.

# Before Sinatra is loaded, which stumbles over a PORT that is no number.
port = Integer(ENV.fetch("PORT", "3000"), 10, exception: false)
abort "PORT is not a port; set it to a number from 0 to 65535" unless port&.between?(0, 65_535)

require "identity_hmac"
require "puma"
require "uri"
require_relative "sessions"
require_relative "shop"

begin
  Shop.set :identity_key, IdentityHmac::Key.from_env("IDENTITY_SECRET")
  Shop.set :token_key, IdentityHmac::TokenKey.from_env("IDENTITY_TOKEN_KEY")
rescue IdentityHmac::Error => error
  abort error.message # It names the variable and the fault, never the secret.
end

URL = %r{\Ahttps?://\S+\z}
organization_key, identity_server_url = ENV.values_at("ORGANIZATION_KEY", "IDENTITY_SERVER_URL")
abort "ORGANIZATION_KEY is not set; set it to a key like pk_…" if organization_key.to_s.empty?
unless URL.match?(identity_server_url)
  abort "IDENTITY_SERVER_URL is not a URL; set it to one like http://127.0.0.1:8080"
end
demo_switch_url = ENV.fetch("DEMO_SWITCH_URL", nil)
unless demo_switch_url.nil? || URL.match?(demo_switch_url)
  abort "DEMO_SWITCH_URL is not a URL; unset it, or run the demo with `make demo`"
end
Shop.set :config, { organizationKey: organization_key, identityServerUrl: identity_server_url,
                    demoSwitchUrl: demo_switch_url }.compact

def read_count(variable, otherwise)
  value = ENV.fetch(variable, otherwise.to_s)
  return value.to_i if value.match?(/\A[1-9][0-9]{0,8}\z/)

  abort "#{variable} is not a whole number above 0; set it to one like #{otherwise}"
end

Shop.set :logins, Sessions.new(
  idle_seconds: read_count("SESSION_IDLE_SECONDS", 30 * 60),
  lifetime_seconds: read_count("SESSION_LIFETIME_SECONDS", 12 * 60 * 60),
  limit: read_count("SESSION_LIMIT", 10_000)
)

Shop.set :browser_client, ENV.fetch("BROWSER_CLIENT") {
  File.expand_path("../../bindings/browser/build/global.js", __dir__)
}
unless File.file?(Shop.browser_client)
  abort "BROWSER_CLIENT is not a file; build it with `make -C bindings/browser build`"
end

server = Puma::Server.new(Shop, Puma::Events.stdio, force_shutdown_after: 1)
begin
  port = server.add_tcp_listener("127.0.0.1", port).local_address.ip_port
rescue SystemCallError => error
  abort "cannot listen on port #{port}: #{error.message}; set PORT to another one"
end

%w[INT TERM].each { |signal| trap(signal) { server.stop } }
serving = server.run
puts "listening on http://127.0.0.1:#{port}"
$stdout.flush
serving.join
