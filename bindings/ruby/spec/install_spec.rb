# frozen_string_literal: true

require "open3"
require "rbconfig"
require "tmpdir"

RSpec.describe "the installed gem" do
  let(:folder) { Gem.loaded_specs.fetch("identity_hmac").gem_dir }

  # What extconf.rb says, given this environment, and whether it went on.
  def configure(environment)
    Dir.mktmpdir do |build|
      extconf = File.join(folder, "ext/identity_hmac/extconf.rb")
      Open3.capture2e(environment, RbConfig.ruby, extconf, chdir: build)
    end
  end

  it "has left no build folder behind" do
    expect(Dir.children(File.join(folder, "ext"))).to include("vendor", "identity_hmac")
    expect(File).not_to exist(File.join(folder, "ext/target"))
  end

  it "depends on no other gem" do
    expect(Gem.loaded_specs.fetch("identity_hmac").runtime_dependencies).to be_empty
  end

  it "is documented by its own Ruby and nothing of the crates in ext/" do
    ri = File.join(Gem.loaded_specs.fetch("identity_hmac").doc_dir, "ri")
    expect(Dir.children(ri)).to contain_exactly("IdentityHmac", "cache.ri")
  end

  it "says how to get Rust when it is missing" do
    said, status = configure({ "PATH" => "/nonexistent", "CARGO" => nil })
    expect(said).to match(%r{no working cargo was found; install Rust 1\.\d+ .* https://rustup\.rs$})
    expect(status).not_to be_success
  end

  it "says so when the Rust that is there is too old" do
    Dir.mktmpdir do |bin|
      cargo = File.join(bin, "cargo")
      File.write(cargo, "#!/bin/sh\necho 'cargo 1.63.0 (fd9c4297c 2022-07-01)'\n", perm: 0o755)
      said, status = configure({ "CARGO" => cargo })
      expect(said).to match(/#{cargo} is of Rust 1\.63\.0; install Rust 1\.\d+ or newer/)
      expect(status).not_to be_success
    end
  end
end
