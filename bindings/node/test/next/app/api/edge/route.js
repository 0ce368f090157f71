import { generateIdentityHmac } from 'identity-hmac/webcrypto';

export const runtime = 'edge';

export async function GET() {
  return Response.json({ hmac: await generateIdentityHmac('visitor_1', 's3cret') });
}
