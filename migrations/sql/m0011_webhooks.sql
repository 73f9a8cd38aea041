-- Where partners want to hear of changes, and what was sent to them. Secrets are sealed.

CREATE TABLE webhooks (
    id {uuid} NOT NULL PRIMARY KEY,
    client_id {uuid} NOT NULL REFERENCES clients (id),
    district_id {uuid} NOT NULL REFERENCES areas (id),
    url TEXT NOT NULL,
    kinds {json},
    secret TEXT NOT NULL,
    former_secret TEXT,
    former_until {instant},
    status TEXT NOT NULL,
    paused_because TEXT,
    cursor_tx BIGINT NOT NULL,
    cursor_seq BIGINT NOT NULL,
    failures INTEGER NOT NULL,
    failing_since {instant},
    resting_until {instant},
    last_received_at {instant},
    created_at {instant} NOT NULL,
    CONSTRAINT webhooks_status CHECK (status IN ('ACTIVE', 'PAUSED', 'REMOVED')),
    CONSTRAINT webhooks_paused CHECK ((status = 'PAUSED') = (paused_because IS NOT NULL))
);

CREATE INDEX webhooks_client ON webhooks (client_id, id);

-- What waits is sent in the order of the journal, object by object; what was received is the log.
CREATE TABLE webhook_messages (
    id {uuid} NOT NULL PRIMARY KEY,
    webhook_id {uuid} NOT NULL REFERENCES webhooks (id),
    district_id {uuid} NOT NULL REFERENCES areas (id),
    change_id {uuid},
    kind TEXT,
    node TEXT NOT NULL,
    tx BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at {instant} NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at {instant} NOT NULL,
    failing_since {instant},
    last_attempt_at {instant},
    last_status INTEGER,
    last_failure TEXT,
    received_at {instant},
    CONSTRAINT webhook_messages_status CHECK (status IN ('WAITING', 'RECEIVED')),
    CONSTRAINT webhook_messages_received CHECK ((status = 'RECEIVED') = (received_at IS NOT NULL)),
    CONSTRAINT webhook_messages_once UNIQUE (webhook_id, change_id)
);

CREATE INDEX webhook_messages_waiting ON webhook_messages (webhook_id, node, tx, seq) WHERE status = 'WAITING';

CREATE INDEX webhook_messages_log ON webhook_messages (webhook_id, id);

CREATE INDEX webhook_messages_received ON webhook_messages (received_at)
