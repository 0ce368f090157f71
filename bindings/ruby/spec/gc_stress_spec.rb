# frozen_string_literal: true

# Ruby collects and moves objects at every chance that it has, so that what is not kept alive is
# gone, and a pointer to where something was is wrong.
RSpec.describe "under GC stress" do
  def stressed
    GC.auto_compact = GC.stress = true
    yield
  ensure
    GC.auto_compact = GC.stress = false
  end

  # Longer than what fits into the String object itself, and made anew for each call.
  def id(number) = "visitor_#{number}_" + ("x" * 100)

  def secret = "s3cret#{"y" * 100}"

  # A String that nothing but the extension knows.
  def gives(text)
    Object.new.tap { |object| object.define_singleton_method(:to_str) { text.dup } }
  end

  def codes_of(*blocks)
    blocks.map do |block|
      block.call
    rescue IdentityHmac::Error, TypeError => error
      error.respond_to?(:code) ? error.code : error.message
    end
  end

  it "signs and verifies in one call" do
    hmac, verdicts = stressed do
      signature = IdentityHmac.generate_identity_hmac(gives(id(1)), gives(secret))
      verdicts = [signature, gives(signature), nil].map do |candidate|
        IdentityHmac.verify_identity_hmac(gives(id(1)), candidate, gives(secret))
      end
      [signature, verdicts]
    end
    expect(hmac).to eq documented(id(1), secret)
    expect(verdicts).to eq [true, true, false]
  end

  it "signs and verifies with keys" do
    results = stressed do
      with_env("IDENTITY_SECRET", secret) do
        [IdentityHmac::Key.new(gives(secret)), IdentityHmac::Key.from_env].map do |key|
          signature = key.sign(gives(id(1)))
          [signature, key.verify(id(1), signature), key.verify(id(2), gives(signature))]
        end
      end
    end
    expect(results).to eq [[documented(id(1), secret), true, false]] * 2
  end

  it "signs and verifies with keyrings" do
    results = stressed do
      previous = IdentityHmac::Key.new("0ld")
      keyring = IdentityHmac::Keyring.new(gives(secret), previous:)
      signatures = [keyring.sign(id(1)), previous.sign(id(1)), IdentityHmac.generate_secret]
      signatures.map do |signature|
        [signature.length, keyring.verify(id(1), signature), keyring.matched(id(1), signature)]
      end
    end
    expect(results).to eq [[64, true, :current], [64, true, :previous], [64, false, nil]]
  end

  def token_key = "itk_9f2c41aa_#{"c0ffee00" * 8}"

  it "signs and verifies tokens" do
    attributes = { name: id(3), email: nil, metadata: { "id" => id(4) } }
    claims = stressed do
      key = IdentityHmac::TokenKey.new(gives(token_key))
      token = key.sign(gives(id(1)), gives(id(2)), **attributes, audience: gives("pk_1"))
      keyring = IdentityHmac::TokenKeyring.new(IdentityHmac.generate_token_key,
                                               previous: gives(token_key))
      [key, keyring].map { |one| one.verify(gives(token), gives(id(1)), audience: "pk_1") }
    end
    expect(claims.map(&:external_id)).to all eq(id(2))
    expect(claims.map(&:attributes)).to all eq(attributes)
  end

  it "makes its errors" do
    codes = stressed do
      codes_of(
        -> { IdentityHmac.generate_identity_hmac("", gives(secret)) },
        -> { IdentityHmac.verify_identity_hmac(nil, nil, "") },
        -> { IdentityHmac::Key.new(nil) },
        -> { IdentityHmac::Key.from_env("NOT_SET") },
        -> { IdentityHmac::Key.new("s3cret").dup },
        -> { IdentityHmac::TokenKey.new(gives("itk_")) },
        -> { IdentityHmac::TokenKey.new(token_key).sign(gives(id(1)), gives("\xFF")) },
        -> { IdentityHmac::TokenKey.new(token_key).sign(id(1), "u", email: gives(id(2))) },
        -> { IdentityHmac::TokenKey.new(token_key).verify(gives(id(3)), id(1)) }
      )
    end
    expect(codes).to eq [
      :empty_visitor_id, :empty_secret, "secret must be a String, not NilClass", :secret_unset,
      "IdentityHmac::Key holds a secret and cannot be copied; share the object itself",
      :malformed_token_key, :ill_formed_text, :invalid_claim, :identity_token_invalid
    ]
  end
end
