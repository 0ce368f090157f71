require "jwt"

key, now = ENV.fetch("IDENTITY_TOKEN_KEY"), Time.now.to_i
claims = { sub: "user_123", visitorId: ARGV.fetch(0), iat: now, exp: now + 300 }
puts JWT.encode(claims, key, "HS256", { kid: key[4, 8] })
