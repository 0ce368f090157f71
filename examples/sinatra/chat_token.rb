# frozen_string_literal: true

require_relative "chat_identity"

# GET /api/chat-token?visitorId=…: signs who the customer is who is logged in.
module ChatToken
  def self.registered(app)
    app.get "/api/chat-token" do
      user = current_user # Or 401, before anything else is looked at.
      visitor_id = Rack::Utils.parse_query(request.query_string)["visitorId"]
      unless visitor_id.is_a?(String) && ChatIdentity::UUID.match?(visitor_id.b)
        problem 400, "send one visitorId, a UUID"
      end
      json token: ChatToken.sign(settings.token_key, visitor_id, user)
    end
  end

  # Everything that the token says comes from the session. The page has no word in it.
  def self.sign(key, visitor_id, user)
    metadata = user.slice("plan", "signupDate")
    key.sign(visitor_id, user["id"], name: user["name"], email: user["email"], metadata:)
  end
end
