-- Documents that partner clients registered, by their hashes, and the clients that may send no others.

CREATE TABLE client_operations (
    id {uuid} NOT NULL PRIMARY KEY,
    client_id {uuid} NOT NULL REFERENCES clients (id),
    hash TEXT NOT NULL,
    name TEXT,
    document TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    registered_at {instant} NOT NULL
);

CREATE UNIQUE INDEX client_operations_hash ON client_operations (hash, client_id);

CREATE INDEX client_operations_client ON client_operations (client_id, id);

ALTER TABLE clients ADD COLUMN registered_only BOOLEAN NOT NULL DEFAULT FALSE;
