# frozen_string_literal: true

require "json"

# The cases of the guarded route in the file that the suites of all languages share.
module RouteVectors
  FILE = File.expand_path("../../../../tests/vectors/route.json", __dir__)
  CASES = JSON.parse(File.read(FILE), symbolize_names: true).fetch(:cases)

  module_function

  def key_of(vector)
    return IdentityHmac::TokenKey.new(vector[:token_key]) if vector.key?(:token_key)

    IdentityHmac::Key.new(vector[:key])
  end

  def user_of(vector)
    return unless vector[:user]

    id, attributes = vector[:user].then { |user| [user[:external_id], user.except(:external_id)] }
    IdentityHmac::User.new(id, **attributes)
  end

  def rule_of(vector)
    vector[:visitor_ids]&.method(:include?)
  end
end
