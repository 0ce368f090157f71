// What a strict compiler must accept of a page with the script. Read by types.test.js.

import 'identity-hmac-browser/global';
import type { Conversation, IdentityResult } from 'identity-hmac-browser';

export async function page(): Promise<void> {
  const chat = getSdkApi();
  const { visitorId }: Conversation = await chat.init({
    organizationKey: 'pk_1',
    serverUrl: 'https://chat.example.com',
  });
  const identity: IdentityResult = await globalThis.getSdkApi().identify({ name: 'Jane' });
  console.log(visitorId, identity, new getSdkApi.IdentityError('internal', 'boom').code);

  // @ts-expect-error the script puts nothing else on the page
  init();
}
