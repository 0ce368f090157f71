# frozen_string_literal: true

# Read by script/package in the folder that it lays out: this one, with the Rust workspace in ext/.
Gem::Specification.new do |spec|
  spec.name = "identity_hmac"
  spec.version = File.read("ext/Cargo.toml")[/^version = "(.+)"/, 1]
  spec.summary = "Sign and verify the HMAC that proves to a chat vendor who an anonymous visitor is"
  spec.description = <<~TEXT
    Your backend vouches for an anonymous chat visitor by signing the visitor's id with HMAC-SHA256.
    This gem signs byte for byte what the vendor's documented snippet signs, verifies in constant
    time, rotates secrets, and refuses a secret that is not set. Its core is written in Rust.
  TEXT
  spec.authors = ["The identity-hmac maintainers"]
  spec.licenses = %w[MIT Apache-2.0]
  spec.homepage = "https://github.com/identity-hmac/identity-hmac"
  spec.metadata = {
    "source_code_uri" => "#{spec.homepage}/tree/main/bindings/ruby",
    "changelog_uri" => "#{spec.homepage}/blob/main/CHANGELOG.md",
    "rubygems_mfa_required" => "true"
  }

  spec.required_ruby_version = ">= 3.1"
  spec.extensions = ["ext/identity_hmac/extconf.rb"]
  # The crates in ext/ keep settings and checksums in files whose names begin with a dot.
  files = %w[.yardopts *LICENSE* README.md doc/*.rb ext/**/* lib/**/* sig/*.rbs]
  spec.files = Dir.glob(files, File::FNM_DOTMATCH).select { |path| File.file?(path) }
  spec.extra_rdoc_files = Dir.glob("doc/*.rb")
  # RDoc would take a minute for the crates in ext/, and `ri` would list what it found there.
  spec.rdoc_options = ["--exclude", "^ext$"]
end
