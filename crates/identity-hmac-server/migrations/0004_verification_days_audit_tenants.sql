-- How many identify() calls of one kind an organization had on one day (UTC).
CREATE TABLE verification_days (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    day DATE NOT NULL,
    -- As the page's browser sent it; '' for a call of no page, 'other' for those beyond the first few.
    origin TEXT NOT NULL,
    result TEXT NOT NULL,
    proof TEXT NOT NULL,
    -- Which secret verified the calls; '' for none.
    secret TEXT NOT NULL,
    calls BIGINT NOT NULL,
    last_seen_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (organization_id, day, origin, result, proof, secret)
);

CREATE INDEX verification_days_by_day ON verification_days (day);

-- The last counts that each process has added, so that none are added twice.
CREATE TABLE verification_flushes (
    process UUID NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    written_at TIMESTAMPTZ NOT NULL
);

-- What was done by admins. Rows are only added. They outlive their organization.
CREATE TABLE audit_events (
    -- All zero for what concerns no organization.
    organization_id UUID NOT NULL,
    -- In the order of time.
    id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    -- A JSON object of an allow-list of members.
    details TEXT NOT NULL,
    PRIMARY KEY (organization_id, id)
);

CREATE INDEX audit_events_by_id ON audit_events (id);
