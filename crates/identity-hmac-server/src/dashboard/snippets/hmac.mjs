import { IdentityKey } from 'identity-hmac';

const key = IdentityKey.fromEnv(); // reads IDENTITY_SECRET
console.log(key.sign(process.argv[2]));
