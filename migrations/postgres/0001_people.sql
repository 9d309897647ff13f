-- People, how they sign in, and what was done by whom.
--
-- Rules of every migration: ids are UUIDs as text, points in time are milliseconds since the
-- Unix epoch, JSON is text. The same number and name exists for both engines. Text is compared
-- byte by byte (COLLATE "C"), as SQLite does it.

-- The time by the database's own clock, so that leases do not depend on the clocks of the
-- machines that hold them.
CREATE VIEW clock AS SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS now;

CREATE TABLE settings (
    key TEXT COLLATE "C" PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE users (
    id TEXT COLLATE "C" PRIMARY KEY,
    username TEXT COLLATE "C" NOT NULL,
    -- The name without case, as it is compared.
    username_key TEXT COLLATE "C" NOT NULL UNIQUE,
    plex_id TEXT COLLATE "C" UNIQUE,
    plex_username TEXT COLLATE "C",
    email TEXT COLLATE "C",
    role TEXT COLLATE "C" NOT NULL DEFAULT 'user' CHECK (role IN ('admin', 'user')),
    -- Encrypted with AES-256-GCM.
    plex_token TEXT COLLATE "C",
    -- A local account has one.
    password_hash TEXT COLLATE "C",
    status TEXT COLLATE "C" NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    -- A session made under another epoch is dead.
    session_epoch BIGINT NOT NULL DEFAULT 0,
    -- Overrides the setting for everybody when it is present.
    downloads_per_hour BIGINT,
    created_at BIGINT NOT NULL,
    last_login_at BIGINT
);

CREATE TABLE sessions (
    id TEXT COLLATE "C" PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    epoch BIGINT NOT NULL,
    user_agent TEXT COLLATE "C",
    ip TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    idle_ends_at BIGINT NOT NULL,
    absolute_ends_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_end ON sessions (absolute_ends_at);

CREATE TABLE api_tokens (
    id TEXT COLLATE "C" PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    -- SHA-256 of the token; the token itself is shown once and not kept.
    hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX api_tokens_by_user ON api_tokens (user_id, created_at);

-- Append-only: see the triggers. `hash` is an HMAC over the row and the hash of the row before.
CREATE TABLE audit_log (
    seq BIGINT PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    at BIGINT NOT NULL,
    actor TEXT COLLATE "C",
    session TEXT COLLATE "C",
    ip TEXT COLLATE "C",
    request_id TEXT COLLATE "C",
    action TEXT COLLATE "C" NOT NULL,
    object TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    prev_hash TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL
);

CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_log is append-only';
END
$$;
CREATE TRIGGER audit_log_keeps_rows BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only();
CREATE TRIGGER audit_log_loses_no_rows BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();

-- One row: the number and hash of the last entry. Updating it first puts writers in a row.
CREATE TABLE audit_head (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '');
