# frozen_string_literal: true

RSpec.describe IdentityHmac do
  let(:hmac) { documented("visitor_1", "s3cret") }

  it "gives a class that includes it the document's bare function" do
    controller = Class.new do
      include IdentityHmac

      def sign = generate_identity_hmac("visitor_1", "s3cret")
      def verified?(hmac) = verify_identity_hmac("visitor_1", hmac, "s3cret")
    end.new
    expect(controller.sign).to eq hmac
    expect(controller.verified?(hmac)).to be true
    expect { controller.generate_identity_hmac("visitor_1", "s3cret") }
      .to raise_error(NoMethodError, /private method/)
  end

  it "adds no other method to a class that includes it" do
    expect(described_class.instance_methods(false)).to be_empty
    expect(described_class.private_instance_methods(false))
      .to contain_exactly(:generate_identity_hmac, :verify_identity_hmac)
  end

  it "has the version of the gem" do
    expect(described_class::VERSION).to eq Gem.loaded_specs.fetch("identity_hmac").version.to_s
    expect(described_class::VERSION).to be_frozen
  end

  describe "Error" do
    it "is a StandardError with a message that says what to do and a code" do
      described_class::Key.new("")
    rescue StandardError => error
      expect(error).to be_an_instance_of IdentityHmac::Error
      expect(error.code).to eq "empty_secret"
      expect(error.message).to include "check that the variable or file it comes from is set"
    end

    it "can be raised without arguments, as a test double does" do
      expect { raise IdentityHmac::Error }
        .to raise_error(IdentityHmac::Error) { |error| expect(error.code).to be_nil }
    end
  end
end
