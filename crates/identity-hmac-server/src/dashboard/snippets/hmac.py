import sys

from identity_hmac import IdentityKey

key = IdentityKey.from_env()  # reads IDENTITY_SECRET
print(key.sign(sys.argv[1]))
