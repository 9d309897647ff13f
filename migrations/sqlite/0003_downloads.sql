-- Download jobs, their videos and their files.

CREATE TABLE youtube_downloads (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    playlist_url TEXT NOT NULL,
    playlist_title TEXT,
    status TEXT NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    -- Paths below the library folder, as a JSON array, once the job is completed.
    file_paths TEXT,
    plex_collection_id TEXT,
    created_at BIGINT NOT NULL,
    -- When it became completed, failed or cancelled.
    completed_at BIGINT,

    -- SHA-256 of the address, in hexadecimal.
    url_hash TEXT NOT NULL,
    -- `preset:720p` or `format:137`.
    choice TEXT NOT NULL,
    phase TEXT NOT NULL DEFAULT 'waiting'
        CHECK (phase IN ('waiting', 'downloading', 'publishing', 'retry_wait', 'no_space', 'over')),
    items BIGINT,
    progress TEXT,
    failure TEXT,
    attempts BIGINT NOT NULL DEFAULT 0,
    run_at BIGINT,

    -- The lease: who works on it and until when. `fence` grows with every lease, and every
    -- write of a worker names the fence that it was given.
    node_id TEXT,
    fence BIGINT NOT NULL DEFAULT 0,
    lease_until BIGINT,
    -- Whether the present lease was renewed, and so held for some seconds.
    is_renewed BOOLEAN NOT NULL DEFAULT FALSE,
    -- Leases lost since anything was downloaded: 3 for each, 1 for one that was never renewed.
    lost_leases BIGINT NOT NULL DEFAULT 0,
    -- The process group of yt-dlp, kept until the next one is started.
    pid BIGINT,
    pid_started BIGINT,

    version BIGINT NOT NULL DEFAULT 1,
    updated_at BIGINT NOT NULL,
    -- Taken off the lists by its owner; still counts for the quota.
    deleted_at BIGINT,

    CONSTRAINT youtube_downloads_user_isolation CHECK (user_id IS NOT NULL),
    CHECK ((status IN ('completed', 'failed', 'cancelled')) = (phase = 'over'))
);
-- The same link in the same quality is downloaded once at a time for each person.
CREATE UNIQUE INDEX youtube_downloads_once
    ON youtube_downloads (user_id, url_hash, choice) WHERE status IN ('queued', 'running');
CREATE INDEX youtube_downloads_by_user ON youtube_downloads (user_id, created_at, id);
CREATE INDEX youtube_downloads_by_time ON youtube_downloads (created_at, id);
CREATE INDEX youtube_downloads_unfinished
    ON youtube_downloads (created_at, id) WHERE status IN ('queued', 'running');

CREATE TABLE download_items (
    download_id TEXT NOT NULL REFERENCES youtube_downloads (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    title TEXT,
    status TEXT NOT NULL,
    failure TEXT,
    -- Below the library folder; chosen once.
    target TEXT,
    bytes BIGINT,
    PRIMARY KEY (download_id, position)
);
-- No two videos are published under one name.
CREATE UNIQUE INDEX download_items_target ON download_items (target) WHERE target IS NOT NULL;

CREATE TABLE download_files (
    download_id TEXT NOT NULL REFERENCES youtube_downloads (id) ON DELETE CASCADE,
    n BIGINT NOT NULL,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    media_type TEXT NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (download_id, n),
    UNIQUE (download_id, path)
);
