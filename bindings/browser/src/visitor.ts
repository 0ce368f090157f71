// A visitor, and where the browser keeps it.

/** What the pages know of a visitor, beside who it is. */
export interface Notes {
  /** The fingerprint of the last `externalId`, if there was one; 0 if it may be this or another one. */
  readonly user?: number | undefined;
  /** When its identity is to be refreshed, in the milliseconds of this machine's clock. */
  readonly due?: number | undefined;
  /** When it is not verified any more. */
  readonly ends?: number | undefined;
}

export interface Visitor extends Notes {
  readonly visitorId: string;
  readonly visitorToken: string;
}

/** Whether the text can stand in a header: printable ASCII without spaces. */
export function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[!-~]+$/.test(value);
}

export function isVisitor(value: Partial<Visitor> | null): value is Visitor {
  return isToken(value?.visitorId) && isToken(value.visitorToken);
}

/** The visitor in storage; `null` if there is none, or storage is denied. */
export function readVisitor(key: string): Visitor | null {
  try {
    const visitor = JSON.parse(localStorage.getItem(key) as string);
    return isVisitor(visitor) ? visitor : null;
  } catch {
    return null;
  }
}

/** Stores the visitor, or removes it, if storage lets us. Only reading it again tells. */
export function writeVisitor(key: string, visitor?: Partial<Visitor>): void {
  try {
    if (visitor) {
      localStorage.setItem(key, JSON.stringify(visitor));
    } else {
      localStorage.removeItem(key);
    }
  } catch {
    // Denied or full: the visitor lives as long as the page.
  }
}
