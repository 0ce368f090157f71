// What the page asks the shop's backend.

/** How long the backend is given for an answer. */
const PATIENCE_MS = 10_000;

let config;

/** What the chat is opened with. It stays the same for as long as the page does. */
export async function readConfig(signal) {
  config ??= await askShop('/api/config', signal);
  return config;
}

/** The customer who is logged in, or null. */
export async function readCustomer(signal) {
  try {
    return await askShop('/api/me', signal);
  } catch (error) {
    if (error.code !== 401) throw error;
    return null;
  }
}

/** The answer to a GET or, with a body, to a POST. Rejects with what the backend says. */
export async function askShop(path, signal, body) {
  const headers = { 'Content-Type': 'application/json' };
  const post = body && { method: 'POST', headers, body: JSON.stringify(body) };
  let response;
  let answer;
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    response = await fetch(path, { ...post, signal: limit });
    answer = response.status === 204 ? null : await response.json();
  } catch {
    signal.throwIfAborted();
    throw failure('network_error', 'Network error: the shop cannot be reached, or is too slow');
  }
  if (!response.ok) throw failure(response.status, `The shop says: ${answer.detail}`);
  return answer;
}

export function failure(code, message) {
  return Object.assign(new Error(message), { code });
}
