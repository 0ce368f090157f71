-- Since when the previous secret is no longer the current one; NULL when that is not known.
ALTER TABLE organizations ADD previous_secret_since TIMESTAMPTZ;
