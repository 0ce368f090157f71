-- What an organization's backends themselves have said of a user, by a token or by an API key. What
-- visitors say is in identities.
CREATE TABLE persons (
    organization_id UUID NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    -- The organization's own id of the user.
    external_id TEXT NOT NULL,
    id UUID NOT NULL,
    name TEXT,
    email TEXT,
    email_folded TEXT,
    -- A JSON object as text, as in identities.
    metadata TEXT,
    -- When the newest word was signed or said, in microseconds since 1970. What is older changes nothing.
    last_iat BIGINT NOT NULL,
    verified_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (organization_id, external_id)
);

CREATE INDEX persons_by_email_folded ON persons (organization_id, email_folded)
    WHERE email_folded IS NOT NULL;

-- The external id of the person that the visitor is. It is set once and never changed.
ALTER TABLE visitors ADD person TEXT;
-- When that was last verified, until when it is shown, and the kid of the token key that signed it;
-- NULL for a backend with an API key.
ALTER TABLE visitors ADD verified_at TIMESTAMPTZ;
ALTER TABLE visitors ADD verified_until TIMESTAMPTZ;
ALTER TABLE visitors ADD verified_by TEXT;

CREATE INDEX visitors_by_person ON visitors (organization_id, person) WHERE person IS NOT NULL;

-- When a call with a valid token last wrote the record; as backend_at.
ALTER TABLE identities ADD token_at TIMESTAMPTZ;

-- An older program would erase a visitor, and leave what was verified of the person.
UPDATE oldest_program SET migration = 9;
