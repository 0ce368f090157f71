// Answers to what cannot be done: problem documents (RFC 9457).

import { STATUS_CODES } from 'node:http';

export function problem(res, status, detail) {
  res.status(status).type('application/problem+json');
  res.json({ title: STATUS_CODES[status], status, detail });
}
