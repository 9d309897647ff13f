-- What became of requests, who else wants them and what was said about them.

-- Season numbers as a JSON array; empty for a film.
ALTER TABLE media_requests ADD COLUMN seasons TEXT NOT NULL DEFAULT '[]';
ALTER TABLE media_requests ADD COLUMN is_4k BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE media_requests ADD COLUMN year BIGINT;
ALTER TABLE media_requests ADD COLUMN poster TEXT;
ALTER TABLE media_requests ADD COLUMN decline_reason TEXT;
ALTER TABLE media_requests ADD COLUMN decided_by TEXT REFERENCES users (id) ON DELETE SET NULL;
ALTER TABLE media_requests ADD COLUMN problem TEXT;
-- Overseerr's number for how much of the title is there; 1 is unknown.
ALTER TABLE media_requests ADD COLUMN media BIGINT NOT NULL DEFAULT 1;
-- Bytes under way, as JSON.
ALTER TABLE media_requests ADD COLUMN transfer TEXT;
ALTER TABLE media_requests ADD COLUMN rating_key TEXT;
-- A decision of ours that Overseerr does not know yet: submit, approve, decline, retry, withdraw.
ALTER TABLE media_requests ADD COLUMN step TEXT;
-- When the last look at Overseerr that counted began.
ALTER TABLE media_requests ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;
-- Taken off the lists; still counts for the quota.
ALTER TABLE media_requests ADD COLUMN deleted_at BIGINT;
CREATE INDEX media_requests_by_title ON media_requests (media_type, tmdb_id);
CREATE INDEX media_requests_by_overseerr ON media_requests (overseerr_id) WHERE overseerr_id IS NOT NULL;
CREATE INDEX media_requests_open ON media_requests (created_at, id)
    WHERE status IN ('pending', 'approved', 'processing', 'failed');

-- Locked by whoever asks for a title, so that of two who ask at once one is first.
CREATE TABLE request_titles (
    media_type TEXT NOT NULL,
    tmdb_id TEXT NOT NULL,
    PRIMARY KEY (media_type, tmdb_id)
);

CREATE TABLE request_followers (
    request_id TEXT NOT NULL REFERENCES media_requests (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (request_id, user_id)
);
CREATE INDEX request_followers_by_user ON request_followers (user_id, request_id);

CREATE TABLE request_comments (
    id TEXT PRIMARY KEY,
    request_id TEXT NOT NULL REFERENCES media_requests (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX request_comments_by_request ON request_comments (request_id, id);

-- What the notifier still has to tell people; written with the change, deleted with the telling.
CREATE TABLE request_notices (
    id TEXT PRIMARY KEY,
    request_id TEXT NOT NULL REFERENCES media_requests (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    by_user TEXT,
    detail TEXT,
    created_at BIGINT NOT NULL
);

-- The person's number in Overseerr.
ALTER TABLE users ADD COLUMN seerr_id BIGINT;
-- Overrides the setting for everybody when it is present.
ALTER TABLE users ADD COLUMN requests_per_hour BIGINT;
