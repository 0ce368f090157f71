// The script-tag build.

import { IdentityError, getSdkApi as ofModule, type SdkApi } from './index.js';

/** What the script puts on the page: the way to the api object, and the class of its errors. */
interface GetSdkApi {
  (): SdkApi;
  IdentityError: typeof IdentityError;
}

declare global {
  /** The one api object of the page. It is there before `init()` as well. */
  var getSdkApi: GetSdkApi;
}

/** A page that loads the script with `async` has a stand-in, which is given the real one. */
const standIn = globalThis.getSdkApi as { arrive?: (api: SdkApi) => void } | undefined;

// A page that runs the script twice keeps its one api object.
if (!standIn || standIn.arrive) {
  globalThis.getSdkApi = Object.assign(ofModule, { IdentityError });
  standIn?.arrive?.(ofModule());
}
