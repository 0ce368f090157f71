# frozen_string_literal: true

require "json"
require "objspace"
require "yaml"

RSpec.describe "an object that holds a secret" do
  # Both hold the same secret, so that one search finds it.
  objects = {
    IdentityHmac::Key => -> { IdentityHmac::Key.new("s3cret") },
    IdentityHmac::Keyring => -> { IdentityHmac::Keyring.new("other", previous: "s3cret") }
  }

  let(:hmac) { documented("visitor_1", "s3cret") }

  objects.each do |type, make|
    describe type do
      subject(:object) { make.call }

      it "shows its type and nothing else" do
        shown = "#<#{type}>"
        expect([object.inspect, object.to_s, object.pretty_inspect.chomp]).to all eq(shown)
        expect(JSON.generate(object)).to eq JSON.generate(shown)
        expect(object.instance_variables).to be_empty
        expect(ObjectSpace.dump(object)).not_to include "s3cret"
      end

      it "cannot be copied" do
        [-> { object.dup }, -> { object.clone }, -> { object.clone(freeze: false) }].each do |copy|
          expect(&copy).to raise_error(TypeError, /\A#{type} holds a secret and cannot be copied/)
        end
        kernel = Kernel.instance_method(:clone)
        expect { kernel.bind_call(object) }.to raise_error(TypeError)
      end

      it "cannot be dumped, alone or inside of something" do
        dumps = [Marshal.method(:dump), YAML.method(:dump)].product([object, [object]])
        dumps.each do |dump, dumped|
          expect { dump.call(dumped) }
            .to raise_error(TypeError, "#{type} holds a secret and cannot be dumped")
        end
      end

      it "cannot be made without a secret" do
        expect { type.allocate }.to raise_error(TypeError, /allocator undefined/)
        expect { type.new }.to raise_error(ArgumentError)
        made_up = "\x04\bo:#{(type.name.length + 5).chr}#{type}\0"
        expect { Marshal.load(made_up) } # rubocop:disable Security/MarshalLoad
          .to raise_error(TypeError, /allocator undefined/)
      end

      it "stays the same when it is initialized once more" do
        object.send(:initialize)
        expect(object.verify("visitor_1", hmac)).to be true
      end

      it "is frozen" do
        expect(object).to be_frozen
        expect { object.instance_variable_set(:@a, 1) }.to raise_error(FrozenError)
      end

      it "cannot be subclassed, since nothing would call the subclass's initialize" do
        refused = raise_error(TypeError, "#{type} cannot be subclassed; " \
                                         "hold one in an instance variable of your own class")
        expect { Class.new(type) }.to refused
        # Ruby gives the class its name before it asks.
        program = Module.new
        definition = "class Mine < #{type}; end # class Mine < IdentityHmac::Key; end"
        expect { program.module_eval(definition, __FILE__, __LINE__) }.to refused
        expect { program.const_get(:Mine).new("s3cret") }.to refused
        expect { type.dup.new("s3cret") }.to refused
      end

      it "refuses to lend its methods to another object" do
        expect { type.instance_method(:sign).bind_call(Object.new, "visitor_1") }
          .to raise_error(TypeError)
      end

      it "signs and verifies in many threads at once" do
        results = Array.new(8) do |n|
          Thread.new do
            Array.new(500) { |i| object.verify("#{n}.#{i}", object.sign("#{n}.#{i}")) }
          end
        end
        expect(results.flat_map(&:value)).to eq [true] * 4000
      end

      it "verifies in a forked process" do
        process = fork { exit!(object.verify("visitor_1", hmac)) }
        expect(Process.wait2(process).last).to be_success
      end

      it "signs and verifies in Ractors that share it" do
        expect(Ractor.shareable?(object)).to be true
        expect(Ractor.make_shareable(object)).to be object
        ractors = Array.new(3) do |n|
          Ractor.new(object, n) do |shared, id|
            Array.new(500) { |i| shared.verify("#{id}.#{i}", shared.sign("#{id}.#{i}")) }
          end
        end
        expect(ractors.flat_map(&:take)).to eq [true] * 1500
      end
    end
  end

  token_key = "itk_9f2c41aa_#{"c0ffee00" * 8}"
  token_objects = {
    IdentityHmac::TokenKey => [-> { IdentityHmac::TokenKey.new(token_key) }, " 9f2c41aa"],
    IdentityHmac::TokenKeyring => [-> { IdentityHmac::TokenKeyring.new(token_key) }, ""]
  }

  token_objects.each do |type, (make, details)|
    describe type do
      subject(:object) { make.call }

      let(:token) { IdentityHmac::TokenKey.new(token_key).sign("visitor_1", "user_123") }

      it "shows its type and no secret" do
        shown = "#<#{type}#{details}>"
        expect([object.inspect, object.to_s, object.pretty_inspect.chomp]).to all eq(shown)
        expect(JSON.generate(object)).to eq JSON.generate(shown)
        expect(object.instance_variables).to be_empty
        expect(ObjectSpace.dump(object)).not_to include "c0ffee"
      end

      it "cannot be copied, dumped or subclassed" do
        [object.method(:dup), object.method(:clone)].each do |copy|
          expect(&copy).to raise_error(TypeError, /\A#{type} holds a secret and cannot be copied/)
        end
        [Marshal.method(:dump), YAML.method(:dump)].each do |dump|
          expect { dump.call([object]) }.to raise_error(TypeError, /cannot be dumped/)
        end
        expect { Class.new(type) }.to raise_error(TypeError, /\A#{type} cannot be subclassed/)
        expect { type.allocate }.to raise_error(TypeError, /allocator undefined/)
        expect { type.new }.to raise_error(ArgumentError)
      end

      it "is frozen" do
        expect(object).to be_frozen
        expect { object.instance_variable_set(:@a, 1) }.to raise_error(FrozenError)
      end

      it "refuses to lend its methods to another object" do
        verify = type.instance_method(:verify_at)
        expect { verify.bind_call(Object.new, token, "visitor_1", nil, 0) }
          .to raise_error(TypeError)
      end

      it "keeps the extension's own methods private" do
        expect(type.public_methods & %i[of from_settings]).to be_empty
        expect(object.public_methods & %i[sign_claims verify_at]).to be_empty
      end

      it "verifies in many threads and in a forked process" do
        threads = Array.new(8) do
          Thread.new { Array.new(200) { object.verify(token, "visitor_1").external_id } }
        end
        expect(threads.flat_map(&:value)).to all eq("user_123")
        process = fork { exit!(object.verify(token, "visitor_1").external_id == "user_123") }
        expect(Process.wait2(process).last).to be_success
      end

      it "verifies in Ractors that share it" do
        expect(Ractor.shareable?(object)).to be true
        ractors = Array.new(3) do
          Ractor.new(object, token) do |shared, shown|
            Array.new(200) { shared.verify(shown, "visitor_1").external_id }
          end
        end
        expect(ractors.flat_map(&:take)).to eq ["user_123"] * 600
      end
    end
  end

  it "signs and verifies tokens with all that they say in another Ractor" do
    answers = Ractor.new do
      ENV["A_RACTORS_TOKEN_KEY"] = IdentityHmac.generate_token_key
      key = IdentityHmac::TokenKey.from_env("A_RACTORS_TOKEN_KEY")
      token = key.sign("visitor_1", "user_123", name: nil, metadata: { plan: "pro" })
      code = begin
        IdentityHmac::TokenKeyring.new(key).verify(token, "visitor_2")
      rescue IdentityHmac::TokenError => error
        error.code
      end
      [key.verify(token, "visitor_1").attributes, code]
    end
    expect(answers.take)
      .to eq [{ name: nil, metadata: { "plan" => "pro" } }, :identity_token_other_visitor]
  end

  it "does not change when the secret's String changes later" do
    secret = +"s3cret"
    key = IdentityHmac::Key.new(secret)
    secret.replace("another")
    expect(key.verify("visitor_1", hmac)).to be true
  end

  it "need not be shared: another Ractor can use the whole module" do
    answers = Ractor.new do
      signature = IdentityHmac.generate_identity_hmac("visitor_1", "s3cret")
      ENV["A_RACTORS_SECRET"] = "s3cret"
      code = begin
        IdentityHmac.generate_identity_hmac("visitor_1", "")
      rescue IdentityHmac::Error => error
        error.code
      end
      [
        signature,
        IdentityHmac::Key.from_env("A_RACTORS_SECRET").sign("visitor_1"),
        IdentityHmac::Keyring.new("other", previous: "s3cret").matched("visitor_1", signature),
        IdentityHmac.generate_secret.length,
        IdentityHmac::VERSION.class,
        code
      ]
    end
    expect(answers.take).to eq [hmac, hmac, :previous, 64, String, :empty_secret]
  end
end
