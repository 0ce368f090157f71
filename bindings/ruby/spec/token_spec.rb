# frozen_string_literal: true

require "active_support"
require "active_support/core_ext/numeric/time"
require "active_support/time_with_zone"

RSpec.describe "identity tokens" do
  text = "itk_9f2c41aa_#{"c0ffee00" * 8}"
  now = 1_764_000_000
  key = IdentityHmac::TokenKey.new(text)
  verifiers = { "TokenKey" => key, "TokenKeyring" => IdentityHmac::TokenKeyring.new(text) }

  # Stands in for a String, as a Delegator does.
  stand_in = Struct.new(:to_str)

  define_method(:sign) do |visitor_id = "visitor_1", external_id = "user_123", **options|
    key.sign(visitor_id, external_id, now:, **options)
  end

  define_method(:claims_of) { |token| key.verify(token, "visitor_1", now:) }

  def refusal(code, field = nil, reason = nil)
    raise_error(IdentityHmac::TokenError) do |error|
      expect([error.code, error.field, error.reason]).to eq [code, field, reason]
    end
  end

  describe "signing" do
    it "leaves an attribute out unless it is given" do
      expect(claims_of(sign).attributes).to eq({})
      expect(sign(name: :keep, email: :keep, metadata: :keep)).to eq sign
    end

    it "clears an attribute that is nil" do
      claims = claims_of(sign(name: nil, email: nil, metadata: nil))
      expect(claims.attributes).to eq({ name: nil, email: nil, metadata: nil })
    end

    it "takes the time from Ruby's own clock" do
      allow(Time).to receive(:now).and_return(Time.at(now, 750, :millisecond))
      expect(key.sign("visitor_1", "user_123")).to eq sign
      expect(key.verify(sign, "visitor_1").issued_at).to eq Time.at(now)
    end

    it "takes a Time, one of ActiveSupport's, or a number as the time" do
      zone = ActiveSupport::TimeZone["Europe/Berlin"]
      times = [Time.at(now), Time.at(now).utc, Time.at(now, 999, :millisecond), now, now + 0.9,
               now.to_r, ActiveSupport::TimeWithZone.new(Time.at(now).utc, zone)]
      times.each do |time|
        expect(key.sign("visitor_1", "user_123", now: time)).to eq sign
        expect(key.verify(sign, "visitor_1", now: time).issued_at).to eq Time.at(now)
        keyring = IdentityHmac::TokenKeyring.new(key, tokens_valid_after: time)
        expect(keyring.verify(sign, "visitor_1", now: time).issued_at).to eq Time.at(now)
      end
    end

    it "takes a number or one of ActiveSupport's durations as the duration" do
      [60, 60.9, 60r, 1.minute, 60.seconds, (1.0 / 60).hours].each do |duration|
        claims = claims_of(sign(expires_in: duration))
        expect(claims.expires_at - claims.issued_at).to eq 60
      end
      claims = claims_of(sign)
      expect(claims.expires_at - claims.issued_at).to eq 5.minutes
    end

    it "leaves it to the core to refuse a duration out of range" do
      [0, -1, 0.9, 86_401, 2**64, -(2**64), 1e300, 2.days, -1.minute].each do |duration|
        expect { sign(expires_in: duration) }.to refusal(:invalid_claim, "exp", :lifetime)
      end
    end

    it "signs all metadata that JSON can hold" do
      metadata = { "a" => [1, -1.5, true, nil, "é🦀", { "b" => {} }], "" => "</script>" }
      expect(claims_of(sign(metadata:)).metadata).to eq metadata
      expect(sign(metadata: { a: { b: :c } })).to eq sign(metadata: { "a" => { "b" => "c" } })
    end

    it "refuses metadata that JSON cannot hold" do
      circular = {}
      circular[:self] = circular
      [circular, { x: Float::NAN }, { x: Float::INFINITY }, { x: "\xFF" }].each do |metadata|
        expect { sign(metadata:) }.to raise_error(JSON::JSONError)
      end
      expect { sign(metadata: { "a" => 1, a: 2 }) }.to refusal(:invalid_claim, "metadata", :twice)
      expect { sign(metadata: { x: 10**400 }) }.to refusal(:invalid_claim, "metadata", :json)
      ["{}", [], 1, true, false].each do |metadata|
        expect { sign(metadata:) }.to refusal(:invalid_claim, "metadata", :type)
      end
    end

    it "writes a String in another encoding as the text that it is" do
      %w[UTF-16LE ISO-8859-1 US-ASCII].zip(%w[Zoë Zoë Zoe]).each do |encoding, name|
        other = name.encode(encoding)
        expect(key.sign(other, other, name: other, now:)).to eq key.sign(name, name, name:, now:)
      end
      expect(sign("visitor_1".b)).to eq sign
    end

    it "refuses a String that is not text in its encoding, and does not show it" do
      ["private\xFF", "privaté".b, "private\xD8".dup.force_encoding("UTF-16LE")].each do |string|
        { visitor_id: -> { sign(string) }, external_id: -> { sign("visitor_1", string) },
          name: -> { sign(name: string) }, email: -> { sign(email: string) },
          audience: -> { sign(audience: string) } }.each do |argument, call|
          expect(&call).to raise_error(IdentityHmac::Error, /\A#{argument} is not text/) { |error|
            expect(error.code).to be :ill_formed_text
            expect(error.full_message).not_to include "private"
          }
        end
      end
    end

    it "takes subclasses of String, and objects with to_str as Ruby's own methods do" do
      id = Class.new(String).new("visitor_1")
      token = sign(id, stand_in.new("user_123"), name: stand_in.new("Jane"))
      expect(token).to eq sign(name: "Jane")
    end

    [nil, true, 1, 1.5, :user, ["user"], { id: 1 }, Object.new, stand_in.new(5)].each do |value|
      it "refuses #{value.class} as an id, a name or an audience, and names the argument" do
        expect { sign(value) }.to raise_error(TypeError, /\Avisitor_id must be a String, not /)
        expect { sign("visitor_1", value) }
          .to raise_error(TypeError, /\Aexternal_id must be a String, not /)
        next if value.nil?

        %i[name email audience].each do |argument|
          expect { sign(argument => value) }
            .to raise_error(TypeError, /\A#{argument} must be a String or nil, not /)
        end
      end
    end

    it "refuses what is no duration" do
      [nil, "300", :forever, Time.now, Object.new].each do |value|
        expect { sign(expires_in: value) }
          .to raise_error(TypeError, /\Aexpires_in must be a number of seconds or a duration, not /)
        expect { IdentityHmac::TokenKeyring.new(key, max_lifetime: value) }
          .to raise_error(TypeError, /\Amax_lifetime must be a number of seconds/)
      end
      expect { sign(expires_in: Float::NAN) }.to raise_error(FloatDomainError)
    end

    it "refuses what is no time" do
      keyring = IdentityHmac::TokenKeyring
      calls = [->(time) { key.sign("visitor_1", "user_123", now: time) },
               ->(time) { key.verify(sign, "visitor_1", now: time) },
               ->(time) { keyring.new(key, tokens_valid_after: time) }]
      calls.zip(%w[now now tokens_valid_after]).each do |call, name|
        wrong_type = raise_error(TypeError, /\A#{name} must be a Time or a number/)
        ["1764000000", :now, [now], Object.new].each do |time|
          expect { call.call(time) }.to wrong_type
        end
        too_early = raise_error(ArgumentError, /\A#{name} is not a time after 1970/)
        [-1, -1.5, Time.at(-1)].each { |time| expect { call.call(time) }.to too_early }
      end
    end

    it "takes the attributes by their names only" do
      expect { key.sign("visitor_1", "user_123", "Jane") }.to raise_error(ArgumentError)
      expect { sign(nmae: "Jane") }.to raise_error(ArgumentError, /unknown keyword: :nmae/)
    end
  end

  verifiers.each do |name, object|
    describe "#{name}#verify" do
      it "answers frozen claims" do
        token = sign(name: "Jane", email: nil, metadata: { plan: "pro" }, audience: "pk_1")
        claims = object.verify(token, "visitor_1", audience: "pk_1", now:)
        expect(claims.to_h).to eq(
          { visitor_id: "visitor_1", external_id: "user_123", key_id: "9f2c41aa",
            attributes: { name: "Jane", email: nil, metadata: { "plan" => "pro" } },
            issued_at: Time.at(now), expires_at: Time.at(now + 300) }
        )
        expect([claims.name, claims.email, claims.metadata])
          .to eq ["Jane", nil, { "plan" => "pro" }]
        expect([claims, claims.attributes]).to all be_frozen
      end

      it "refuses what is no token, and raises nothing else for it" do
        token = sign
        broken = Object.new
        def broken.to_str = raise("no")
        [nil, true, 1, 1.5, token.to_sym, [token], { token: }, Object.new, BasicObject.new, broken,
         "", "\xFF", "#{token}\n", "Bearer #{token}", token[..-2], "#{token}=", "#{token}.",
         token.encode("UTF-16LE"), "." * 8192, "x" * 1_000_000].each do |junk|
          expect { object.verify(junk, "visitor_1", now:) }.to refusal(:identity_token_invalid)
        end
        [token.b, token.encode("ISO-8859-1"), stand_in.new(token)].each do |same|
          expect(object.verify(same, "visitor_1", now:).external_id).to eq "user_123"
        end
      end

      it "does not stop an exit that happens in an object's to_str" do
        leaving = Object.new
        def leaving.to_str = exit
        expect { object.verify(leaving, "visitor_1") }.to raise_error(SystemExit)
      end

      it "raises for another visitor, for another audience and an hour later" do
        token = sign(audience: "pk_1")
        verify = lambda do |visitor_id: "visitor_1", audience: "pk_1", at: now|
          -> { object.verify(token, visitor_id, audience:, now: at) }
        end
        expect(&verify.call(visitor_id: "visitor_2"))
          .to refusal(:identity_token_other_visitor, "visitorId")
        expect(&verify.call(audience: "pk_2")).to refusal(:identity_token_other_audience, "aud")
        expect(&verify.call(audience: nil)).to refusal(:identity_token_other_audience, "aud")
        expect(&verify.call(at: now + 3600)).to refusal(:identity_token_expired, "exp")
        expect(&verify.call(at: now - 3600)).to refusal(:identity_token_not_yet_valid, "iat")
      end

      it "takes a wrong type of the backend's own arguments for what it is" do
        expect { object.verify(sign, nil, now:) }
          .to raise_error(TypeError, "visitor_id must be a String, not NilClass")
        expect { object.verify(sign, "visitor_1", audience: 1, now:) }
          .to raise_error(TypeError, "audience must be a String or nil, not Integer")
        expect { object.verify(sign, "\xFF", now:) }
          .to raise_error(IdentityHmac::Error) { |error| expect(error.code).to be :ill_formed_text }
      end
    end
  end

  describe IdentityHmac::TokenKeyring do
    it "takes keys as well as texts, and says which one signed" do
      other = IdentityHmac::TokenKey.new(IdentityHmac.generate_token_key)
      keyrings = [described_class.new(other, previous: key), described_class.new(text),
                  described_class.new(other, previous: text), described_class.new(key)]
      keyrings.each do |keyring|
        expect(keyring.verify(sign, "visitor_1", now:).key_id).to eq key.key_id
      end
      expect { described_class.new(other).verify(sign, "visitor_1", now:) }
        .to refusal(:identity_token_invalid)
    end

    it "accepts tokens of at most an hour unless it says otherwise" do
      token = sign(expires_in: 3601)
      expect { described_class.new(key).verify(token, "visitor_1", now:) }
        .to refusal(:identity_token_claim, "exp", :lifetime)
      [3601, 1.day].each do |max_lifetime|
        keyring = described_class.new(key, max_lifetime:)
        expect(keyring.verify(token, "visitor_1", now:).external_id).to eq "user_123"
      end
    end

    it "refuses a longest lifetime out of range" do
      [-1, 0, 59, 86_401, 2**70, 2.days].each do |max_lifetime|
        expect { described_class.new(key, max_lifetime:) }
          .to raise_error(IdentityHmac::Error) { |error|
            expect(error.code).to be :max_lifetime_out_of_range
          }
      end
    end

    it "refuses what was signed before a time" do
      keyring = described_class.new(key, tokens_valid_after: Time.at(now + 1))
      expect { keyring.verify(sign, "visitor_1", now:) }.to refusal(:identity_token_revoked, "iat")
    end

    it "says which of its arguments is no key, and does not show it" do
      either = "must be a String or an IdentityHmac::TokenKey"
      expect { described_class.new(5) }.to raise_error(TypeError, "current #{either}, not Integer")
      expect { described_class.new(key, previous: false) }
        .to raise_error(TypeError, "previous #{either}, not FalseClass")
      ["", "s3cret", text.upcase, "#{text}\n", "\xFF"].each do |wrong|
        expect { described_class.new(key, previous: wrong) }
          .to raise_error(IdentityHmac::Error) { |error|
            expect(error.code).to be :malformed_token_key
            expect(error.full_message.downcase).not_to include "c0ffee"
          }
      end
    end
  end

  describe IdentityHmac::TokenError do
    it "is an error of the module, and may be made without anything" do
      expect(described_class.ancestors).to include(IdentityHmac::Error)
      error = described_class.new
      expect([error.code, error.field, error.reason, error.remedy]).to all be_nil
    end

    it "shows neither the key nor a claim" do
      token = sign("visitor_1", "private_user", email: "private@example.com")
      calls = [-> { sign(email: "private") }, -> { sign("visitor_1", "private" * 100) },
               -> { sign(metadata: { private: "x" * 9000 }) },
               -> { key.verify(token, "visitor_2", now:) },
               -> { key.verify(token, "visitor_1", now: now + 3600) },
               -> { key.verify("#{token}private", "visitor_1", now:) }]
      calls.each do |call|
        expect(&call).to raise_error(described_class) { |error|
          shown = [error.full_message(highlight: false), error.inspect, Marshal.dump(error)]
          expect(shown.join).not_to match(/private[^ ]|c0ffee/)
        }
      end
    end
  end

  it "have keys of which each is another one" do
    texts = Array.new(100) { IdentityHmac.generate_token_key }
    expect(texts.uniq.length).to eq 100
    expect(texts).to all match(/\Aitk_[0-9a-f]{8}_[0-9a-f]{64}\z/)
  end
end
