# frozen_string_literal: true

require "json"
require "open3"
require "rbconfig"

# What `ri` shows of the installed gem, for all that the library has: the names come from the
# classes themselves, so that a new method without documentation fails here.
RSpec.describe "ri" do
  types = all_types
  # Not what Ruby's own classes bring.
  ours = ->(method) { method.owner.inspect.include?("IdentityHmac") }

  classes = types.grep(Class).to_h do |type|
    initialize = type.instance_method(:initialize)
    ["#{type}::new", ours.call(initialize) ? initialize : type.method(:new)]
  end
  functions = types.flat_map do |type|
    type.singleton_methods(false).map { |name| ["#{type}::#{name}", type.method(name)] }
  end
  instances = types.flat_map do |type|
    type.public_instance_methods.map { |name| ["#{type}##{name}", type.instance_method(name)] }
  end
  methods = classes.merge(functions.to_h, instances.select { |_, method| ours.call(method) }.to_h)

  def self.ask(names)
    command = [RbConfig.ruby, Gem.bin_path("rdoc", "ri")]
    Open3.capture2e(*command, "--no-pager", "--format=rdoc", *names)
  end

  # All in one run, because each run takes a second to start.
  names = types.map(&:to_s) + methods.keys
  shown, status = ask(names)
  pages = shown.split(/^(?== IdentityHmac)/).to_h { |page| [page[/\A= ([^\s<]+)/, 1], page] }

  it "knows every class and every method" do
    expect(status).to be_success, shown
    expect(pages.keys).to match_array(names)
  end

  it "knows no method that is not there" do
    ri = File.join(Gem.loaded_specs.fetch("identity_hmac").doc_dir, "ri")
    documented = Dir.glob("**/*-{c,i}.ri", base: ri).map do |path|
      path.sub(%r{/([^/]+)-c\.ri}, '::\1').sub(%r{/([^/]+)-i\.ri}, '#\1').gsub("/", "::")
    end
    expect(documented.grep_v(/Guarded|TokenVerifying/) - names).to be_empty
    expect(documented).to include("IdentityHmac::Key#sign", "IdentityHmac::generate_secret")
  end

  it "reports a name that it does not know, so this check can fail" do
    answer, refusal = self.class.ask(["IdentityHmac::Key#encrypt"])
    expect(answer).to include "Nothing known about IdentityHmac::Key#encrypt"
    expect(refusal).not_to be_success
  end

  it "explains every code that the shared vectors expect" do
    codes = %w[identity-hmac identity-token].flat_map do |name|
      vectors = File.expand_path("../../../tests/vectors/#{name}.json", __dir__)
      JSON.parse(File.read(vectors)).fetch("cases").filter_map { |vector| vector["code"] }
    end
    expect(codes).to include("empty_secret", "identity_token_expired")
    explained = %w[IdentityHmac::Error#code IdentityHmac::TokenError].flat_map do |name|
      pages.fetch(name).scan(/^<tt>:(\w+)<.tt>:$/).flatten
    end
    # No vector has these.
    codes += %w[ill_formed_text max_lifetime_out_of_range]
    expect(explained).to match_array(codes.uniq)
  end

  names.each do |name|
    it "explains #{name} in words and by an example" do
      page = pages.fetch(name)
      expect(page).to match(/^[A-Z][^.\n]+ /)
      expect(page).to match(/^ +.*# => /)
    end
  end

  methods.each do |name, method|
    it "shows the arguments of #{name}, and says what each is and what comes of it" do
      page = pages.fetch(name)
      # RDoc shows no brackets behind an attribute.
      arguments = page[/^  #{name[/\w+\z/]}\((.*)\)$/, 1].to_s
      expect(arguments.split(", ").length).to eq method.parameters.length
      arguments.scan(/(?:\A|, )(\w+)/).flatten.each do |argument|
        expect(page).to match(%r{^(<tt>)?#{argument}(</tt>)?:$})
      end
      expect(page).to match(/\b(Returns|Raises|Makes)\b/)
    end
  end
end
