/** What the claims of a verified token and its `kid` say, in an object of this realm that nobody can
 *  change. */
export function verifiedClaims(claims) {
  // Without a prototype, so that no claim is taken from what a program has put on every object.
  const { sub, visitorId, iat, exp, name, email, metadata, kid } = Object.setPrototypeOf(
    claims,
    null,
  );
  return freeze({
    visitorId,
    externalId: sub,
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(metadata !== undefined && { metadata }),
    issuedAt: iat,
    expiresAt: exp,
    keyId: kid,
  });
}

function freeze(value) {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freeze);
  }
  return Object.freeze(value);
}
