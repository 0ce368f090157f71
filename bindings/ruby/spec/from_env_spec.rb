# frozen_string_literal: true

RSpec.describe "the setting of a key" do
  it "reads IDENTITY_SECRET, or the variable with the given name" do
    with_env("IDENTITY_SECRET", "s3cret") do
      expect(IdentityHmac::Key.from_env.sign("visitor_1"))
        .to eq documented("visitor_1", "s3cret")
    end
    with_env("CHAT_SECRET", "n3w") do
      expect(IdentityHmac::Key.from_env("CHAT_SECRET").sign("visitor_1"))
        .to eq documented("visitor_1", "n3w")
    end
  end

  it "names the variable and the fault, and never the value" do
    with_env("CHAT_SECRET", "'s3cret'") do
      IdentityHmac::Key.from_env("CHAT_SECRET")
    rescue IdentityHmac::Error => error
      expect(error.code).to be :secret_quoted
      expect(error.message).to start_with "CHAT_SECRET stands in quotes"
      expect([error.full_message, error.inspect, Marshal.dump(error)].join)
        .not_to include "s3cret"
    else
      raise "the quotes were not refused"
    end
  end

  it "may come from anywhere, with what it is called there" do
    key = IdentityHmac::Key.from_setting("vault: chat", "s3cret")
    expect(key.sign("visitor_1")).to eq documented("visitor_1", "s3cret")
    [IdentityHmac::Key, IdentityHmac::TokenKey].each do |type|
      expect { type.from_setting("vault: chat", nil) }
        .to raise_error(IdentityHmac::Error, /\Avault: chat is not set/)
      expect { type.from_setting("vault: chat", :s3cret) }
        .to raise_error(TypeError, "value must be a String or nil, not Symbol")
      expect { type.from_setting(:chat, "s3cret") }
        .to raise_error(TypeError, "name must be a String, not Symbol")
    end
  end

  it "lets Ruby refuse a name that no variable can have" do
    expect { IdentityHmac::Key.from_env(nil) }.to raise_error(TypeError)
    expect { IdentityHmac::Key.from_env("A\0B") }.to raise_error(ArgumentError)
  end

  it "takes the name of a variable in any encoding" do
    ["SECRET_é", "SECRET_\xff", "SECRET_é".encode("ISO-8859-1"), "SECRET_é".b].each do |name|
      expect { IdentityHmac::Key.from_env(name) }
        .to raise_error(IdentityHmac::Error) { |error| expect(error.code).to be :secret_unset }
    end
  end
end
