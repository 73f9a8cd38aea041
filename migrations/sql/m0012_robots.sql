-- Robots of chat groups that areas are told by. The key of a robot is sealed.

CREATE TABLE robots (
    id {uuid} NOT NULL PRIMARY KEY,
    area_id {uuid} NOT NULL REFERENCES areas (id),
    district_id {uuid} NOT NULL REFERENCES areas (id),
    name TEXT NOT NULL,
    robot_key TEXT NOT NULL,
    kinds {json} NOT NULL,
    digest_at SMALLINT,
    status TEXT NOT NULL,
    paused_because TEXT,
    cursor_tx BIGINT NOT NULL,
    cursor_seq BIGINT NOT NULL,
    digest_on DATE,
    test_wanted BOOLEAN NOT NULL,
    failures INTEGER NOT NULL,
    failing_since {instant},
    last_failure TEXT,
    resting_until {instant} NOT NULL,
    last_received_at {instant},
    created_at {instant} NOT NULL,
    CONSTRAINT robots_status CHECK (status IN ('ACTIVE', 'PAUSED', 'REMOVED')),
    CONSTRAINT robots_paused CHECK ((status = 'PAUSED') = (paused_because IS NOT NULL)),
    CONSTRAINT robots_digest CHECK (digest_at BETWEEN 0 AND 1439)
);

CREATE INDEX robots_area ON robots (area_id, id)
