# frozen_string_literal: true

# Shows all that can be shown of the Ruby package, a JSON line each: see python.py, which takes the
# same arguments. No frame here has the secret in a variable.

require "json"
require "objspace"
require "yaml"
require "identity_hmac"

VARIABLE = "CANARY_SETTING"

def secret
  # ObjectSpace.dump shows a String only once it was looked at.
  File.read(ARGV.fetch(0), encoding: "UTF-8").tap(&:ascii_only?)
end

def token_key
  File.read("#{ARGV.fetch(0)}.token-key", encoding: "UTF-8").tap(&:ascii_only?)
end

# What a careless key would be.
class Planted
  def initialize
    @secret = secret
  end

  def to_s
    inspect
  end

  def to_json(*args)
    inspect.to_json(*args)
  end
end

# What a careless error would be.
class PlantedError < StandardError
  def initialize(message = "#{secret} is no good")
    @secret = secret
    super
  end
end

def from_environment(value)
  ENV[VARIABLE] = value
  IdentityHmac::Key.from_env(VARIABLE)
ensure
  ENV.delete(VARIABLE)
end

KEY = IdentityHmac::Key.new(secret)
RING = IdentityHmac::Keyring.new(secret, previous: secret)
TOKEN_KEY = IdentityHmac::TokenKey.new(token_key)
TOKEN_RING = IdentityHmac::TokenKeyring.new(token_key, previous: token_key)

ERRORS = {
  "no id" => -> { IdentityHmac.generate_identity_hmac("", secret) },
  "an id of nil" => -> { IdentityHmac.generate_identity_hmac(nil, secret) },
  "an id with 4,000 digits" => -> { IdentityHmac.generate_identity_hmac(10**4000, secret) },
  "an id that is a list" => -> { IdentityHmac.generate_identity_hmac([secret], secret) },
  "an id that is a key" => -> { IdentityHmac.generate_identity_hmac(KEY, secret) },
  "the secret as a Symbol" => -> { IdentityHmac.generate_identity_hmac("id", secret.to_sym) },
  "the secret as the only argument" => -> { IdentityHmac.generate_identity_hmac(secret) },
  "a secret in a list" => -> { IdentityHmac.generate_identity_hmac("id", [secret]) },
  "a secret in a hash" => -> { IdentityHmac::Key.new({ secret => secret }) },
  "verify with a secret in a list" => lambda {
                                        IdentityHmac.verify_identity_hmac("id", secret, [secret])
                                      },
  "a key of two secrets" => -> { IdentityHmac::Key.new(secret, secret) },
  "a keyring whose previous is a list" => -> { IdentityHmac::Keyring.new(KEY, previous: [secret]) },
  "a keyring of two secrets" => -> { IdentityHmac::Keyring.new(secret, secret) },
  "a variable with a line end" => -> { from_environment("#{secret}\n") },
  "a variable in quotes" => -> { from_environment("\"#{secret}\"") },
  "a variable that is not UTF-8" => -> { from_environment("#{secret}\xff") },
  "a method that a key has not" => -> { KEY.value },
  "a variable of a key that is set" => -> { KEY.instance_variable_set(:@secret, secret) },
  "a method of another class" => lambda {
                                   IdentityHmac::Key.instance_method(:sign).bind_call(secret, "id")
                                 },
  "to_str that raises" => lambda {
    IdentityHmac::Key.new(Object.new.tap { |it| def it.to_str = raise(ArgumentError, "no") })
  },
  "an id from a key" => -> { KEY.sign({ secret => KEY }) },
  "a dumped key" => -> { Marshal.dump(KEY) },
  "a duplicated keyring" => -> { RING.dup },
  "a key as YAML" => -> { YAML.dump([KEY]) },
  "a token key with a line end" => -> { IdentityHmac::TokenKey.new("#{token_key}\n") },
  "a token key in quotes" => -> { IdentityHmac::TokenKey.new("'#{token_key}'") },
  "a token key without its beginning" => -> { IdentityHmac::TokenKey.new(token_key[13..]) },
  "a token key in a list" => -> { IdentityHmac::TokenKey.new([token_key]) },
  "a token key as the secret" => -> { from_environment(token_key) },
  "a token keyring of lists" => -> { IdentityHmac::TokenKeyring.new([token_key]) },
  "a token key as an e-mail address" => -> { TOKEN_KEY.sign("id", "user", email: token_key) },
  "a token key beside an empty id" => -> { TOKEN_KEY.sign("", token_key, name: token_key) },
  "a token key as a token" => -> { TOKEN_KEY.verify(token_key, "id") },
  "a token key as a visitor id" => -> { TOKEN_KEY.verify(TOKEN_KEY.sign("id", "user"), token_key) },
  "an expired token" => -> { TOKEN_RING.verify(TOKEN_KEY.sign("id", "user", now: 0), "id") },
  "a dumped token key" => -> { Marshal.dump(TOKEN_KEY) },
  "a duplicated token keyring" => -> { TOKEN_RING.dup },
  "a variable of a token key" => -> { TOKEN_KEY.instance_variable_set(:@key, token_key) }
}.freeze

