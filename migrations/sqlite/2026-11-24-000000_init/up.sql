-- Times are milliseconds since the epoch, by the database's clock.
CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    email         TEXT    NOT NULL UNIQUE,
    password_hash TEXT    NOT NULL,
    generation    INTEGER NOT NULL,
    created_at    BIGINT  NOT NULL
);

CREATE TABLE clusters (
    id                 TEXT    NOT NULL PRIMARY KEY,
    user_id            TEXT    NOT NULL REFERENCES users (id),
    name               TEXT    NOT NULL,
    provider           TEXT    NOT NULL,
    provider_ref       TEXT    NOT NULL UNIQUE,
    host               TEXT,
    kubernetes_version TEXT    NOT NULL,
    nodes              INTEGER NOT NULL,
    status             TEXT    NOT NULL,
    step               TEXT,
    ttl_hours          INTEGER NOT NULL,
    created_at         BIGINT  NOT NULL,
    ready_at           BIGINT,
    expires_at         BIGINT  NOT NULL,
    deleted_at         BIGINT,
    error_message      TEXT,
    kubeconfig         BLOB,
    attempts           INTEGER NOT NULL,
    next_attempt_at    BIGINT  NOT NULL,
    lease_owner        TEXT,
    lease_until        BIGINT
);

-- A name is free again once its cluster is gone.
CREATE UNIQUE INDEX clusters_live_name ON clusters (user_id, name) WHERE deleted_at IS NULL;
CREATE INDEX clusters_live_status ON clusters (status, expires_at) WHERE deleted_at IS NULL;

CREATE TABLE cluster_ports (
    host       TEXT    NOT NULL,
    port       INTEGER NOT NULL,
    cluster_id TEXT    NOT NULL REFERENCES clusters (id),
    PRIMARY KEY (host, port)
);

CREATE TABLE cluster_events (
    seq        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    cluster_id TEXT    NOT NULL REFERENCES clusters (id),
    user_id    TEXT    NOT NULL REFERENCES users (id),
    kind       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    message    TEXT    NOT NULL,
    expires_at BIGINT  NOT NULL,
    created_at BIGINT  NOT NULL
);

CREATE INDEX cluster_events_of_cluster ON cluster_events (cluster_id, seq);
CREATE INDEX cluster_events_of_user ON cluster_events (user_id, seq);

CREATE TABLE idempotency_keys (
    user_id      TEXT   NOT NULL REFERENCES users (id),
    key          TEXT   NOT NULL,
    request_hash TEXT   NOT NULL,
    cluster_id   TEXT   NOT NULL REFERENCES clusters (id),
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (user_id, key)
);
