// What a bundler for browsers gets in place of either entry. It has their names, so that the
// bundle is made and says why it cannot run.
export let generateIdentityHmac, generateSecret, generateTokenKey, IdentityHmacError;
export let IdentityKey, IdentityTokenError, IdentityTokenKey, IdentityTokenKeyring;
export let Keyring, verifyIdentityHmac;
export let chatIdentityRoute, User;

throw new Error(
  'identity-hmac must not run in a browser: it needs the identity verification secret or an ' +
    'identity token key, and anyone who reads that on a page can identify as any visitor. Sign on ' +
    'your server and send the page the hmac or the token. (For an edge function, import identity-hmac/webcrypto and bundle with the ' +
    "runtime's own export condition, such as workerd or edge-light.)",
);