INSPECTIONS = {
  # First, for the others change how a String is kept.
  "ObjectSpace.dump" => lambda { |it|
    [it, *ObjectSpace.reachable_objects_from(it)].map { |one| ObjectSpace.dump(one) }.join
  },
  "inspect" => :inspect.to_proc,
  "to_s" => :to_s.to_proc,
  "pretty_inspect" => :pretty_inspect.to_proc,
  "inside a list" => ->(it) { [it].inspect },
  "JSON" => ->(it) { JSON.generate([it]) },
  "YAML" => ->(it) { YAML.dump(it) },
  "Marshal" => ->(it) { Marshal.dump(it) },
  "dup" => ->(it) { it.dup.inspect },
  "clone" => ->(it) { it.clone.inspect },
  "instance variables" => lambda { |it|
    it.instance_variables.map { |name| it.instance_variable_get(name) }.inspect
  },
  "what it refers to" => ->(it) { ObjectSpace.reachable_objects_from(it).inspect }
}.freeze

SHOWN_ERRORS = {
  "message" => :message.to_proc,
  "inspect" => :inspect.to_proc,
  "full message" => ->(it) { it.full_message(highlight: false) },
  # Ruby 3.2 has it.
  "detailed message" => lambda { |it|
                          it.respond_to?(:detailed_message) ? it.detailed_message : it.full_message
                        },
  "instance variables and causes" => lambda { |it|
    [it, it.cause].compact.map do |one|
      [one.message, one.instance_variables.map { |name| one.instance_variable_get(name) }]
    end.inspect
  },
  "what it is about" => lambda { |it|
    %i[receiver key name code].select { |name| it.respond_to?(name) }
                              .map { |name| it.public_send(name) }.inspect + it.message
  },
  "ObjectSpace.dump" => lambda { |it|
    [it, it.message, *ObjectSpace.reachable_objects_from(it)].map do |one|
      ObjectSpace.dump(one)
    end.join
  },
  "YAML" => ->(it) { YAML.dump(it) },
  "Marshal" => ->(it) { Marshal.dump(it) }
}.freeze

def show(kind, what, ways, thing)
  ways.each do |way, look|
    shown = begin
      look.call(thing)
    rescue StandardError => error
      error.full_message(highlight: false)
    end
    puts JSON.generate(kind:, what:, way:, shown: [shown].pack("m0"))
  end
end

def provoke(call)
  call.call
rescue StandardError => error
  error
else
  abort "an error was to be provoked, and nothing was raised"
end

case ARGV.drop(1)
in []
  ERRORS.each { |what, call| show "error", what, SHOWN_ERRORS, provoke(call) }
  show "inspection", "Key", INSPECTIONS, KEY
  show "inspection", "Keyring", INSPECTIONS, RING
  show "inspection", "TokenKey", INSPECTIONS, TOKEN_KEY
  show "inspection", "TokenKeyring", INSPECTIONS, TOKEN_RING
  show "planted", "error", SHOWN_ERRORS, provoke(-> { raise PlantedError })
  show "planted", "object", INSPECTIONS, Planted.new
in ["uncaught"]
  puts ERRORS.length
in ["uncaught", "planted"]
  raise PlantedError
in ["uncaught", number]
  ERRORS.values[Integer(number)].call
end
