# frozen_string_literal: true

RSpec.describe IdentityHmac::User do
  subject(:user) { described_class.new("user_123", name: "Jane Doe", metadata: { plan: "pro" }) }

  it "shows nothing of the user" do
    expect([user.inspect, user.to_s]).to all eq("#<IdentityHmac::User>")
    expect(user.instance_variables).to be_empty
  end

  it "is frozen, and can be neither copied nor dumped nor subclassed" do
    expect(user).to be_frozen
    [-> { user.dup }, -> { user.clone }, -> { Marshal.dump(user) }].each do |attempt|
      expect(&attempt).to raise_error(TypeError)
    end
    expect { Class.new(described_class) }
      .to raise_error(TypeError, /\AIdentityHmac::User cannot be subclassed/)
    expect { described_class.allocate }.to raise_error(TypeError, /allocator undefined/)
    expect(described_class.public_methods).not_to include(:of)
  end

  it "says which argument is of the wrong type, or no text" do
    {
      "external_id must be a String, not Integer" => -> { described_class.new(123) },
      "external_id must be a String, not NilClass" => -> { described_class.new(nil) },
      "name must be a String or nil, not Symbol" => -> { described_class.new("1", name: :jane) },
      "email must be a String or nil, not Array" => -> { described_class.new("1", email: []) }
    }.each { |message, attempt| expect(&attempt).to raise_error(TypeError, message) }
    expect { described_class.new("1", name: "Jane\xff") }
      .to raise_error(IdentityHmac::Error) { |error| expect(error.code).to be :ill_formed_text }
  end

  it "is refused without an id, or with metadata that is no object" do
    ["", " ", "a" * 257].each do |id|
      expect { described_class.new(id) }.to raise_error(IdentityHmac::TokenError) { |error|
        expect([error.code, error.field]).to eq [:invalid_claim, "sub"]
      }
    end
    expect { described_class.new("1", metadata: [1]) }
      .to raise_error(IdentityHmac::TokenError) { |error| expect(error.field).to eq "metadata" }
  end
end
