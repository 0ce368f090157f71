/** What a verified token says, in an object of this realm that nobody can change. */
export function verifiedClaims({
  visitorId,
  externalId,
  name,
  email,
  metadata,
  issuedAt,
  expiresAt,
  keyId,
}) {
  return freeze({
    visitorId,
    externalId,
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(metadata !== undefined && { metadata }),
    issuedAt,
    expiresAt,
    keyId,
  });
}

function freeze(value) {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freeze);
  }
  return Object.freeze(value);
}
