# frozen_string_literal: true

require "fileutils"
require "open3"
require "rbconfig"
require "rubygems/package"
require "tmpdir"

RSpec.describe "the installed gem" do
  let(:spec) { Gem.loaded_specs.fetch("identity_hmac") }
  let(:folder) { spec.gem_dir }

  # What extconf.rb says, given this environment, and whether it went on. It is in the gem itself:
  # the installation leaves nothing of ext/.
  def configure(environment)
    Dir.mktmpdir do |unpacked|
      Gem::Package.new(spec.cache_file).extract_files(unpacked)
      ext = File.join(unpacked, "ext/identity_hmac")
      Open3.capture2e(environment, RbConfig.ruby, "extconf.rb", chdir: ext)
    end
  end

  # What `require` says to a copy of the gem's lib/ that is laid out as in a precompiled gem, with a
  # library for this one version of Ruby.
  def require_precompiled_for(minor)
    Dir.mktmpdir do |lib|
      FileUtils.cp_r File.join(folder, "lib/."), lib
      held = File.join(lib, "identity_hmac", minor)
      FileUtils.mkdir held
      FileUtils.mv Dir[File.join(lib, "identity_hmac/identity_hmac.*")], held
      code = 'puts IdentityHmac::Key.new("s3cret").sign("visitor_1")'
      options = ["-I", lib, "-r", "identity_hmac", "-e", code]
      Open3.capture2e({ "GEM_HOME" => lib }, RbConfig.ruby, *options)
    end
  end

  it "has nothing left of what it was built from" do
    left = Dir.glob("**/*", File::FNM_DOTMATCH, base: folder).select do |path|
      File.file?(File.join(folder, path))
    end
    expect(left.grep(%r{\Aext/})).to eq ["ext/identity_hmac/Makefile"]
    expect(left.grep(/\.(so|bundle)\z/).size).to eq 1
    expect(left.sum { |path| File.size(File.join(folder, path)) }).to be < 1_000_000
  end

  it "carries the licences of the crates that are linked into it" do
    licenses = File.read(File.join(folder, "THIRD-PARTY-LICENSES.txt"))
    expect(licenses).to include("magnus 0.", "hmac 0.", "Permission is hereby granted")
  end

  it "depends on no other gem" do
    expect(spec.runtime_dependencies).to be_empty
  end

  it "is documented by its own Ruby and nothing of the crates in ext/" do
    ri = File.join(spec.doc_dir, "ri")
    expect(Dir.children(ri)).to contain_exactly("IdentityHmac", "cache.ri")
  end

  it "loads the library of this Ruby from a precompiled gem" do
    said, = require_precompiled_for(RUBY_VERSION[/\A\d+\.\d+/])
    expect(said).to start_with "03d2bb32"
  end

  it "says for which Rubies it was compiled, and what to do with another one" do
    said, status = require_precompiled_for("9.8")
    expect(said).to include "compiled for Ruby 9.8, and this is Ruby #{RUBY_VERSION}"
    expect(said).to include "gem install --platform ruby identity_hmac"
    expect(status).not_to be_success
  end

  it "says how to get Rust when it is missing" do
    said, status = configure({ "PATH" => "/nonexistent", "CARGO" => nil })
    expect(said).to match(%r{no working cargo was found; install Rust 1\.\d+ .* https://rustup\.rs$})
    expect(said).to include "Ruby #{RUBY_VERSION} on #{Gem::Platform.local}"
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
