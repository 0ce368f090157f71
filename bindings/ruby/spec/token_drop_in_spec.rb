# frozen_string_literal: true

require "json"
require "jwt"

# Tokens beside Ruby's OpenSSL and the gem jwt: what each makes, the others accept.
RSpec.describe "an identity token beside other ways to make one" do
  text = IdentityHmac.generate_token_key
  key = IdentityHmac::TokenKey.new(text)

  # By hand, as RFC 7515 has it.
  encode = ->(bytes) { [bytes].pack("m0").tr("+/", "-_").delete("=") }
  by_hand = lambda do |payload|
    header = { alg: "HS256", typ: "JWT", kid: key.key_id }
    signed = [header, payload].map { |part| encode.call(JSON.generate(part)) }.join(".")
    "#{signed}.#{encode.call(OpenSSL::HMAC.digest("SHA256", text, signed))}"
  end

  read_by_hand = lambda do |token|
    header, payload, signature = token.split(".")
    made = OpenSSL::HMAC.digest("SHA256", text, "#{header}.#{payload}")
    raise "not signed" unless OpenSSL.secure_compare(made, signature.tr("-_", "+/").unpack1("m"))

    JSON.parse(payload.tr("-_", "+/").unpack1("m").force_encoding("UTF-8"))
  end

  signers = {
    "OpenSSL by hand" => by_hand,
    "the gem jwt" => ->(payload) { JWT.encode(payload, text, "HS256") },
    "the gem jwt with a kid" => ->(payload) { JWT.encode(payload, text, "HS256", kid: key.key_id) }
  }
  readers = {
    "OpenSSL by hand" => read_by_hand,
    "the gem jwt" => ->(token) { JWT.decode(token, text, true, algorithm: "HS256").first }
  }

  attributes = [
    {},
    { name: "Jane", email: "jane@example.com", metadata: { "plan" => "pro", "seats" => 3 } },
    { name: nil, email: nil, metadata: nil },
    { name: "Zoë 🦀 \u2028 \"\\</script>", metadata: { "é" => [1, -1.5, true, nil, { "" => [] }] } }
  ]

  signers.each do |name, sign|
    it "accepts what #{name} signs, and reads it as it was given" do
      attributes.each do |given|
        now = Time.now.to_i
        ids = { sub: "käufer_7", visitorId: "visitor_1" }
        token = sign.call({ **ids, iat: now, exp: now + 60, **given })
        claims = key.verify(token, "visitor_1")
        expect([claims.external_id, claims.attributes]).to eq ["käufer_7", given]
        expect([claims.issued_at, claims.expires_at]).to eq [Time.at(now), Time.at(now + 60)]
      end
    end

    it "refuses for another visitor and an hour later what #{name} signs" do
      now = Time.now.to_i
      token = sign.call({ sub: "user_123", visitorId: "visitor_1", iat: now, exp: now + 60 })
      expect { key.verify(token, "visitor_2") }.to raise_error(IdentityHmac::TokenError, /visitor/)
      expect { key.verify(token, "visitor_1", now: now + 3600) }
        .to raise_error(IdentityHmac::TokenError, /expired/)
    end
  end

  readers.each do |name, read|
    it "is accepted by #{name}, and read as it was given" do
      attributes.each do |given|
        now = Time.now.to_i
        token = key.sign("visitor_1", "käufer_7", **given, audience: "pk_1", expires_in: 60, now:)
        expect(read.call(token)).to eq(
          { "sub" => "käufer_7", "visitorId" => "visitor_1", "iat" => now, "exp" => now + 60,
            "aud" => "pk_1", **given.transform_keys(&:to_s) }
        )
      end
    end
  end

  it "is refused by the gem jwt under another key" do
    token = key.sign("visitor_1", "user_123")
    expect { JWT.decode(token, IdentityHmac.generate_token_key, true, algorithm: "HS256") }
      .to raise_error(JWT::VerificationError)
  end

  it "is refused if the hmac's secret signed it" do
    now = Time.now.to_i
    payload = { sub: "user_123", visitorId: "visitor_1", iat: now, exp: now + 60 }
    [IdentityHmac.generate_secret, IdentityHmac.generate_token_key, text[13..]].each do |other|
      expect { key.verify(JWT.encode(payload, other, "HS256"), "visitor_1") }
        .to raise_error(IdentityHmac::TokenError) { |error|
          expect(error.code).to be :identity_token_invalid
        }
    end
  end
end
