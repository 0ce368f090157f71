# frozen_string_literal: true

require "openssl"

# What is tested is the installed gem. RSpec puts the source tree's lib/ in front of it.
$LOAD_PATH.delete(File.expand_path("../lib", __dir__))
require "identity_hmac"

strays = $LOADED_FEATURES.grep(/identity_hmac/).reject { |path| path.start_with?(Gem.dir) }
abort "not from GEM_HOME (#{Gem.dir}): #{strays.join(", ")}" unless strays.empty?

# Tells on every use that Ractors are experimental.
Warning[:experimental] = false

RSpec.configure do |config|
  config.disable_monkey_patching!
  config.order = :random
end

# A signature made the way the document makes it.
def documented(visitor_id, secret)
  OpenSSL::HMAC.hexdigest("SHA256", secret, visitor_id)
end

# The library's module, and all that is public in it.
def all_types(type = IdentityHmac)
  inner = type.constants(false).map { |name| type.const_get(name) }.grep(Module)
  [type, *inner.flat_map { |it| all_types(it) }]
end

# Runs the block while the environment variable has this value.
def with_env(name, value)
  before = ENV.fetch(name, nil)
  ENV[name] = value
  yield
ensure
  ENV[name] = before
end
