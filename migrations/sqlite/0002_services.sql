-- The services that the portal watches, and what it saw.

CREATE TABLE service_config (
    id TEXT PRIMARY KEY,
    service_name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL DEFAULT 'http',
    service_url TEXT NOT NULL,
    -- Encrypted with AES-256-GCM.
    api_key TEXT,
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    -- Settings of that kind of service only, as JSON.
    config_data TEXT,
    interval_ms BIGINT NOT NULL CHECK (interval_ms >= 1000),
    timeout_ms BIGINT,
    status TEXT NOT NULL DEFAULT 'unknown',
    status_since BIGINT NOT NULL,
    status_message TEXT,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT REFERENCES users (id) ON DELETE SET NULL
);
-- A household has one Plex and one Overseerr, but any number of web services.
CREATE UNIQUE INDEX service_config_single_kind ON service_config (kind) WHERE kind <> 'http';

CREATE TABLE service_heartbeats (
    service_id TEXT NOT NULL REFERENCES service_config (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    status TEXT NOT NULL,
    latency_ms BIGINT,
    message TEXT,
    PRIMARY KEY (service_id, at)
);
CREATE INDEX service_heartbeats_by_time ON service_heartbeats (at);

-- Sums of heartbeats over a minute, an hour and a day (`span_ms`), beginning at `at`. Written in
-- the transaction that writes the heartbeats, so they always agree.
CREATE TABLE service_rollups (
    service_id TEXT NOT NULL REFERENCES service_config (id) ON DELETE CASCADE,
    span_ms BIGINT NOT NULL,
    at BIGINT NOT NULL,
    up BIGINT NOT NULL,
    pending BIGINT NOT NULL,
    down BIGINT NOT NULL,
    latency_sum_ms BIGINT NOT NULL,
    latency_count BIGINT NOT NULL,
    PRIMARY KEY (service_id, span_ms, at)
);
CREATE INDEX service_rollups_by_time ON service_rollups (span_ms, at);
