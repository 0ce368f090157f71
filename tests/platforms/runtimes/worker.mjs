import * as webcrypto from 'identity-hmac/webcrypto';
import { makeApplication } from './application.mjs';

let app;

export default {
  fetch(request, env) {
    const { IdentityTokenKey } = webcrypto;
    const key = () => IdentityTokenKey.fromSetting('IDENTITY_TOKEN_KEY', env.IDENTITY_TOKEN_KEY);
    app ??= makeApplication(webcrypto, key);
    return app.fetch(request, env);
  },
};
