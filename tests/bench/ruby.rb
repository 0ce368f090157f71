# frozen_string_literal: true

# What the gem's functions cost, beside what Ruby's openssl gives.

require "identity_hmac"
require "json"
require "openssl"
require "securerandom"

ROUNDS = 25
SAMPLE_SECONDS = 0.03
IDS = 1000

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

puts JSON.generate(
  versions: {
    "Ruby" => RUBY_VERSION,
    "openssl gem" => OpenSSL::VERSION,
    "its OpenSSL" => OpenSSL::OPENSSL_LIBRARY_VERSION.split[1],
    "identity-hmac" => IdentityHmac::VERSION
  }
)
