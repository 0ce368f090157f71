# frozen_string_literal: true

require "rbs"

# That sig/ can be read is checked by `rbs validate`; this is whether it tells the truth.
RSpec.describe "the types in sig/" do
  environment = RBS::EnvironmentLoader.new.tap do |loader|
    loader.add(path: Pathname(Gem.loaded_specs.fetch("identity_hmac").gem_dir).join("sig"))
  end
  environment = RBS::Environment.from_loader(environment).resolve_type_names
  builder = RBS::DefinitionBuilder.new(env: environment)

  # The methods that sig/ gives to a type itself, private ones left out.
  def own(definition)
    mine = definition.methods.select { |_, method| method.defined_in == definition.type_name }
    mine.select { |_, method| method.public? }.keys
  end

  all_types.each do |type|
    name = TypeName("::#{type}")

    it "name every method of #{type} itself, and no other" do
      named = own(builder.build_singleton(name))
      expect(named - [:new]).to match_array(type.singleton_methods(false) - [:new])
    end

    it "name every method of the instances of #{type}, and no other" do
      named = own(builder.build_instance(name))
      expect(named).to include(*type.public_instance_methods(false))
      # Older versions of rbs hold a module function's private half to be public.
      defined = type.instance_methods + type.private_instance_methods
      expect(named - defined).to be_empty
    end
  end
end
