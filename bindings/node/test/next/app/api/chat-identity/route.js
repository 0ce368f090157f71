import { generateIdentityHmac, IdentityHmacError, IdentityKey } from 'identity-hmac';

export function GET(request) {
  const visitorId = new URL(request.url).searchParams.get('visitorId');
  try {
    return Response.json({
      hmac: generateIdentityHmac(visitorId, 's3cret'),
      name: IdentityKey.name,
    });
  } catch (error) {
    return Response.json(
      { error: `${error}`, isOwn: error instanceof IdentityHmacError },
      { status: 400 },
    );
  }
}
