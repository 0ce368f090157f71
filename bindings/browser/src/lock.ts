// A lock between the pages of one origin.

/** How long to wait for a page that holds the lock: longer than it takes a healthy service. */
const TIMEOUT_MS = 10_000;

/**
 * Runs `task` while no other page does under this name. It runs all the same where there are no Web
 * Locks, as without HTTPS, and where another page holds on to this one.
 *
 * @param signal ends the wait; its reason is what is thrown then
 */
export async function runAlone<T>(
  name: string,
  signal: AbortSignal,
  task: () => Promise<T>,
): Promise<T> {
  const waiting = new AbortController();
  const giveUp = () => waiting.abort();
  const timer = setTimeout(giveUp, TIMEOUT_MS);
  signal.addEventListener('abort', giveUp);
  let running: Promise<T> | undefined;
  const run = () => {
    running = task();
    return running;
  };
  try {
    return await navigator.locks.request(name, waiting, run);
  } catch {
    signal.throwIfAborted();
    return running ?? task();
  } finally {
    clearTimeout(timer);
  }
}
