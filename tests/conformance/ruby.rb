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

def with_gem
  require "identity_hmac"
  prepared = ->(visitor_id, secret) { IdentityHmac::Key.new(secret).sign(visitor_id) }
  one_call = IdentityHmac.method(:generate_identity_hmac)
  { lines: digest("lines.jsonl", &prepared), raw: digest("raw.jsonl", &one_call), malformed: }
end

def with_stdlib
  documented = ->(visitor_id, secret) { OpenSSL::HMAC.hexdigest("SHA256", secret, visitor_id) }
  { lines: digest("lines.jsonl", &documented), raw: digest("raw.jsonl", &documented) }
end

puts JSON.generate(ARGV[1] == "stdlib" ? with_stdlib : with_gem)
