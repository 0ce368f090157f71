-- When each secret last verified a call, to a minute; NULL for one that did not yet.
ALTER TABLE organizations ADD current_secret_used_at TIMESTAMPTZ;
ALTER TABLE organizations ADD previous_secret_used_at TIMESTAMPTZ;
