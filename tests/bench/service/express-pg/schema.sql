CREATE TABLE organizations (
    id uuid PRIMARY KEY,
    secret text NOT NULL,
    verification_required boolean NOT NULL
);

CREATE TABLE visitors (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    token_sha256 bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE identities (
    visitor_id uuid PRIMARY KEY REFERENCES visitors,
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    external_id text,
    email text,
    name text,
    metadata jsonb,
    hmac_verified boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX ON identities (organization_id, external_id);
CREATE INDEX ON identities (organization_id, email);
