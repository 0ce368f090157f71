/**
 * The promise of a CryptoKey for HMAC-SHA-256, which not even this package can take the secret out
 * of again.
 */
export function importKey(bytes) {
  const key = crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ]);
  // A failure belongs to whoever uses the key, and must not end the process before.
  key.catch(() => {});
  return key;
}
