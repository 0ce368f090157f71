# frozen_string_literal: true

RSpec.describe "signing" do
  # Stands in for a String, as a Delegator does.
  stand_in = Struct.new(:to_str)
  signers = {
    "generate_identity_hmac" => ->(id, secret) { IdentityHmac.generate_identity_hmac(id, secret) },
    "Key#sign" => ->(id, secret) { IdentityHmac::Key.new(secret).sign(id) },
    "Keyring#sign" => ->(id, secret) { IdentityHmac::Keyring.new(secret).sign(id) }
  }

  signers.each do |name, sign|
    describe name do
      it "gives what the document's snippet gives for random bytes in every encoding" do
        random = Random.new(3)
        Encoding.list.reject(&:dummy?).each do |encoding|
          id, secret = Array.new(2) do
            random.bytes(random.rand(1..200)).force_encoding(encoding)
          end
          expect(sign.call(id, secret)).to eq documented(id, secret)
          expect([id, secret].map(&:encoding)).to all be(encoding)
        end
      end

      it "signs text in Latin-1 or UTF-16 as the bytes it has, not as UTF-8" do
        %w[ISO-8859-1 UTF-16LE].each do |encoding|
          text = "café".encode(encoding)
          expect(sign.call(text, text)).to eq documented(text, text)
          expect(sign.call(text, text)).not_to eq sign.call("café", "café")
        end
      end

      it "gives a String of the kind that the snippet gives" do
        ours = sign.call("visitor_1", "s3cret")
        snippet = documented("visitor_1", "s3cret")
        expect([ours.class, ours.encoding, ours.frozen?])
          .to eq [snippet.class, snippet.encoding, snippet.frozen?]
      end

      it "signs shared, frozen and very long Strings" do
        long = "0123456789" * 100_000
        [long, long[10..], long[3, 100], long.dup.freeze].each do |id|
          expect(sign.call(id, "s3cret")).to eq documented(id, "s3cret")
          expect(sign.call("visitor_1", id)).to eq documented("visitor_1", id)
        end
      end

      it "takes subclasses of String, and objects with to_str as Ruby's own methods do" do
        id = Class.new(String).new("visitor_1")
        expect(sign.call(id, stand_in.new("s3cret"))).to eq documented("visitor_1", "s3cret")
        expect(sign.call(stand_in.new("visitor_1"), "s3cret"))
          .to eq documented("visitor_1", "s3cret")
      end

      {
        "nil" => nil, "true" => true, "an Integer" => 1, "a Float" => 1.5, "a Symbol" => :secret,
        "an Array" => ["secret"], "a Hash" => { id: 1 }, "an Object" => Object.new,
        "a BasicObject" => BasicObject.new, "an object whose to_str is no String" => stand_in.new(5)
      }.each do |kind, value|
        it "refuses #{kind} with a TypeError that names the argument" do
          expect { sign.call(value, "s3cret") }
            .to raise_error(TypeError, /\Avisitor_id must be a String, not /)
          expect { sign.call("visitor_1", value) }
            .to raise_error(TypeError, /\A(secret|current) must be a String.*, not /)
        end
      end

      it "lets through what an object's own to_str raises" do
        broken = Object.new
        def broken.to_str = raise(KeyError, "no such thing")
        expect { sign.call(broken, "s3cret") }.to raise_error(KeyError, "no such thing")
      end
    end
  end

  it "signs the id as it is when all arguments have been converted" do
    id = +"visitor_1"
    secret = Object.new
    secret.define_singleton_method(:to_str) do
      id.replace("x" * 10_000)
      "s3cret"
    end
    expect(IdentityHmac.generate_identity_hmac(id, secret))
      .to eq documented("x" * 10_000, "s3cret")
  end

  it "takes exactly the document's arguments" do
    expect { IdentityHmac.generate_identity_hmac("visitor_1") }.to raise_error(ArgumentError)
    expect { IdentityHmac.generate_identity_hmac("visitor_1", "s3cret", "x") }
      .to raise_error(ArgumentError)
  end

  describe "generate_secret" do
    it "gives another 64 lowercase hexadecimal digits every time" do
      secrets = Array.new(100) { IdentityHmac.generate_secret }
      expect(secrets).to all match(/\A[0-9a-f]{64}\z/)
      expect(secrets.uniq.length).to eq 100
    end
  end
end
