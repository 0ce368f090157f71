import { SignJWT } from 'jose';

const key = process.env.IDENTITY_TOKEN_KEY;
const token = await new SignJWT({ visitorId: process.argv[2] })
  .setProtectedHeader({ alg: 'HS256', kid: key.slice(4, 12) })
  .setSubject('user_123')
  .setIssuedAt()
  .setExpirationTime('5m')
  .sign(new TextEncoder().encode(key));
console.log(token);
