// What a strict compiler must accept of the module, and what it must not. Read by types.test.js.

import {
  type CallOptions,
  type Conversation,
  getSdkApi,
  type IdentifyParams,
  IdentityError,
  type IdentityErrorCode,
  type IdentityRequest,
  type IdentityResult,
  type InitOptions,
  init,
  type SdkApi,
} from 'identity-hmac-browser';

// As the document has it.
type DocumentedResult = {
  id: string;
  anonymousUserId: string;
  externalId?: string | null;
  email?: string | null;
  name?: string | null;
  metadata?: Record<string, unknown> | null;
  hmacVerified: boolean;
};

const options: InitOptions = { organizationKey: 'pk_1', serverUrl: 'https://chat.example.com' };
const params: IdentifyParams = {
  name: 'Jane Doe',
  email: 'jane@example.com',
  externalId: 'user_123',
  metadata: { plan: 'premium', seats: 5, tags: ['a'] },
  hmac: 'f'.repeat(64),
};

export async function page(): Promise<void> {
  const started: Conversation = await init(options);
  const chat: SdkApi = getSdkApi();
  const conversation: Conversation | null = chat.getConversation();
  const visitorId: string = conversation?.visitorId ?? started.visitorId;
  const result: IdentityResult = await chat.identify(params);
  const documented: DocumentedResult = result;
  const again: IdentityResult = documented;
  const stored: IdentityResult | null = await chat.getIdentity();
  const next: Conversation = await chat.reset();
  console.log(visitorId, again, stored?.hmacVerified, next);
  await chat.identify({ email: null, metadata: null });

  const { signal } = new AbortController();
  const call: CallOptions = { signal };
  await init({ ...options, onUserChange: 'reset', timeout: 5000, signal });
  await chat.identify({ getHmac: (visitorId) => `${visitorId}` }, call);
  await chat.identify({ getHmac: async (visitorId) => visitorId, hmac: undefined }, { signal });
  await chat.getIdentity({ signal });
  const { visitorId: anonymous } = started;
  await chat.identify({ token: anonymous });
  await init({
    ...options,
    onUserChange: 'error',
    identityProvider: async ({ visitorId, reason, signal }: IdentityRequest) => {
      const res = await fetch(`/${visitorId}?because=${reason}`, { signal });
      return res.ok ? res.text() : null;
    },
  });
  await init({ ...options, identityProvider: () => null });
  const until: string | undefined = result.verification?.verifiedUntil;
  const verified: string[] | undefined = result.verifiedAttributes;
  const person: string | null | undefined = result.personId;
  console.log(until, verified, person, result.ignored?.[0]?.reason === 'newer_kept');
  chat.on('visitorchanged', (heard: Conversation | null) => console.log(heard))();
  chat.on('identityexpired', (error: IdentityError | null) => console.log(error?.code))();
  await chat.reset({ signal: undefined });
  const end: () => void = chat.subscribe((heard: Conversation | null) => console.log(heard));
  end();
  chat.shutdown();

  try {
    await chat.identify({});
  } catch (error) {
    if (error instanceof IdentityError) {
      const code: IdentityErrorCode = error.code;
      const field: string | undefined = error.field;
      const retryAfter: number | undefined = error.retryAfter;
      const requestId: string | undefined = error.requestId;
      console.log(code, error.message, field, retryAfter, requestId);
    }
  }

  // @ts-expect-error there may be no visitor yet
  chat.getConversation().visitorId;
  // @ts-expect-error an unread promise is no record
  const unread: IdentityResult = chat.identify(params);
  // @ts-expect-error there is no such parameter
  await chat.identify({ nickname: 'J' });
  // @ts-expect-error it says what to identify the visitor as
  await chat.identify();
  // @ts-expect-error a signature is text
  await chat.identify({ getHmac: async () => undefined });
  // @ts-expect-error there is no such event
  chat.on('identified', () => {});
  // @ts-expect-error a token is text, or there is none
  await init({ ...options, identityProvider: async () => undefined });
  // @ts-expect-error there is no such way
  await init({ ...options, onUserChange: 'forget' });
  // @ts-expect-error the service has an address
  await init({ organizationKey: 'pk_1' });
  // @ts-expect-error the module puts nothing on the page
  globalThis.getSdkApi();
  console.log(unread);
}
