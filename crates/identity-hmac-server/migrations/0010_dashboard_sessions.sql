-- Where an admin is logged in to the dashboard.
CREATE TABLE dashboard_sessions (
    -- SHA-256 of the browser's cookie and the admin token's digest: once there is another admin token,
    -- nobody finds the row.
    sha256 BYTEA NOT NULL PRIMARY KEY,
    created_at TIMESTAMPTZ NOT NULL,
    -- To a minute.
    last_used_at TIMESTAMPTZ NOT NULL
);
