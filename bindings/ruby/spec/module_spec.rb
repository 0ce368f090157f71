# frozen_string_literal: true

require "open3"
require "rbconfig"

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

  it "leaves its constants behind, so that a program's own User and Rails stay what they are" do
    stub_const("User", Class.new)
    stub_const("Rails", Module.new)
    program = "include IdentityHmac; define_method(:seen) { [User, Rails] }"
    including = Class.new { class_eval(program, __FILE__, __LINE__) }
    expect(including.new.seen).to eq [Object.const_get(:User), Object.const_get(:Rails)]
    expect(including.constants).to be_empty
    extended = Object.new.extend(described_class)
    expect(extended.send(:generate_identity_hmac, "visitor_1", "s3cret")).to eq hmac
    expect(extended.singleton_class.constants).to be_empty
  end

  it "has the version of the gem" do
    expect(described_class::VERSION).to eq Gem.loaded_specs.fetch("identity_hmac").version.to_s
    expect(described_class::VERSION).to be_frozen
  end

  it "can be loaded again, and each of its files by itself" do
    lib = File.join(Gem.loaded_specs.fetch("identity_hmac").gem_dir, "lib")
    Dir.glob("**/*.rb", base: lib).each do |file|
      program = "gem 'identity_hmac'; require '#{file}'; load '#{file}'; require 'identity_hmac'"
      output, status = Open3.capture2e(RbConfig.ruby, "-W1", "-e", program)
      expect([output, status.success?]).to eq ["", true]
    end
  end

  describe "Error" do
    it "is a StandardError with a message that says what to do and a code" do
      described_class::Key.new("")
    rescue StandardError => error
      expect(error).to be_an_instance_of IdentityHmac::Error
      expect(error.code).to be :empty_secret
      expect(error.message).to include "check that the variable or file it comes from is set"
    end

    it "can be raised by a test, with no arguments, a message, or a code" do
      {
        described_class::Error => ["IdentityHmac::Error", nil],
        described_class::Error.new("boom") => ["boom", nil],
        described_class::Error.new("boom", code: :empty_secret) => ["boom", :empty_secret]
      }.each do |raised, shown|
        expect { raise raised }
          .to raise_error(IdentityHmac::Error) { |it| expect([it.message, it.code]).to eq shown }
      end
    end

    it "keeps its code when it is raised again with another message, and when it is marshalled" do
      described_class::Key.new("")
    rescue IdentityHmac::Error => error
      again = error.exception("at start")
      marshalled = Marshal.load(Marshal.dump(error))
      expect([again, marshalled].map(&:code)).to all be(:empty_secret)
      expect([again, marshalled].map(&:message)).to eq ["at start", error.message]
    end
  end
end
