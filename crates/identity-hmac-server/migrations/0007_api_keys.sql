-- The keys with which an organization's own backends call: two at a time.
CREATE TABLE api_keys (
    -- The program before this one removes organizations without knowing of this table.
    organization_id UUID NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    slot SMALLINT NOT NULL CHECK (slot IN (0, 1)),
    -- The part of the key by which it is shown.
    id TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    -- To a minute; NULL for one that was not used yet.
    last_used_at TIMESTAMPTZ,
    PRIMARY KEY (organization_id, slot)
);

-- When a backend last wrote the record by an API key. It was the last to write if and only if this is
-- updated_at, also where the program before this one wrote after it.
ALTER TABLE identities ADD backend_at TIMESTAMPTZ;

CREATE INDEX identities_by_update ON identities (organization_id, updated_at, id);
