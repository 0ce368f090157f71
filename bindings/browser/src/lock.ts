// A lock between the pages of one origin.

/** How long to wait for a page that holds the lock: longer than it takes a healthy service. */
const TIMEOUT_MS = 10_000;

/** Runs `task` while no other page does under this name, where the browser has Web Locks. */
export async function runAlone<T>(name: string, task: () => Promise<T>): Promise<T> {
  let entered = false;
  try {
    return await navigator.locks.request(name, { signal: AbortSignal.timeout(TIMEOUT_MS) }, () => {
      entered = true;
      return task();
    });
  } catch (error) {
    if (entered) {
      throw error;
    }
    // There are no Web Locks, as without HTTPS, or another page holds on to this one.
    return task();
  }
}
