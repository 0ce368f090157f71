// The script-tag build.

import * as sdk from './index.js';

declare global {
  /** The one api object of the page. It is there before `init()` as well. */
  var getSdkApi: typeof sdk.getSdkApi;
}

// A page that runs the script twice keeps its one api object.
globalThis.getSdkApi ??= sdk.getSdkApi;
