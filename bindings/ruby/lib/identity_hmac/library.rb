# frozen_string_literal: true

# Loads what is written in Rust. A gem that was compiled when it was installed has one library. A
# precompiled gem has one for each minor version of Ruby, in a folder of that name.
minor = RUBY_VERSION[/\A\d+\.\d+/]
held = Dir.children(__dir__).grep(/\A\d+\.\d+\z/).sort

if held.empty?
  require "identity_hmac/identity_hmac"
elsif held.include?(minor)
  require "identity_hmac/#{minor}/identity_hmac"
else
  raise LoadError, <<~TEXT
    this identity_hmac is compiled for Ruby #{held.join(", ")}, and this is Ruby #{RUBY_VERSION}.
    Install the one that is compiled on your computer, with Rust, for the Ruby that is there:
      gem uninstall identity_hmac
      gem install --platform ruby identity_hmac
    With Bundler write `gem "identity_hmac", force_ruby_platform: true` into the Gemfile instead.
  TEXT
end
