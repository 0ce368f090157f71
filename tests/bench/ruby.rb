# frozen_string_literal: true

# What the gem's functions cost, beside what Ruby's openssl gives, and what its identity tokens cost
# beside ruby-jwt and beside openssl by hand.

require "base64"
require "identity_hmac"
require "json"
require "jwt"
require "openssl"
require "securerandom"

ROUNDS = 25
SAMPLE_SECONDS = 0.03
IDS = 1000
# The cases with this text in their name are run.
WANTED = ENV.fetch("BENCH_CASE", "")

SECRET = SecureRandom.hex(32)
KEY = IdentityHmac::Key.new(SECRET)
REUSED = OpenSSL::HMAC.new(SECRET, "SHA256")
TEMPLATE = OpenSSL::HMAC.new(SECRET, "SHA256")

# The document's function.
def generate_identity_hmac(visitor_id, secret)
  OpenSSL::HMAC.hexdigest("SHA256", secret, visitor_id)
end

def documented_verify(visitor_id, signature)
  OpenSSL.secure_compare(generate_identity_hmac(visitor_id, SECRET), signature)
end

# What a caller would write. `each` yields to these themselves: one more call around them would
# cost a good part of what ours cost.
DOCUMENTED = proc { |visitor_id| generate_identity_hmac(visitor_id, SECRET) }
ONE_CALL = {
  "documented function" => DOCUMENTED,
  "identity-hmac" => proc { |visitor_id| IdentityHmac.generate_identity_hmac(visitor_id, SECRET) }
}.freeze
PREPARED = {
  "documented function" => DOCUMENTED,
  "OpenSSL::HMAC object, reset" => proc { |visitor_id| (REUSED.reset << visitor_id).hexdigest },
  "OpenSSL::HMAC object, dup" => proc { |visitor_id| (TEMPLATE.dup << visitor_id).hexdigest },
  "identity-hmac" => proc { |visitor_id| KEY.sign(visitor_id) }
}.freeze

DOCUMENTED_VERIFY = proc { |visitor_id, signature| documented_verify(visitor_id, signature) }
VERIFY_ONE_CALL = {
  "documented function, secure_compare" => DOCUMENTED_VERIFY,
  "identity-hmac" => proc do |visitor_id, signature|
    IdentityHmac.verify_identity_hmac(visitor_id, signature, SECRET)
  end
}.freeze
VERIFY_PREPARED = {
  "documented function, secure_compare" => DOCUMENTED_VERIFY,
  "identity-hmac" => proc { |visitor_id, signature| KEY.verify(visitor_id, signature) }
}.freeze

TOKEN_KEY_TEXT = IdentityHmac.generate_token_key
TOKEN_KEY = IdentityHmac::TokenKey.new(TOKEN_KEY_TEXT)
TOKEN_KEYRING = IdentityHmac::TokenKeyring.new(TOKEN_KEY)
TOKEN_HEADER = { alg: "HS256", typ: "JWT", kid: TOKEN_KEY_TEXT[4, 8] }.freeze
AUDIENCE = "pk_3f9a1c7e5b2d4860"
# What `identify()` takes of a user, beside the ids.
ATTRIBUTES = {
  name: "Jane Doe",
  email: "jane@example.com",
  metadata: { "plan" => "pro", "seats" => 12, "trial" => false }
}.freeze
REQUIRED = %w[sub visitorId iat exp].freeze

def token_claims(visitor_id, more)
  now = Time.now.to_i
  { sub: "user_123", visitorId: visitor_id, iat: now, exp: now + 300, **more }
end

def base64url(bytes)
  Base64.urlsafe_encode64(bytes, padding: false)
end

def sign_with_openssl(claims)
  signed = "#{base64url(JSON.generate(TOKEN_HEADER))}.#{base64url(JSON.generate(claims))}"
  "#{signed}.#{base64url(OpenSSL::HMAC.digest("SHA256", TOKEN_KEY_TEXT, signed))}"
end

def demand(fulfilled)
  fulfilled || raise(JWT::DecodeError, "the token is not as it has to be")
end

# What our keyring demands beyond what ruby-jwt has checked.
def checked(claims, visitor_id)
  iat, exp = claims.values_at("iat", "exp")
  demand(claims["visitorId"] == visitor_id && claims["sub"].is_a?(String))
  demand(iat.is_a?(Numeric) && exp.is_a?(Numeric) && (1..3600).cover?(exp - iat))
  claims
end

def verify_with_ruby_jwt(token, visitor_id, audience)
  demands = { algorithm: "HS256", required_claims: REQUIRED, verify_iat: true, leeway: 60 }
  demands.update(aud: audience, verify_aud: true) if audience
  checked(JWT.decode(token, TOKEN_KEY_TEXT, true, demands).first, visitor_id)
end

def verify_with_openssl(token, visitor_id, audience)
  header, claims = opened_with_openssl(token)
  demand(header["alg"] == "HS256" && claims["aud"] == audience)
  now = Time.now.to_f
  demand(checked(claims, visitor_id)["iat"] <= now + 60 && claims["exp"] > now - 60)
  claims
end

# Header and claims, of a token whose signature is right.
def opened_with_openssl(token)
  signed, _, signature = token.rpartition(".")
  expected = base64url(OpenSSL::HMAC.digest("SHA256", TOKEN_KEY_TEXT, signed))
  demand(OpenSSL.secure_compare(expected, signature))
  signed.split(".").map { |part| JSON.parse(Base64.urlsafe_decode64(part)) }
end

