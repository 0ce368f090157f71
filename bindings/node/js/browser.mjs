// What a bundler for browsers gets in place of either entry. It has their names, so that the
// bundle is made and says why it cannot run.
export let generateIdentityHmac, generateSecret, IdentityHmacError;
export let IdentityKey, Keyring, verifyIdentityHmac;

throw new Error(
  'identity-hmac must not run in a browser: it needs the identity verification secret, and ' +
    'anyone who reads that on a page can identify as any visitor. Sign on your server and send the ' +
    'page the hmac. (For an edge function, import identity-hmac/webcrypto and bundle with the ' +
    "runtime's own export condition, such as workerd or edge-light.)",
);
