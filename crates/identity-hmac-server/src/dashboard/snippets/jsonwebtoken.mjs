import jwt from 'jsonwebtoken';

const key = process.env.IDENTITY_TOKEN_KEY;
const options = { subject: 'user_123', expiresIn: 300, keyid: key.slice(4, 12) };
console.log(jwt.sign({ visitorId: process.argv[2] }, key, options));
