// The customers: who has which password, and who is logged in.

import { readFileSync } from 'node:fs';
import bcrypt from 'bcryptjs';
import { problem } from './problem.mjs';

const ACCOUNTS = JSON.parse(readFileSync(new URL('../accounts.json', import.meta.url), 'utf8'));

/** The customer with this email and password, or undefined. */
export async function authenticate(email, password) {
  const account = ACCOUNTS.find(({ user }) => user.email === email);
  // An unknown email takes as long as a wrong password: time does not tell who has an account.
  const matches = await bcrypt.compare(password, (account ?? ACCOUNTS[0]).passwordHash);
  return matches ? account?.user : undefined;
}

/** The customer who is logged in, or undefined. */
export function currentUser(req) {
  return ACCOUNTS.find(({ user }) => user.id === req.session.userId)?.user;
}

/** Lets nobody by who is not logged in. */
export function requireUser(req, res, next) {
  req.user = currentUser(req);
  if (!req.user) return problem(res, 401, 'log in first');
  next();
}
