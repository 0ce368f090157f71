import os, sys, time, jwt

key, now = os.environ["IDENTITY_TOKEN_KEY"], int(time.time())
claims = {"sub": "user_123", "visitorId": sys.argv[1], "iat": now, "exp": now + 300}
print(jwt.encode(claims, key, algorithm="HS256", headers={"kid": key[4:12]}))
