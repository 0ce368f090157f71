import sys

from identity_hmac import IdentityTokenKey

key = IdentityTokenKey.from_env()  # reads IDENTITY_TOKEN_KEY
print(key.sign(sys.argv[1], "user_123", email="jane@example.com"))
