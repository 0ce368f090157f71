# frozen_string_literal: true

RSpec.describe "verifying" do
  verifiers = {
    "verify_identity_hmac" => lambda { |id, hmac|
      IdentityHmac.verify_identity_hmac(id, hmac, "s3cret")
    },
    "Key#verify" => ->(id, hmac) { IdentityHmac::Key.new("s3cret").verify(id, hmac) },
    "Keyring#verify" => ->(id, hmac) { IdentityHmac::Keyring.new("s3cret").verify(id, hmac) },
    "Keyring#matched" => lambda { |id, hmac|
      IdentityHmac::Keyring.new("other", previous: "s3cret").matched(id, hmac) == :previous
    }
  }

  def with_to_str(&)
    Object.new.tap { |object| object.define_singleton_method(:to_str, &) }
  end

  let(:hmac) { documented("visitor_1", "s3cret") }

  let(:junk) do
    [
      nil, true, false, 0, 1.5, 2**70, hmac.to_sym, [], [hmac], {}, { hmac => hmac },
      1..2, //, Object.new, BasicObject.new, Class, -> { hmac }, $stdin,
      "", " ", "\0", "\xff", "\u{1F980}" * 64, "é" * 32, "x" * 1_000_000,
      with_to_str { raise "no" }, with_to_str { nil }, with_to_str { 64 }, with_to_str(&:no_such),
      Class.new { def respond_to_missing?(*) = raise("no") }.new
    ]
  end

  let(:malformed) do
    [
      hmac[0..-2], "#{hmac}0", hmac[1..], " #{hmac}", "#{hmac}\n", "0x#{hmac}", "0x#{hmac[2..]}",
      hmac.scan(/../).join(" "), hmac.scan(/../).join(":"), hmac.tr("0-9", "０-９"),
      hmac.codepoints.map { |code| code + 0x100 }.pack("U*"), hmac.encode("UTF-16LE"),
      [hmac].pack("H*"), [[hmac].pack("H*")].pack("m0"), hmac.tr("0", "O"), hmac.reverse
    ]
  end

  verifiers.each do |name, verify|
    describe name do
      it "accepts the hmac in lower and in upper case, and answers with a boolean" do
        expect(verify.call("visitor_1", hmac)).to be true
        expect(verify.call("visitor_1", hmac.upcase)).to be true
        expect(verify.call("visitor_2", hmac)).to be false
      end

      it "refuses the hmac with any one of its digits changed" do
        hmac.each_char.with_index do |digit, index|
          other = hmac.dup
          other[index] = digit == "0" ? "1" : "0"
          expect(verify.call("visitor_1", other)).to be false
        end
      end

      it "answers false to any other value as an hmac, and raises nothing" do
        (junk + malformed).each { |thing| expect(verify.call("visitor_1", thing)).to be false }
      end

      it "answers false to any other value as a visitor id, and raises nothing" do
        junk.each { |thing| expect(verify.call(thing, hmac)).to be false }
      end

      it "takes objects with to_str, as signing does" do
        expect(verify.call(with_to_str { "visitor_1" }, hmac)).to be true
        candidate = hmac
        expect(verify.call("visitor_1", with_to_str { candidate })).to be true
      end

      it "does not stop an exit that happens in an object's to_str" do
        expect { verify.call("visitor_1", with_to_str { exit }) }.to raise_error(SystemExit)
        expect(catch(:done) { verify.call("visitor_1", with_to_str { throw :done, 1 }) }).to eq 1
      end
    end
  end

  it "raises for a faulty secret, whatever the client sent" do
    [hmac, nil, 5, "junk"].each do |candidate|
      expect { IdentityHmac.verify_identity_hmac(nil, candidate, nil) }
        .to raise_error(TypeError, "secret must be a String, not NilClass")
      expect { IdentityHmac.verify_identity_hmac(nil, candidate, "") }
        .to raise_error(IdentityHmac::Error) { |error| expect(error.code).to be :empty_secret }
    end
  end
end
