// Ending what is under way: for the caller, for another visitor, or when its time is over.

/**
 * Settles as `task` does. If one of `signals` is aborted first, it rejects with its reason; after
 * `timeout` milliseconds, with what `late` makes of the fault. In each of these cases the signal that `task` got is
 * aborted, so its listeners need no removal.
 * (AbortSignal.any would do some of this, but is newer than the browsers that we support.)
 */
export function during<T>(
  signals: readonly AbortSignal[],
  task: (signal: AbortSignal) => Promise<T>,
  timeout?: number,
  late?: (fault: string) => Error,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const timer =
    late && setTimeout(() => controller.abort(late(`took longer than ${timeout} ms`)), timeout);
  return new Promise<T>((resolve, reject) => {
    signal.onabort = () => reject(signal.reason);
    for (const each of signals) {
      const end = () => controller.abort(each.reason);
      each.addEventListener('abort', end, { signal });
      if (each.aborted) {
        end();
      }
    }
    task(signal).then(resolve, reject);
  }).finally(() => {
    clearTimeout(timer);
    controller.abort();
  });
}

/** Waits for so many milliseconds, until `signal` is aborted, or until the browser goes online. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<unknown> {
  return during(
    [signal],
    (signal) => new Promise((resolve) => addEventListener('online', resolve, { signal })),
    milliseconds,
    Error,
  ).catch(() => {});
}