# The ways to sign a token that also says these attributes and names this audience.
def token_signers(attributes, audience)
  more = audience ? { aud: audience, **attributes } : attributes
  ours = audience ? { audience:, **attributes } : attributes
  {
    "ruby-jwt" => proc do |visitor_id|
      JWT.encode(token_claims(visitor_id, more), TOKEN_KEY_TEXT, "HS256", TOKEN_HEADER)
    end,
    "openssl by hand" => proc { |visitor_id| sign_with_openssl(token_claims(visitor_id, more)) },
    "identity-hmac" => proc { |visitor_id| TOKEN_KEY.sign(visitor_id, "user_123", **ours) }
  }
end

# The ways to get the claims of a token.
def token_verifiers(audience)
  {
    "ruby-jwt" => proc { |id, token| verify_with_ruby_jwt(token, id, audience) },
    "openssl by hand" => proc { |id, token| verify_with_openssl(token, id, audience) },
    "identity-hmac" => proc { |id, token| TOKEN_KEYRING.verify(token, id, audience:) }
  }
end

# Every contender's token says the same, to every verifier.
def check_signing_tokens(signers, verifiers, visitor_id, attributes)
  tokens = signers.values.map { |sign| sign.call(visitor_id) }
  tokens.each do |token|
    verifiers.each_value { |verify| verify.call(visitor_id, token) }
    told = JWT.decode(token, TOKEN_KEY_TEXT, true, { algorithm: "HS256", verify_aud: false }).first
    next if told.slice("name", "email", "metadata") == attributes.transform_keys(&:to_s)

    abort "a token says otherwise: #{told}"
  end
end

def check_verifying_tokens(verifiers, pairs)
  verifiers.each do |verifier, verify|
    pairs.each do |visitor_id, right|
      forged = right.chop + (right.end_with?("A") ? "E" : "A")
      [*pairs.map(&:last), forged].each do |token|
        next if accepted?(verify, visitor_id, token) == (token == right)

        abort "#{verifier} is wrong about #{token} for #{visitor_id}"
      end
    end
  end
end

def accepted?(verify, visitor_id, token)
  verify.call(visitor_id, token) && true
rescue JWT::DecodeError, IdentityHmac::TokenError
  false
end

def check_signing(contenders, visitor_ids)
  contenders.each do |contender, sign|
    visitor_ids.each do |visitor_id|
      next if sign.call(visitor_id) == generate_identity_hmac(visitor_id, SECRET)

      abort "#{contender} signs #{visitor_id} otherwise than the documented function"
    end
  end
end

def check_verifying(contenders, pairs)
  contenders.each do |contender, verify|
    pairs.product(pairs) do |(visitor_id, right), (_, signature)|
      next if verify.call(visitor_id, signature) == (signature == right)

      abort "#{contender} is wrong about #{signature} for #{visitor_id}"
    end
  end
end

def seconds(passes, inputs, contender)
  # Without this a sample pays for sweeping what the contender before it left behind.
  GC.start
  started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  passes.times { inputs.each(&contender) }
  Process.clock_gettime(Process::CLOCK_MONOTONIC) - started
end

# Operations per second, of a contender that takes all inputs so many times.
def rate(passes, inputs, contender)
  passes * inputs.size / seconds(passes, inputs, contender)
end

# How often a contender has to take all inputs for a sample that is long enough.
def passes_for(contender, inputs)
  1 + (SAMPLE_SECONDS / Array.new(3) { seconds(1, inputs, contender) }.min).to_i
end

def measure(name, contenders, inputs)
  return unless name.include?(WANTED)

  warn "ruby: #{name}"
  passes = contenders.transform_values { |contender| passes_for(contender, inputs) }
  rates = contenders.transform_values { [] }
  ROUNDS.times do |round|
    contenders.to_a.rotate(round).each do |contender, function|
      rates[contender] << rate(passes[contender], inputs, function)
    end
  end
  report(name, rates)
end

def report(name, rates)
  rates.each do |contender, rate|
    puts JSON.generate({ section: "ruby", case: name, contender:, rate: })
  end
  $stdout.flush
end

[36, 8, 1000].each do |length|
  visitor_ids = Array.new(IDS) { SecureRandom.hex(length / 2) }
  { "one call" => ONE_CALL, "prepared" => PREPARED }.each do |kind, contenders|
    check_signing(contenders, visitor_ids)
    measure("sign, #{kind}, #{length} bytes", contenders, visitor_ids)
  end
end

pairs = Array.new(IDS) { SecureRandom.hex(18) }.map do |visitor_id|
  [visitor_id, generate_identity_hmac(visitor_id, SECRET)]
end
{ "one call" => VERIFY_ONE_CALL, "prepared" => VERIFY_PREPARED }.each do |kind, contenders|
  check_verifying(contenders, pairs.first(30))
  measure("verify, #{kind}, 36 bytes", contenders, pairs)
end

visitor_ids = pairs.map(&:first)
[["minimal", {}, nil], ["all claims", ATTRIBUTES, AUDIENCE]].each do |kind, attributes, audience|
  signers = token_signers(attributes, audience)
  verifiers = token_verifiers(audience)
  check_signing_tokens(signers, verifiers, visitor_ids.first, attributes)
  measure("sign a token, #{kind}", signers, visitor_ids)
  tokens = visitor_ids.map { |visitor_id| [visitor_id, signers["identity-hmac"].call(visitor_id)] }
  check_verifying_tokens(verifiers, tokens.first(10))
  measure("verify a token, #{kind}", verifiers, tokens)
end

puts JSON.generate(
  versions: {
    "Ruby" => RUBY_VERSION,
    "openssl gem" => OpenSSL::VERSION,
    "ruby-jwt" => JWT::VERSION::STRING,
    "its OpenSSL" => OpenSSL::OPENSSL_LIBRARY_VERSION.split[1],
    "identity-hmac" => IdentityHmac::VERSION
  }
)
