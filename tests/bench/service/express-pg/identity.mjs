// The visitors' records in PostgreSQL.

import { createHash } from 'node:crypto';

const CALLER = {
  name: 'caller',
  text: `SELECT v.id, v.organization_id, o.secret, o.verification_required
    FROM visitors v JOIN organizations o ON o.id = v.organization_id
    WHERE v.token_sha256 = $1`,
};
// The row stays locked until its metadata is merged. A parameter that is not sent keeps its column.
const UPSERT = {
  name: 'upsert',
  text: `INSERT INTO identities
      (visitor_id, organization_id, name, email, external_id, metadata, hmac_verified)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (visitor_id) DO UPDATE SET
      name = CASE WHEN $8 THEN excluded.name ELSE identities.name END,
      email = CASE WHEN $9 THEN excluded.email ELSE identities.email END,
      external_id = CASE WHEN $10 THEN excluded.external_id ELSE identities.external_id END,
      metadata = CASE WHEN $11 THEN NULL ELSE identities.metadata END,
      hmac_verified = excluded.hmac_verified,
      updated_at = now()
    RETURNING id, visitor_id, external_id, email, name, metadata, hmac_verified,
      xmax = 0 AS is_new`,
};
const SET_METADATA = {
  name: 'set-metadata',
  text: 'UPDATE identities SET metadata = $2 WHERE visitor_id = $1',
};

/** Finds who presents a token; undefined when nobody does. */
export async function findCaller(pool, token) {
  const digest = createHash('sha256').update(token).digest();
  const { rows } = await pool.query({ ...CALLER, values: [digest] });
  return rows[0];
}

/** Makes a visitor's record or merges into it, and returns it. */
export async function identify(pool, caller, params, hmacVerified) {
  const { name, email, externalId, metadata } = params;
  const upsert = {
    ...UPSERT,
    values: [
      caller.id,
      caller.organization_id,
      name,
      email,
      externalId,
      metadata && mergePatch({}, metadata),
      hmacVerified,
      name !== undefined,
      email !== undefined,
      externalId !== undefined,
      metadata === null,
    ],
  };
  if (!metadata) return shown((await pool.query(upsert)).rows[0]);

  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const row = (await client.query(upsert)).rows[0];
    if (!row.is_new) {
      row.metadata = mergePatch(row.metadata ?? {}, metadata);
      await client.query({ ...SET_METADATA, values: [caller.id, row.metadata] });
    }
    await client.query('COMMIT');
    client.release();
    return shown(row);
  } catch (error) {
    client.release(true); // Closing the connection rolls back.
    throw error;
  }
}

/** JSON Merge Patch (RFC 7396). */
function mergePatch(target, patch) {
  if (!isObject(patch)) return patch;
  const merged = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(row) {
  return {
    id: row.id,
    anonymousUserId: row.visitor_id,
    externalId: row.external_id,
    email: row.email,
    name: row.name,
    metadata: row.metadata,
    hmacVerified: row.hmac_verified,
  };
}
