-- While an organization is suspended, no call of its visitors is served.
ALTER TABLE organizations ADD suspended BOOLEAN NOT NULL DEFAULT FALSE;
-- From then on the organization counts as unknown; its rows leave in small steps, this one at last.
ALTER TABLE organizations ADD deleted_at TIMESTAMPTZ;

CREATE INDEX organizations_deleted ON organizations (id) WHERE deleted_at IS NOT NULL;
