/**
 * The promise of a CryptoKey for HMAC-SHA-256, which not even this package can take the secret out
 * of again.
 */
export function importKey(bytes) {
  const key = crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ]);
  // The caller that uses the key gets the failure. Until then it must not end the process.
  key.catch(() => {});
  return key;
}
