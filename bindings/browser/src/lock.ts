// A lock between the pages of one origin.

/** How long to wait for a page that holds the lock: longer than it takes a healthy service. */
const TIMEOUT_MS = 10_000;

/**
 * Runs `task` while no other page does under this name, where the browser has Web Locks.
 *
 * @param signal ends the wait; its reason is what is thrown then
 */
export async function runAlone<T>(
  name: string,
  signal: AbortSignal,
  task: () => Promise<T>,
): Promise<T> {
  const waiting = new AbortController();
  const end = () => waiting.abort();
  const timer = setTimeout(end, TIMEOUT_MS);
  signal.addEventListener('abort', end);
  let entered = false;
  try {
    return await navigator.locks.request(name, { signal: waiting.signal }, () => {
      entered = true;
      return task();
    });
  } catch (error) {
    signal.throwIfAborted();
    if (entered) {
      throw error;
    }
    // There are no Web Locks, as without HTTPS, or another page holds on to this one.
    return task();
  } finally {
    clearTimeout(timer);
  }
}
