-- Who may knock at our webhook doors, and what was heard there.

-- One secret for each service that sends webhooks; the secret itself is shown once and not kept.
CREATE TABLE webhook_secrets (
    service_id TEXT PRIMARY KEY REFERENCES service_config (id) ON DELETE CASCADE,
    -- SHA-256 of the secret.
    hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

-- Bodies that had an effect by themselves, so that a copy has none.
CREATE TABLE webhook_receipts (
    source TEXT NOT NULL,
    -- SHA-256 of the body.
    hash BYTEA NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (source, hash)
);
CREATE INDEX webhook_receipts_by_time ON webhook_receipts (received_at);
