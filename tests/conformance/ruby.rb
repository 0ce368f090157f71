# frozen_string_literal: true

# Signs and verifies the conformance cases in Ruby, and prints what came out.
#
#     ruby.rb FOLDER          with the installed gem
#     ruby.rb FOLDER stdlib   with OpenSSL, the way the document does it

require "digest"
require "json"
require "openssl"

FOLDER = ARGV.fetch(0)

def each_case(name)
  File.foreach(File.join(FOLDER, name)) do |line|
    yield(JSON.parse(line).to_h do |field, value|
      field.end_with?("_hex") ? [field.delete_suffix("_hex"), [value].pack("H*")] : [field, value]
    end)
  end
end

# The SHA-256 of all signatures, each followed by a line feed.
def digest(name)
  everything = Digest::SHA256.new
  each_case(name) { |one| everything << yield(one["visitor_id"], one["secret"]) << "\n" }
  everything.hexdigest
end

def answers(visitor_id, candidate, secret)
  [
    IdentityHmac.verify_identity_hmac(visitor_id, candidate, secret),
    IdentityHmac::Key.new(secret).verify(visitor_id, candidate),
    IdentityHmac::Keyring.new(secret).verify(visitor_id, candidate),
    IdentityHmac::Keyring.new("other", previous: secret).matched(visitor_id, candidate) == :previous
  ].uniq
rescue Exception => error # rubocop:disable Lint/RescueException -- a panic would be a `fatal`
  [error.class.name]
end

def malformed
  asked = 0
  wrong = []
  each_case("malformed.jsonl") do |one|
    given = answers(one["visitor_id"], one["hmac"], one["secret"])
    wrong << asked unless given == [one["accepted"]]
    asked += 1
  end
  { asked:, wrong: }
end

# Signs every case, and verifies the same claims in a token that OpenSSL signed.
def tokens
  everything = Digest::SHA256.new
  wrong = []
  verdicts = each_token do |one, answer|
    everything << answer << "\n"
    read_as_given?(one) if answer.include?(".")
  end
  verdicts.each_with_index { |verdict, number| wrong << number if verdict == false }
  { tokens: everything.hexdigest, "verified tokens": { asked: verdicts.compact.length, wrong: } }
end

def each_token
  results = []
  each_case("tokens.jsonl") do |one|
    results << yield(one, signed(**one.transform_keys(&:to_sym)))
  end
  results
end

def signed(key:, visitor_id:, external_id:, **claims)
  IdentityHmac::TokenKey.new(key).sign(visitor_id, external_id, **claims)
rescue IdentityHmac::Error => error
  error.code.to_s
end

def read_as_given?(one)
  payload = payload_of(one)
  claims = verified(token_by_hand(one["key"], payload), **one.transform_keys(&:to_sym))
  said = { sub: claims.external_id, visitorId: claims.visitor_id, iat: claims.issued_at.to_i,
           exp: claims.expires_at.to_i, **claims.attributes }
  said == payload.except(:aud)
rescue IdentityHmac::Error
  false
end

def verified(token, key:, visitor_id:, now:, audience: nil, **)
  keyring = IdentityHmac::TokenKeyring.new(key, max_lifetime: 86_400)
  keyring.verify(token, visitor_id, audience:, now:)
end

def payload_of(one)
  attributes = one.slice("name", "email", "metadata").transform_keys(&:to_sym)
  audience = one.key?("audience") ? { aud: one["audience"] } : {}
  { sub: one["external_id"], visitorId: one["visitor_id"], iat: one["now"],
    exp: one["now"] + one.fetch("expires_in", 300), **audience, **attributes }
end

# A JSON Web Token as RFC 7515 has it.
def token_by_hand(key, payload)
  encode = ->(bytes) { [bytes].pack("m0").tr("+/", "-_").delete("=") }
  header = { alg: "HS256", typ: "JWT", kid: key[4, 8] }
  signed = [header, payload].map { |part| encode.call(JSON.generate(part)) }.join(".")
  "#{signed}.#{encode.call(OpenSSL::HMAC.digest("SHA256", key, signed))}"
end

def with_gem
  require "identity_hmac"
  prepared = ->(visitor_id, secret) { IdentityHmac::Key.new(secret).sign(visitor_id) }
  one_call = IdentityHmac.method(:generate_identity_hmac)
  hmacs = { lines: digest("lines.jsonl", &prepared), raw: digest("raw.jsonl", &one_call) }
  { **hmacs, malformed:, **tokens }
end

def with_stdlib
  documented = ->(visitor_id, secret) { OpenSSL::HMAC.hexdigest("SHA256", secret, visitor_id) }
  { lines: digest("lines.jsonl", &documented), raw: digest("raw.jsonl", &documented) }
end

puts JSON.generate(ARGV[1] == "stdlib" ? with_stdlib : with_gem)
