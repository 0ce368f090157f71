# frozen_string_literal: true

require "json"

# Every case of the file that the suites of all languages share.
RSpec.describe "the shared vectors" do
  vectors = File.expand_path("../../../tests/vectors/identity-hmac.json", __dir__)

  # An input stands as text, or in hexadecimal under its name with _hex added.
  def decode(vector)
    vector.to_h do |name, value|
      name.end_with?("_hex") ? [name.delete_suffix("_hex"), [value].pack("H*")] : [name, value]
    end
  end

  # A kind that this suite does not know has no method here, and so fails.
  def check(kind, vector)
    send(:"check_#{kind}", **vector)
  end

  def check_valid(secret:, visitor_id:, hmac:)
    expect(IdentityHmac.generate_identity_hmac(visitor_id, secret)).to eq hmac
    expect(IdentityHmac::Key.new(secret).sign(visitor_id)).to eq hmac
    expect(IdentityHmac::Keyring.new(secret).sign(visitor_id)).to eq hmac
    expect(verdicts(secret:, visitor_id:, hmac:)).to all be(true)
  end

  def verdicts(secret:, visitor_id:, hmac:)
    [
      IdentityHmac.verify_identity_hmac(visitor_id, hmac, secret),
      IdentityHmac::Key.new(secret).verify(visitor_id, hmac),
      IdentityHmac::Keyring.new(secret).verify(visitor_id, hmac),
      IdentityHmac::Keyring.new("of no case", previous: secret).verify(visitor_id, hmac)
    ]
  end

  def check_accepted(**vector)
    expect(verdicts(**vector)).to all be(true)
  end

  def check_rejected(**vector)
    expect(verdicts(**vector)).to all be(false)
  end

  def check_refused(operation:, secret:, visitor_id:, code:, hmac: nil)
    refused = raise_error(IdentityHmac::Error, &refusal(code))
    case operation
    when "sign"
      expect { IdentityHmac.generate_identity_hmac(visitor_id, secret) }.to refused
      expect { IdentityHmac::Key.new(secret).sign(visitor_id) }.to refused
      expect { IdentityHmac::Keyring.new(secret).sign(visitor_id) }.to refused
    when "verify"
      expect { IdentityHmac.verify_identity_hmac(visitor_id, hmac, secret) }.to refused
      expect { IdentityHmac::Key.new(secret).verify(visitor_id, hmac) }.to refused
    else raise "an operation that this suite does not know: #{operation}"
    end
  end

  def refusal(code)
    ->(error) { expect(error.code).to be code.to_sym }
  end

  def check_keyring(current:, previous:, visitor_id:, hmac:, matched:)
    keyring = IdentityHmac::Keyring.new(current, previous:)
    expect(keyring.matched(visitor_id, hmac)).to be matched&.to_sym
    expect(keyring.verify(visitor_id, hmac)).to be !matched.nil?
  end

  def check_setting_accepted(value:, visitor_id:, hmac:)
    with_env("IDENTITY_SECRET", value) do
      expect(IdentityHmac::Key.from_env.sign(visitor_id)).to eq hmac
      expect(IdentityHmac::Keyring.from_env("IDENTITY_SECRET", "NOT_SET").sign(visitor_id))
        .to eq hmac
    end
    key = IdentityHmac::Key.from_setting("chat.secret", value)
    expect(key.sign(visitor_id)).to eq hmac
  end

  def check_setting_refused(value:, code:)
    expect { IdentityHmac::Key.from_setting("chat.secret", value) }
      .to raise_error(IdentityHmac::Error, /\Achat\.secret /, &refusal(code))
    if value&.include?("\0")
      # An environment cannot hold this. Ruby itself refuses it.
      expect { ENV["IDENTITY_SECRET"] = value }.to raise_error(ArgumentError, /null byte/)
    else
      refused = raise_error(IdentityHmac::Error, /\AIDENTITY_SECRET /, &refusal(code))
      with_env("IDENTITY_SECRET", value) { expect { IdentityHmac::Key.from_env }.to refused }
    end
  end

  JSON.parse(File.read(vectors)).fetch("cases").each do |vector|
    it "#{vector["kind"]}: #{vector["name"]}" do
      check(vector["kind"], decode(vector).except("kind", "name").transform_keys(&:to_sym))
    end
  end

  it "has no kind of case that this suite would pass over" do
    expect { check("unheard_of", {}) }.to raise_error(NoMethodError, /check_unheard_of/)
  end
end
