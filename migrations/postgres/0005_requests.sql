-- What members asked for.

CREATE TABLE media_requests (
    id TEXT COLLATE "C" PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    title TEXT COLLATE "C" NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    tmdb_id TEXT COLLATE "C",
    status TEXT COLLATE "C" NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'approved', 'declined', 'processing', 'available', 'failed', 'cancelled')),
    overseerr_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    completed_at BIGINT,
    version BIGINT NOT NULL DEFAULT 1,
    updated_at BIGINT NOT NULL
);
CREATE INDEX media_requests_by_user ON media_requests (user_id, created_at, id);
CREATE INDEX media_requests_by_time ON media_requests (created_at, id);
