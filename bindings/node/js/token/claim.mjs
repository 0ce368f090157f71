// What is wrong with a claim, in the core's words (its `ClaimError`).

const MAX_METADATA_LEVELS = 8;
export const MAX_CHARS = { sub: 256, name: 256, email: 320 };

const TIME_OR_NOTHING = 'a number of seconds since 1970, or leave it out';

/** What a claim has to hold. */
const EXPECTED = {
  sub: `your own id of the user, a string of 1 to ${MAX_CHARS.sub} characters; write a number as a string`,
  visitorId: 'the visitor id that the page sent to your backend, a string',
  iat: 'the time of signing, a number of seconds since 1970',
  exp: 'the time at which the token ends, a number of seconds since 1970',
  nbf: TIME_OR_NOTHING,
  aud: 'the organization key (pk_…), or leave it out',
  name: `a string of 1 to ${MAX_CHARS.name} characters, or null`,
  email: `an address of at most ${MAX_CHARS.email} characters, as in jane@example.com, or null`,
  metadata: 'a JSON object, or null',
};

const FAULTS = {
  missing: () => 'is missing',
  type: () => 'has a wrong type',
  twice: () => 'has a key that stands twice',
  empty: () => 'is empty or blank',
  too_long: (limit) => `is longer than ${limit} characters`,
  address: () => 'is not shaped like an e-mail address',
  lifetime: (limit) => `is not within ${limit} s after iat`,
  json: () => 'is not JSON of one meaning',
};

export function remedyOf(field, reason, limit) {
  if (reason === 'lifetime') {
    return `set exp to at most ${limit} s after iat, and give both in seconds`;
  }
  if (reason === 'twice') {
    return 'write each key once';
  }
  if (reason === 'json' || field === undefined) {
    return (
      'write it with a JSON library, in UTF-8, without NUL characters, with integers of at most 64 ' +
      `bits, and metadata of at most ${MAX_METADATA_LEVELS} levels`
    );
  }
  return `set it to ${EXPECTED[field]}`;
}

export function describe(field, reason, limit) {
  const claim = field === undefined ? 'payload' : `claim ${field}`;
  return `${claim} ${FAULTS[reason](limit)}; ${remedyOf(field, reason, limit)}`;
}
