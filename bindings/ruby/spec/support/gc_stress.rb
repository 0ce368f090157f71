# frozen_string_literal: true

# For `rspec --require`: every call of a spec into the library runs with Ruby collecting at every
# chance that it has. RSpec itself does not, which would take hours.

require "identity_hmac"

# Only what is young, which is all that a call makes. gc_stress_spec.rb collects everything.
NO_MAJOR_COLLECTION = 1

def stress(owner, *names)
  owner.prepend(Module.new do
    names.each do |name|
      define_method(name) do |*arguments, **options|
        GC.stress = NO_MAJOR_COLLECTION
        super(*arguments, **options)
      ensure
        GC.stress = false
      end
    end
  end)
end

stress IdentityHmac.singleton_class, :generate_identity_hmac, :verify_identity_hmac
stress IdentityHmac.singleton_class, :generate_secret, :generate_token_key
stress IdentityHmac::Key.singleton_class, :new, :from_env, :from_setting
stress IdentityHmac::Key, :sign, :verify
stress IdentityHmac::Keyring.singleton_class, :new, :from_env
stress IdentityHmac::Keyring, :sign, :verify, :matched
stress IdentityHmac::TokenKey.singleton_class, :new, :from_env, :from_setting
stress IdentityHmac::TokenKey, :key_id, :sign, :verify
stress IdentityHmac::TokenKeyring.singleton_class, :new
stress IdentityHmac::User.singleton_class, :new
stress IdentityHmac.const_get(:Route), :answer
stress IdentityHmac::TokenKeyring, :verify
