-- The same text for SQLite and PostgreSQL, and for the engines that speak PostgreSQL's protocol:
-- every key leads with the organization, ids come from the service, and nothing is a sequence.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE organizations (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    verification TEXT NOT NULL,
    -- One origin per line; none means any.
    allowed_origins TEXT NOT NULL,
    -- Sealed with the master key.
    current_secret BYTEA NOT NULL,
    previous_secret BYTEA,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE visitors (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    id UUID NOT NULL,
    token_sha256 BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (organization_id, id)
);

CREATE TABLE identities (
    organization_id UUID NOT NULL,
    visitor_id UUID NOT NULL,
    id UUID NOT NULL,
    external_id TEXT,
    email TEXT,
    name TEXT,
    -- A JSON object as text: the service merges it, so that both databases follow one rule.
    metadata TEXT,
    hmac_verified BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (organization_id, visitor_id),
    FOREIGN KEY (organization_id, visitor_id) REFERENCES visitors (organization_id, id)
);

CREATE UNIQUE INDEX identities_by_id ON identities (organization_id, id);
CREATE INDEX identities_by_external_id ON identities (organization_id, external_id, id)
    WHERE external_id IS NOT NULL;
CREATE INDEX identities_by_email ON identities (organization_id, email, id)
    WHERE email IS NOT NULL;
