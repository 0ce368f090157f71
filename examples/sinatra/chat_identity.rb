# frozen_string_literal: true

# GET /api/chat-identity?visitorId=…: signs a visitor id for a customer who is logged in.
module ChatIdentity
  # Visitor ids are UUIDs. Nothing else is ever signed.
  UUID = /\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/

  def self.registered(app)
    app.get "/api/chat-identity" do
      current_user # Or 401, before anything else is looked at.
      # Not from params, which keep only the last one if it was sent more than once.
      visitor_id = Rack::Utils.parse_query(request.query_string)["visitorId"]
      unless visitor_id.is_a?(String) && UUID.match?(visitor_id.b)
        problem 400, "send one visitorId, a UUID"
      end
      json hmac: settings.identity_key.sign(visitor_id)
    end
  end
end
