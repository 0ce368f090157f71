// A visitor, and where the browser keeps it.

/** What the pages know of a visitor, beside who it is. */
export interface Notes {
  /** The fingerprint of the last `externalId`, if there was one. */
  readonly user?: string | undefined;
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

export function isVisitor(value: unknown): value is Visitor {
  const visitor = value as Partial<Visitor> | null;
  return isToken(visitor?.visitorId) && isToken(visitor.visitorToken);
}

/** The visitor in storage; `null` if there is none, or storage is denied. */
export function readVisitor(key: string): Visitor | null {
  try {
    const visitor: unknown = JSON.parse(localStorage.getItem(key) ?? 'null');
    return isVisitor(visitor) ? visitor : null;
  } catch {
    return null;
  }
}

/** Stores the visitor if storage lets us. Only reading it again tells. */
export function writeVisitor(key: string, visitor: Visitor): void {
  const { visitorId, visitorToken, user, due, ends } = visitor;
  try {
    localStorage.setItem(key, JSON.stringify({ visitorId, visitorToken, user, due, ends }));
  } catch {
    // Denied or full: the visitor lives as long as the page.
  }
}

export function removeVisitor(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // Denied: nothing is stored.
  }
}
