'use client';

// A page that starts where its module is loaded: on the server as well.
import { getSdkApi, init } from 'identity-hmac-browser';

const options = { organizationKey: 'pk_1', serverUrl: process.env.NEXT_PUBLIC_SERVER_URL };
const started = init(options).catch(({ code }) => code);

export default function Page() {
  return (
    <p>
      {getSdkApi().getConversation()?.visitorId ?? 'nobody'}, {started}
    </p>
  );
}
