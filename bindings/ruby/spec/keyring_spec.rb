# frozen_string_literal: true

RSpec.describe IdentityHmac::Keyring do
  it "is made of secrets, of keys, or of one of each" do
    key = IdentityHmac::Key.method(:new)
    ["n3w", key.call("n3w")].product(["0ld", key.call("0ld")]).each do |current, previous|
      keyring = described_class.new(current, previous:)
      expect(keyring.sign("visitor_1")).to eq documented("visitor_1", "n3w")
      expect(keyring.matched("visitor_1", documented("visitor_1", "n3w"))).to be :current
      expect(keyring.matched("visitor_1", documented("visitor_1", "0ld"))).to be :previous
      expect(keyring.matched("visitor_1", documented("visitor_1", "else"))).to be_nil
    end
  end

  it "accepts only the current secret's hmacs when there is no previous secret" do
    [described_class.new("n3w"), described_class.new("n3w", previous: nil)].each do |keyring|
      expect(keyring.verify("visitor_1", documented("visitor_1", "n3w"))).to be true
      expect(keyring.verify("visitor_1", documented("visitor_1", "0ld"))).to be false
    end
  end

  it "refuses an empty secret on either side" do
    empty = raise_error(IdentityHmac::Error) { |error| expect(error.code).to be :empty_secret }
    expect { described_class.new("") }.to empty
    expect { described_class.new("n3w", previous: "") }.to empty
  end

  it "says which of its arguments is of the wrong type" do
    either = "must be a String or an IdentityHmac::Key"
    expect { described_class.new(5) }
      .to raise_error(TypeError, "current #{either}, not Integer")
    expect { described_class.new("n3w", previous: false) }
      .to raise_error(TypeError, "previous #{either}, not FalseClass")
    expect { described_class.new("n3w", previous: described_class.new("0ld")) }
      .to raise_error(TypeError, /not IdentityHmac::Keyring\z/)
  end

  it "reads both secrets from the environment, of which the previous one may be unset or empty" do
    read = -> { described_class.from_env("CHAT_SECRET", "CHAT_PREVIOUS_SECRET") }
    stale = documented("visitor_1", "0ld")
    with_env("CHAT_SECRET", "n3w") do
      { nil => nil, "" => nil, "0ld" => :previous }.each do |previous, matched|
        with_env("CHAT_PREVIOUS_SECRET", previous) do
          expect(read.call.matched("visitor_1", stale)).to be matched
          expect(read.call.sign("visitor_1")).to eq documented("visitor_1", "n3w")
        end
      end
      with_env("CHAT_PREVIOUS_SECRET", " 0ld") do
        expect(&read).to raise_error(IdentityHmac::Error, /\ACHAT_PREVIOUS_SECRET /)
      end
    end
    expect(&read).to raise_error(IdentityHmac::Error, /\ACHAT_SECRET is not set/)
    expect { described_class.from_env("CHAT_SECRET", nil) }.to raise_error(TypeError)
  end

  it "takes the previous secret by its name only" do
    expect { described_class.new("n3w", "0ld") }.to raise_error(ArgumentError)
    expect { described_class.new("n3w", old: "0ld") }.to raise_error(ArgumentError, /old/)
  end
end
