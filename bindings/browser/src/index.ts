import type { SdkApi } from './api.js';
import { api } from './page.js';

export type {
  CallOptions,
  Conversation,
  IdentifyParams,
  IdentityRequest,
  IdentityResult,
  IgnoredAttribute,
  InitOptions,
  SdkApi,
  SdkEvents,
  Verification,
} from './api.js';
export { IdentityError, type IdentityErrorCode } from './error.js';

/**
 * {@link SdkApi.init} of the page's api object.
 *
 * @example
 * const { visitorId } = await init({ organizationKey, serverUrl });
 * assert.deepEqual(getSdkApi().getConversation(), { visitorId });
 */
export const init: SdkApi['init'] = api.init;

/** The one api object of the page. It is there before `init()` as well. */
export function getSdkApi(): SdkApi {
  return api;
}
