# frozen_string_literal: true

# A process that has keys and drops them: see src/main.rs, which goes through the same steps.

require "identity_hmac"

def hold
  key = IdentityHmac::Key.new(File.binread(ARGV.fetch(0)))
  ring = IdentityHmac::Keyring.new("another", previous: key)
  ring.matched("visitor_1", key.sign("visitor_1"))
  IdentityHmac.generate_identity_hmac("visitor_1", File.binread(ARGV.fetch(0)))
  signer = IdentityHmac::TokenKey.new(File.read("#{ARGV.fetch(0)}.token-key"))
  token_ring = IdentityHmac::TokenKeyring.new(signer)
  token_ring.verify(signer.sign("visitor_1", "user_123"), "visitor_1")
  [key, ring, signer, token_ring]
end

def step(name)
  puts name
  $stdout.flush
  $stdin.gets
end

# In a thread, for Ruby keeps whatever a word on a living stack may point to.
Thread.new do
  held = hold
  step "held"
  held.clear
end.join
GC.start
step "dropped"
