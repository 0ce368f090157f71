import { IdentityTokenKey } from 'identity-hmac';

const key = IdentityTokenKey.fromEnv(); // reads IDENTITY_TOKEN_KEY
const [, , visitorId] = process.argv;
console.log(key.sign({ visitorId, externalId: 'user_123', email: 'jane@example.com' }));
