ALTER TABLE identities ADD email_folded TEXT;
ALTER TABLE visitors ADD last_seen_at TIMESTAMPTZ;
ALTER TABLE organizations ADD visitor_tokens_valid_after TIMESTAMPTZ;

-- The e-mail address as it is looked up: the service writes it without regard to case. Here lower()
-- does it; SQLite's knows A to Z alone.
UPDATE identities SET email_folded = lower(email) WHERE email IS NOT NULL;
DROP INDEX identities_by_email;
CREATE INDEX identities_by_email_folded ON identities (organization_id, email_folded, id)
    WHERE email_folded IS NOT NULL;

-- When the visitor last called, to a day; NULL for one that did not since it was made.
UPDATE visitors SET last_seen_at = (SELECT updated_at FROM identities
    WHERE identities.organization_id = visitors.organization_id
        AND identities.visitor_id = visitors.id);
CREATE INDEX visitors_by_last_seen ON visitors ((COALESCE(last_seen_at, created_at)));

-- An older program would write addresses that are not found.
UPDATE oldest_program SET migration = 6;
