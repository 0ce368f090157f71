// A route that identifies whom it is asked to, or else asks who the visitor is.

import { getSdkApi, init } from 'identity-hmac-browser';

const options = { organizationKey: 'pk_1', serverUrl: process.env.NEXT_PUBLIC_SERVER_URL };

export async function GET(request) {
  const name = new URL(request.url).searchParams.get('name');
  const chat = getSdkApi();
  const answer = await init(options)
    .then(() => (name ? chat.identify({ name }) : chat.getIdentity()))
    .catch(({ code }) => code);
  return Response.json({ answer, conversation: chat.getConversation() });
}
