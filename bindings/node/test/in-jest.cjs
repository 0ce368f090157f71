// Run in Jest's own environment for Node: see jest.test.js.

test.each(['identity-hmac', 'identity-hmac/webcrypto'])('%s in Jest', async (entry) => {
  const before = require(entry);
  jest.resetModules();
  const after = require(entry);
  expect(after).not.toBe(before);

  for (const [one, other] of [
    [before, after],
    [after, before],
  ]) {
    expect(() => new one.IdentityKey(5)).toThrow(TypeError);
    expect(() => new one.IdentityKey('')).toThrow(Error);
    expect(() => new one.IdentityKey('')).toThrow(other.IdentityHmacError);
    await expect(async () => new one.IdentityKey('s3cret').sign(5)).rejects.toThrow(TypeError);

    const key = new one.IdentityKey('s3cret');
    expect(key).toBeInstanceOf(other.IdentityKey);
    expect(key).toEqual(key);
    expect(key).not.toEqual(new one.IdentityKey('s3cret'));
    const keyring = new other.Keyring('current', key);
    expect(await keyring.matched('visitor_1', await key.sign('visitor_1'))).toBe('previous');

    const tokens = new one.IdentityTokenKey(await one.generateTokenKey());
    expect(tokens).toBeInstanceOf(other.IdentityTokenKey);
    await expect(async () => tokens.verify('', 'visitor_1')).rejects.toThrow(
      other.IdentityTokenError,
    );
    await expect(async () => tokens.sign(undefined)).rejects.toThrow(TypeError);
    const token = await tokens.sign({ visitorId: 'v', externalId: 'u', metadata: { a: [1] } });
    const claims = await new other.IdentityTokenKeyring(tokens).verify(token, 'v');
    expect(claims.metadata).toStrictEqual({ a: [1] });
    expect(Object.getPrototypeOf(claims)).toBe(Object.prototype);
  }
});
