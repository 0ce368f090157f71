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

# What to do about `found`. Whoever reads this asked for a gem, and may not know why one compiles.
def refusal(found)
  message = <<~TEXT

    identity_hmac: #{found}; install Rust #{required_rust} or newer from https://rustup.rs
    Then install the gem again. It is compiled on this computer, because RubyGems
    chose the gem without a platform for Ruby #{RUBY_VERSION} on #{Gem::Platform.local}.
  TEXT
  return message if Gem.rubygems_version >= Gem::Version.new("3.3.22")

  message << <<~TEXT
    RubyGems 3.3.22 or newer also takes precompiled gems, which need no Rust. This is RubyGems
    #{Gem::VERSION}: `gem update --system` or your system's packages may bring a newer one.
  TEXT
end

cargo = ENV.fetch("CARGO", nil) || find_executable("cargo")
rust = cargo && found_rust(cargo)
unless rust && Gem::Version.new(rust) >= Gem::Version.new(required_rust)
  abort refusal(rust ? "#{cargo} is of Rust #{rust}" : "no working cargo was found")
end

File.write("Makefile", <<~MAKEFILE)
  SHELL = /bin/sh
  WORKSPACE = #{WORKSPACE.shellescape}
  DLLIB = identity_hmac.#{RbConfig::CONFIG["DLEXT"]}
  # RubyGems overrides these two.
  DESTDIR =
  sitearchdir = #{RbConfig::CONFIG["sitearchdir"]}
  RUBYARCHDIR = $(DESTDIR)$(sitearchdir)/identity_hmac

  all: $(DLLIB)

  # Cargo reads the place of the crates from .cargo in the folder that it runs in.
  $(DLLIB):
  \tcd $(WORKSPACE) && RUBY=#{RbConfig.ruby.shellescape} #{cargo.shellescape} rustc \\
  \t  --package identity-hmac-ruby --lib --release --locked --offline --target-dir target #{LINKER.join(" ")} || \\
  \t  { echo "identity_hmac: the build failed. If libclang is missing above, install it (Debian:" \\
  \t         "libclang-dev; Fedora: clang-devel; macOS: xcode-select --install), or set" \\
  \t         "LIBCLANG_PATH to the folder that holds it." >&2; rm -rf target; exit 1; }
  \tcp $(WORKSPACE)/#{LIBRARY} $(DLLIB)

  # The sources of all crates and what Cargo made of them would stay in the gem's folder. RubyGems has
  # taken all of them from the .gem in its cache, as `gem pristine` does once more. This Makefile
  # stays: newer RubyGems run `make clean` at the end.
  install: $(DLLIB)
  \tmkdir -p $(RUBYARCHDIR)
  \tmv $(DLLIB) $(RUBYARCHDIR)
  \tcd $(WORKSPACE) && rm -rf .cargo Cargo.lock Cargo.toml crates target vendor
  \trm -rf Cargo.toml extconf.rb src

  clean:
  \trm -rf $(DLLIB) $(WORKSPACE)/target

  distclean: clean
  \trm -f Makefile mkmf.log

  .PHONY: all install clean distclean
MAKEFILE
