import { getSdkApi, init } from 'identity-hmac-browser';

await init({
  organizationKey: 'pk_…',
  serverUrl: 'https://chat.example.com',
  identityProvider: async ({ visitorId, signal }) => {
    const res = await fetch(`/api/chat-token?visitorId=${visitorId}`, { signal });
    if (res.status === 401) return null; // Nobody is logged in.
    if (!res.ok) throw new Error(`/api/chat-token answered ${res.status}`);
    return (await res.json()).token;
  },
});
const identity = await getSdkApi().getIdentity();
console.log(identity?.externalId, identity?.verifiedAttributes); // user_123 [ 'externalId' ]
