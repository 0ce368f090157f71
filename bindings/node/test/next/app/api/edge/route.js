import { generateIdentityHmac, generateTokenKey, IdentityTokenKey } from 'identity-hmac/webcrypto';

export const runtime = 'edge';

export async function GET() {
  const key = new IdentityTokenKey(await generateTokenKey());
  const token = await key.sign({ visitorId: 'visitor_1', externalId: 'user_123' });
  const { externalId } = await key.verify(token, 'visitor_1');
  return Response.json({ hmac: await generateIdentityHmac('visitor_1', 's3cret'), externalId });
}
