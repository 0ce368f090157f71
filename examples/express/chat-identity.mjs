// GET /api/chat-identity?visitorId=…: signs a visitor id for a customer who is logged in.

import { requireUser } from './accounts.mjs';
import { problem } from './problem.mjs';

/** Visitor ids are UUIDs. Nothing else is ever signed. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function chatIdentity(key) {
  const sign = (req, res) => {
    const { visitorId } = req.query; // An array if it was sent more than once.
    if (typeof visitorId !== 'string' || !UUID.test(visitorId)) {
      return problem(res, 400, 'send one visitorId, a UUID');
    }
    res.json({ hmac: key.sign(visitorId) });
  };
  return [requireUser, sign];
}
