-- Secret addresses at which calendar clients read the bookings of a zone or of a person. Who has the address reads what its account may know.

CREATE TABLE calendars (
    id {uuid} NOT NULL PRIMARY KEY,
    account_id {uuid} NOT NULL REFERENCES accounts (id),
    -- One zone; null: the bookings that the account made.
    zone_id {uuid} REFERENCES zones (id),
    digest TEXT NOT NULL,
    sealed_secret TEXT NOT NULL,
    created_at {instant} NOT NULL,
    revoked_at {instant},
    CONSTRAINT calendars_digest UNIQUE (digest)
);

CREATE INDEX calendars_account ON calendars (account_id, id);

-- What one person booked.
CREATE INDEX bookings_requested_by ON bookings (requested_by, starts_at)
