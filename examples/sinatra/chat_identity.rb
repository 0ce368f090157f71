# frozen_string_literal: true

require "identity_hmac"

# What the shop signs for a customer who is logged in, and for nobody else:
#
#     GET /api/chat-token?visitorId=…     {token}: who the customer is
#     GET /api/chat-identity?visitorId=…  {hmac}: the visitor id alone
module ChatIdentity
  # server.rb sets the keys after this.
  def self.registered(app)
    app.register IdentityHmac::Sinatra
    app.helpers self
    app.chat_identity(-> { app.token_key }, path: "/api/chat-token") { chat_user }
    app.chat_identity(-> { app.identity_key }) { chat_user }
  end

  private

  # Everything that a token says comes from the session. The page has no word in it.
  def chat_user
    user = customer
    return unless user

    metadata = user.slice("plan", "signupDate")
    IdentityHmac::User.new(user["id"], name: user["name"], email: user["email"], metadata:)
  end
end
