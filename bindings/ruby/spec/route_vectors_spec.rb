# frozen_string_literal: true

require "support/route_vectors"

# Every case of the guarded route in the file that the suites of all languages share.
RSpec.describe "the shared vectors of the guarded route" do
  # A kind that this suite does not know has no method here, and so fails.
  def check(vector)
    send(:"check_#{vector[:kind]}", vector)
  end

  # The answer of the core itself, as the extension gives it.
  def respond(vector)
    key = RouteVectors.key_of(vector)
    rule = RouteVectors.rule_of(vector)
    request = vector[:request].values_at(:method, :query, :sec_fetch_site, :remaining_path)
    route = IdentityHmac.const_get(:Route).allocate
    route.send(:answer, key, *request, RouteVectors.user_of(vector), rule, vector[:now])
  end

  def check_answered(vector)
    status, headers, body = respond(vector)
    expect({ status:, headers: headers.transform_keys(&:to_sym), body: }).to eq vector[:answer]
  end

  def check_not_answered(vector)
    expect { respond(vector) }.to raise_error(IdentityHmac::Error, &refusal(vector))
  end

  def check_user_refused(vector)
    expect { RouteVectors.user_of(vector) }.to raise_error(IdentityHmac::Error, &refusal(vector))
  end

  def refusal(vector)
    lambda do |error|
      field = error.field if error.respond_to?(:field)
      expect([error.code, field]).to eq [vector[:code].to_sym, vector[:field]]
    end
  end

  RouteVectors::CASES.each do |vector|
    it("#{vector[:kind]}: #{vector[:name]}") { check(vector) }
  end

  it "has no kind of case that this suite would pass over" do
    expect { check(kind: "unheard_of") }.to raise_error(NoMethodError, /check_unheard_of/)
  end
end
