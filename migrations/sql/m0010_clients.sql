-- Partner organisations' programs. Each is an account without a password; what it proves itself with opens one session for good.

CREATE TABLE clients (
    id {uuid} NOT NULL PRIMARY KEY REFERENCES accounts (id),
    district_id {uuid} NOT NULL REFERENCES areas (id),
    name TEXT NOT NULL,
    scopes {json} NOT NULL,
    origins {json} NOT NULL,
    expires_on DATE,
    created_at {instant} NOT NULL,
    last_used_at {instant},
    revoked_at {instant}
);

CREATE INDEX clients_district ON clients (district_id, id);

CREATE TABLE client_credentials (
    id {uuid} NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    client_id {uuid} NOT NULL REFERENCES clients (id),
    secret_digest TEXT UNIQUE,
    public_key {json},
    created_at {instant} NOT NULL,
    expires_at {instant} NOT NULL,
    CONSTRAINT client_credentials_one CHECK ((secret_digest IS NULL) <> (public_key IS NULL))
);

CREATE INDEX client_credentials_client ON client_credentials (client_id, id);

-- Assertions that were used, until they end: none works twice.
CREATE TABLE client_assertions (
    client_id {uuid} NOT NULL REFERENCES clients (id),
    digest TEXT NOT NULL,
    expires_at {instant} NOT NULL,
    PRIMARY KEY (client_id, digest)
);

CREATE INDEX client_assertions_expiry ON client_assertions (expires_at)
