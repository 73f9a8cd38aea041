-- The spine: facts about the database itself, areas, accounts, sessions, the journal.

CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- An area is one place between two redrawings: it keeps its code, and records keep the area that they were made in.
CREATE TABLE areas (
    id {uuid} NOT NULL PRIMARY KEY,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    level TEXT NOT NULL,
    parent_id {uuid} REFERENCES areas (id),
    district_id {uuid} NOT NULL,
    lineage TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    CONSTRAINT areas_dates CHECK (valid_to IS NULL OR valid_to >= valid_from)
);

-- One bearer of a code at a time; the past keeps its own.
CREATE UNIQUE INDEX areas_current_code ON areas (code) WHERE valid_to IS NULL;

CREATE INDEX areas_code ON areas (code, valid_from);

CREATE INDEX areas_name ON areas (name, id);

CREATE INDEX areas_parent ON areas (parent_id);

CREATE INDEX areas_lineage ON areas (lineage);

-- Days that the State Council's yearly table moves, for years later than those that ship with the program.
CREATE TABLE holidays (
    day DATE NOT NULL PRIMARY KEY,
    year INTEGER NOT NULL,
    working BOOLEAN NOT NULL,
    name TEXT NOT NULL
);

CREATE TABLE accounts (
    id {uuid} NOT NULL PRIMARY KEY,
    login TEXT NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at {instant} NOT NULL,
    disabled_at {instant},
    CONSTRAINT accounts_login UNIQUE (login)
);

-- Counted by login whether or not an account bears it, so that a lock tells nothing about who exists.
CREATE TABLE sign_in_failures (
    login_digest TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at {instant} NOT NULL,
    locked_until {instant}
);

CREATE INDEX sign_in_failures_age ON sign_in_failures (last_at);

CREATE TABLE sessions (
    id {uuid} NOT NULL PRIMARY KEY,
    account_id {uuid} NOT NULL REFERENCES accounts (id),
    created_at {instant} NOT NULL,
    expires_at {instant} NOT NULL,
    ended_at {instant},
    ended_because TEXT
);

CREATE INDEX sessions_account ON sessions (account_id);

CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Every refresh token ever given out in a session, so that a used one that comes back ends the session.
CREATE TABLE refresh_tokens (
    digest TEXT NOT NULL PRIMARY KEY,
    session_id {uuid} NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    used_at {instant}
);

CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

CREATE INDEX refresh_tokens_used ON refresh_tokens (used_at) WHERE used_at IS NOT NULL;

CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    sealed_secret TEXT NOT NULL,
    public_key TEXT NOT NULL,
    created_at {instant} NOT NULL,
    retired_at {instant}
);

-- The one append-only record of change. (tx, seq) orders by commit: on PostgreSQL tx is the transaction's number, added to the
-- fact journal_offset; on SQLite, which has one writer, it is 0.
CREATE TABLE journal (
    id {uuid} NOT NULL PRIMARY KEY,
    tx BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at {instant} NOT NULL,
    kind TEXT NOT NULL,
    node_kind TEXT NOT NULL,
    node_id {uuid} NOT NULL,
    district_id {uuid},
    account_id {uuid},
    role TEXT,
    on_behalf BOOLEAN NOT NULL DEFAULT FALSE,
    -- The public could see the object before this change and cannot after it.
    hides BOOLEAN NOT NULL DEFAULT FALSE,
    detail {json} NOT NULL
);

CREATE UNIQUE INDEX journal_position ON journal (tx, seq);

CREATE INDEX journal_node ON journal (node_id, tx, seq);

-- postgres: the order inside a transaction
CREATE SEQUENCE journal_seq;

-- Refused attempts, kept although the attempt itself left nothing.
CREATE TABLE refused_permissions (
    id {uuid} NOT NULL PRIMARY KEY,
    at {instant} NOT NULL,
    account_id {uuid},
    permission TEXT NOT NULL,
    node_id {uuid}
);

CREATE INDEX refused_permissions_at ON refused_permissions (at);

CREATE TABLE idempotency_keys (
    account_id {uuid} NOT NULL REFERENCES accounts (id),
    idempotency_key TEXT NOT NULL,
    path TEXT NOT NULL,
    request_digest TEXT NOT NULL,
    node_id {uuid} NOT NULL,
    warnings {json} NOT NULL,
    created_at {instant} NOT NULL,
    PRIMARY KEY (account_id, idempotency_key, path)
);

CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- postgres: the words of titles, names and descriptions, cut by a dictionary; a search reads nothing but the key
CREATE TABLE search_words (
    kind TEXT NOT NULL,
    word TEXT NOT NULL,
    district_id {uuid} NOT NULL,
    node_id {uuid} NOT NULL,
    weight INTEGER NOT NULL,
    PRIMARY KEY (kind, word, district_id, node_id) INCLUDE (weight)
);

-- sqlite: the same, and the table is its key
CREATE TABLE search_words (
    kind TEXT NOT NULL,
    word TEXT NOT NULL,
    district_id {uuid} NOT NULL,
    node_id {uuid} NOT NULL,
    weight INTEGER NOT NULL,
    PRIMARY KEY (kind, word, district_id, node_id)
) WITHOUT ROWID;

CREATE INDEX search_words_node ON search_words (node_id);
