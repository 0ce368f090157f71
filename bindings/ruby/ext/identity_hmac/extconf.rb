# frozen_string_literal: true

# Writes the Makefile that `gem install` runs. It needs nothing but Ruby's standard library: the
# crates are in the gem, and Cargo builds them.

# Says what to install if Ruby's headers are missing.
require "mkmf"
require "shellwords"

WORKSPACE = File.expand_path("..", __dir__)
LIBRARY = File.join("target/release", "libidentity_hmac_ruby.#{RbConfig::CONFIG["SOEXT"]}")
# On macOS an extension finds Ruby's functions in the process that loads it.
LINKER = RUBY_PLATFORM.include?("darwin") ? %w[-- -C link-arg=-Wl,-undefined,dynamic_lookup] : []

def required_rust
  File.read(File.join(WORKSPACE, "Cargo.toml"))[/^rust-version = "(.+)"/, 1]
end

def found_rust(cargo)
  # From the folder of the build, where a rust-toolchain file would be read.
  IO.popen([cargo, "--version"], chdir: WORKSPACE, &:read)[/\d+(\.\d+)+/]
end

cargo = ENV.fetch("CARGO", nil) || find_executable("cargo")
rust = cargo && found_rust(cargo)
unless rust && Gem::Version.new(rust) >= Gem::Version.new(required_rust)
  found = rust ? "#{cargo} is of Rust #{rust}" : "no working cargo was found"
  abort "identity_hmac: #{found}; install Rust #{required_rust} or newer from https://rustup.rs"
end

File.write("Makefile", <<~MAKEFILE)
  SHELL = /bin/sh
  DLLIB = identity_hmac.#{RbConfig::CONFIG["DLEXT"]}
  # RubyGems overrides these two.
  DESTDIR =
  sitearchdir = #{RbConfig::CONFIG["sitearchdir"]}
  RUBYARCHDIR = $(DESTDIR)$(sitearchdir)/identity_hmac

  all: $(DLLIB)

  # Cargo reads the place of the crates from .cargo in the folder that it runs in.
  $(DLLIB):
  \tcd #{WORKSPACE.shellescape} && RUBY=#{RbConfig.ruby.shellescape} #{cargo.shellescape} rustc \\
  \t  --package identity-hmac-ruby --lib --release --locked --offline --target-dir target #{LINKER.join(" ")} || \\
  \t  { echo "identity_hmac: the build failed. If libclang is missing above, install it (Debian:" \\
  \t         "libclang-dev; Fedora: clang-devel; macOS: xcode-select --install), or set" \\
  \t         "LIBCLANG_PATH to the folder that holds it." >&2; exit 1; }
  \tcp #{File.join(WORKSPACE, LIBRARY).shellescape} $(DLLIB)

  # Cargo's folder is a hundred times the size of what comes out of it.
  install: $(DLLIB)
  \tmkdir -p $(RUBYARCHDIR)
  \tcp $(DLLIB) $(RUBYARCHDIR)
  \trm -rf #{File.join(WORKSPACE, "target").shellescape}

  clean:
  \trm -rf $(DLLIB) #{File.join(WORKSPACE, "target").shellescape}

  distclean: clean
  \trm -f Makefile mkmf.log

  .PHONY: all install clean distclean
MAKEFILE
