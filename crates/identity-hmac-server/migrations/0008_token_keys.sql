-- The keys with which an organization's backends sign identity tokens: two at a time.
CREATE TABLE token_keys (
    -- The program before this one removes organizations without knowing of this table.
    organization_id UUID NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    slot SMALLINT NOT NULL CHECK (slot IN (0, 1)),
    -- The part of the key by which it is shown, and by which a token names it.
    kid TEXT NOT NULL,
    -- The whole key, sealed with the master key.
    sealed BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    -- To a minute; NULL for one that was not used yet.
    last_used_at TIMESTAMPTZ,
    PRIMARY KEY (organization_id, slot),
    UNIQUE (organization_id, kid)
);

-- The policy. The defaults are what an organization had before.
ALTER TABLE organizations ADD accepted_proofs TEXT NOT NULL DEFAULT 'hmac,token';
ALTER TABLE organizations ADD unsigned_attributes TEXT NOT NULL DEFAULT 'ignore';
-- In seconds.
ALTER TABLE organizations ADD identity_session INTEGER NOT NULL DEFAULT 86400;
ALTER TABLE organizations ADD max_token_lifetime INTEGER NOT NULL DEFAULT 3600;
ALTER TABLE organizations ADD tokens_valid_after TIMESTAMPTZ;
