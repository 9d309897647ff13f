-- Monitors that somebody else keeps, such as those of Uptime Kuma.

CREATE TABLE monitors (
    service_id TEXT COLLATE "C" NOT NULL REFERENCES service_config (id) ON DELETE CASCADE,
    -- Its number, or '=' and its name.
    monitor_key TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,
    message TEXT COLLATE "C",
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (service_id, monitor_key)
);

-- Every turn of a monitor, for the list of what happened.
CREATE TABLE monitor_changes (
    service_id TEXT COLLATE "C" NOT NULL REFERENCES service_config (id) ON DELETE CASCADE,
    monitor_key TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    message TEXT COLLATE "C",
    PRIMARY KEY (service_id, monitor_key, at)
);
CREATE INDEX monitor_changes_by_time ON monitor_changes (at);

-- Sums of what was seen over ten minutes and over a day (`span_ms`), beginning at `at`.
CREATE TABLE monitor_rollups (
    service_id TEXT COLLATE "C" NOT NULL REFERENCES service_config (id) ON DELETE CASCADE,
    monitor_key TEXT COLLATE "C" NOT NULL,
    span_ms BIGINT NOT NULL,
    at BIGINT NOT NULL,
    up BIGINT NOT NULL,
    pending BIGINT NOT NULL,
    down BIGINT NOT NULL,
    maintenance BIGINT NOT NULL,
    ping_sum_ms BIGINT NOT NULL,
    ping_count BIGINT NOT NULL,
    PRIMARY KEY (service_id, monitor_key, span_ms, at)
);
CREATE INDEX monitor_rollups_by_time ON monitor_rollups (span_ms, at);
