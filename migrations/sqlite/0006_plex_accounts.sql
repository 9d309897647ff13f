-- Sign-in with Plex: what a person's account at plex.tv is good for here, and sign-ins under way.

-- The token that opens the house's Plex server for this person. Encrypted with AES-256-GCM.
ALTER TABLE users ADD COLUMN plex_server_token TEXT;
ALTER TABLE users ADD COLUMN plex_membership TEXT NOT NULL DEFAULT 'unknown'
    CHECK (plex_membership IN ('unknown', 'member', 'not-shared', 'sign-in-again'));
ALTER TABLE users ADD COLUMN plex_checked_at BIGINT;

CREATE TABLE plex_pins (
    id TEXT PRIMARY KEY,
    -- SHA-256 of the secret in the cookie of the browser that began it.
    binding BYTEA NOT NULL UNIQUE,
    purpose TEXT NOT NULL CHECK (purpose IN ('sign-in', 'link', 'server')),
    -- Whoever was signed in when they began it; absent for a sign-in.
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    -- A short code to be typed at plex.tv/link, rather than a page that is opened.
    is_code BOOLEAN NOT NULL,
    -- The number and the code of the PIN at plex.tv. Encrypted with AES-256-GCM.
    pin TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'approved', 'refused', 'finished', 'abandoned')),
    -- Who comes in, once it is approved.
    person_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    refusal TEXT,
    -- Where they wanted to go.
    next TEXT NOT NULL,
    ip TEXT,
    -- Which portal asks plex.tv about it, and when it last said so.
    node TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX plex_pins_by_end ON plex_pins (expires_at);
