// Base64url without padding (RFC 7515 section 2), of binary strings: a character for each byte.

export function encode(binary) {
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Undefined for any text but the one that `encode` gives. */
export function decode(text) {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    return encode(binary) === text ? binary : undefined;
  } catch {
    return undefined;
  }
}
