# frozen_string_literal: true

require "json"

# Every case of identity tokens in the file that the suites of all languages share.
RSpec.describe "the shared vectors of identity tokens" do
  vectors = File.expand_path("../../../tests/vectors/identity-token.json", __dir__)

  # A kind that this suite does not know has no method here, and so fails.
  def check(kind, vector)
    send(:"check_#{kind}", **vector)
  end

  def check_accepted(claims:, **call)
    given = claims.transform_keys(&:to_sym)
    attributes = given.slice(:name, :email, :metadata)
    times = given.slice(:issued_at, :expires_at).transform_values { |time| Time.at(time) }
    expected = { **given.except(*attributes.keys), **times, attributes: }
    expect(verified(**call).map(&:to_h)).to all eq(expected)
  end

  def check_refused(code:, field:, reason:, **call)
    verifiers(**call).each do |verify|
      expect(&verify).to raise_error(IdentityHmac::TokenError) { |error|
        expect([error.code, error.field, error.reason]).to eq [code.to_sym, field, reason&.to_sym]
        expect(error.message).to end_with error.remedy
      }
    end
  end

  def verified(**call)
    verifiers(**call).map(&:call)
  end

  # All that can verify as the case has it.
  def verifiers(keys:, token:, visitor_id:, audience:, now:, **settings)
    current, previous = keys
    objects = [IdentityHmac::TokenKeyring.new(current, previous:, **settings)]
    objects << IdentityHmac::TokenKey.new(current) if previous.nil? && settings.empty?
    objects.map { |object| -> { object.verify(token, visitor_id, audience:, now:) } }
  end

  def signed(key:, claims:, now:)
    given = claims.transform_keys(&:to_sym)
    ids = given.values_at(:visitor_id, :external_id)
    IdentityHmac::TokenKey.new(key).sign(*ids, **given.except(:visitor_id, :external_id), now:)
  end

  def check_signed(token:, **call)
    expect(signed(**call)).to eq token
  end

  def check_not_signed(code:, field:, **call)
    expect { signed(**call) }.to raise_error(IdentityHmac::TokenError, /#{field}/) { |error|
      expect([error.code, error.field]).to eq [code.to_sym, field]
    }
  end

  def check_key_accepted(value:, key_id:)
    expect(IdentityHmac::TokenKey.new(value).key_id).to eq key_id
    with_env("IDENTITY_TOKEN_KEY", value) do
      expect(IdentityHmac::TokenKey.from_env.key_id).to eq key_id
    end
    expect(IdentityHmac::TokenKey.from_setting("chat.key", value).key_id).to eq key_id
  end

  def check_key_refused(value:, code:)
    expect { IdentityHmac::TokenKey.from_setting("chat.key", value) }
      .to raise_error(IdentityHmac::Error, /\Achat\.key /, &refusal(code))
    unless value.nil?
      malformed = raise_error(IdentityHmac::Error, &refusal("malformed_token_key"))
      expect { IdentityHmac::TokenKey.new(value) }.to malformed
      expect { IdentityHmac::TokenKeyring.new(value) }.to malformed
      # An environment cannot hold this.
      return if value.include?("\0")
    end
    refused = raise_error(IdentityHmac::Error, /\AIDENTITY_TOKEN_KEY /, &refusal(code))
    with_env("IDENTITY_TOKEN_KEY", value) { expect { IdentityHmac::TokenKey.from_env }.to refused }
  end

  def refusal(code)
    ->(error) { expect(error.code).to be code.to_sym }
  end

  JSON.parse(File.read(vectors)).fetch("cases").each do |vector|
    it "#{vector["kind"]}: #{vector["name"]}" do
      check(vector["kind"], vector.except("kind", "name").transform_keys(&:to_sym))
    end
  end

  it "has no kind of case that this suite would pass over" do
    expect { check("unheard_of", {}) }.to raise_error(NoMethodError, /check_unheard_of/)
  end
end
