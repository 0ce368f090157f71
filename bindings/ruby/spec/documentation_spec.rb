# frozen_string_literal: true

require "open3"
require "rbconfig"

# Every piece of Ruby in the README, the reference and the comments, run as a program of its own.
RSpec.describe "the documentation" do
  folder = File.expand_path("..", __dir__)

  pages = %w[README.md ../../docs/reference/ruby.md].to_h do |name|
    [File.basename(name), File.read(File.join(folder, name)).scan(/^```ruby\n(.*?)^```$/m).flatten]
  end

  # An example is indented, and stands behind an empty line.
  sources = Dir[File.join(folder, "{doc,lib}/**/*.rb")].to_h { |path| [path, File.read(path)] }
  comments = sources.to_h do |path, source|
    examples = source.scan(/^ *#\n((?: *#   .*\n)+)/).flatten
    [File.basename(path), examples.map { |example| example.gsub(/^ *#   /, "") }]
  end

  # Turns `expression # => value`, or the value on the line after, into a check of it.
  def checked(code)
    code.gsub(/\n *# => /, " # => ")
        .gsub(/^ *(?<code>.+?) *# => (?<value>.+)$/, 'check((\k<code>), (\k<value>))')
  end

  def environment
    { "IDENTITY_SECRET" => "s3cret", "IDENTITY_TOKEN_KEY" => "itk_9f2c41aa_#{"c0ffee00" * 8}" }
  end

  def run(code)
    code = checked(code)
    prelude = <<~RUBY
      checks = #{code.scan(/^check\(\(/).length}
      define_method(:check) do |given, expected|
        abort "not \#{expected.inspect} but \#{given.inspect}" unless given == expected
        checks -= 1
      end
      at_exit { abort "\#{checks} checks were not reached" unless checks.zero? }
    RUBY
    output, status = Open3.capture2e(environment, RbConfig.ruby, "-w", "-r", "identity_hmac",
                                     stdin_data: prelude + code)
    expect(output).to eq ""
    expect(status).to be_success
  end

  pages.each do |page, pieces|
    pieces.each_with_index do |code, index|
      it("has a piece of code #{index + 1} in #{page} that does what it says") { run(code) }
    end
  end

  comments.each do |file, examples|
    examples.each_with_index do |code, index|
      it("has an example #{index + 1} in #{file} that does what it says") { run(code) }
    end
  end

  it "runs every example" do
    found, there = [comments, sources].map { |all| all.values.join.scan("# => ").length }
    expect(found).to eq there
  end

  it "is checked by an example that would fail" do
    expect { run("1 + 1 # => 3") }
      .to raise_error(RSpec::Expectations::ExpectationNotMetError, /not 3 but 2/)
    expect { run("begin\nrescue StandardError\n  1 + 1 # => 2\nend") }
      .to raise_error(RSpec::Expectations::ExpectationNotMetError, /1 checks were not reached/)
  end
end
