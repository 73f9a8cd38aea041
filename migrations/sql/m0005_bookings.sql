-- Bookings of zones. Intervals are half-open; what is held is the booking with the zone's buffers around it.

CREATE TABLE booking_series (
    id {uuid} NOT NULL PRIMARY KEY,
    district_id {uuid} NOT NULL REFERENCES areas (id),
    zone_id {uuid} NOT NULL REFERENCES zones (id),
    rule TEXT NOT NULL,
    -- The dates that were left out, because something else was there or the zone was closed.
    skipped {json} NOT NULL,
    created_at {instant} NOT NULL
);

CREATE TABLE bookings (
    id {uuid} NOT NULL PRIMARY KEY,
    district_id {uuid} NOT NULL REFERENCES areas (id),
    venue_id {uuid} NOT NULL REFERENCES venues (id),
    zone_id {uuid} NOT NULL REFERENCES zones (id),
    -- For a unit or for a community.
    unit_id {uuid} REFERENCES units (id),
    community_id {uuid} REFERENCES areas (id),
    series_id {uuid} REFERENCES booking_series (id),
    starts_at {instant} NOT NULL,
    ends_at {instant} NOT NULL,
    -- From one to the other, for sums.
    minutes INTEGER NOT NULL,
    held_from {instant} NOT NULL,
    held_until {instant} NOT NULL,
    purpose TEXT NOT NULL,
    headcount INTEGER,
    -- An activity of the community whose venue it is.
    activity BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    requested_by {uuid} NOT NULL REFERENCES accounts (id),
    requested_at {instant} NOT NULL,
    -- Taken from the waiting list: holds for a day, to be taken up.
    promoted BOOLEAN NOT NULL,
    -- When the next step is due by itself: the hold expires, the booking is over.
    next_step_at {instant},
    CONSTRAINT bookings_interval CHECK (starts_at < ends_at),
    CONSTRAINT bookings_minutes CHECK (minutes > 0),
    CONSTRAINT bookings_held CHECK (held_from <= starts_at AND ends_at <= held_until),
    CONSTRAINT bookings_one_party CHECK ((unit_id IS NULL) <> (community_id IS NULL)),
    CONSTRAINT bookings_headcount CHECK (headcount IS NULL OR headcount > 0),
    CONSTRAINT bookings_status CHECK (
        status IN ('WAITING', 'REQUESTED', 'APPROVED', 'COMPLETED', 'REJECTED', 'CANCELLED', 'EXPIRED', 'NO_SHOW')
    )
);

CREATE INDEX bookings_zone ON bookings (zone_id, starts_at);

CREATE INDEX bookings_live ON bookings (zone_id, held_until) WHERE status IN ('REQUESTED', 'APPROVED');

CREATE INDEX bookings_waiting ON bookings (zone_id, id) WHERE status = 'WAITING';

CREATE INDEX bookings_unit ON bookings (unit_id, starts_at, id);

CREATE INDEX bookings_community ON bookings (community_id, starts_at, id);

CREATE INDEX bookings_venue ON bookings (venue_id, starts_at, id);

CREATE INDEX bookings_starts ON bookings (starts_at, id);

CREATE INDEX bookings_of_series ON bookings (series_id, id) WHERE series_id IS NOT NULL;

CREATE INDEX bookings_next_step ON bookings (next_step_at) WHERE next_step_at IS NOT NULL;

-- No two live bookings of a zone overlap, whatever a program does.

-- postgres: equality in an index of ranges
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- postgres:
ALTER TABLE bookings ADD CONSTRAINT bookings_no_overlap
    EXCLUDE USING gist (zone_id WITH =, tstzrange(held_from, held_until) WITH &&) WHERE (status IN ('REQUESTED', 'APPROVED'));

-- sqlite: it has one writer, so that nothing comes between the look and the write
CREATE TRIGGER bookings_no_overlap BEFORE INSERT ON bookings WHEN NEW.status IN ('REQUESTED', 'APPROVED') AND EXISTS (
    SELECT 1 FROM bookings WHERE zone_id = NEW.zone_id AND id <> NEW.id AND status IN ('REQUESTED', 'APPROVED')
    AND held_from < NEW.held_until AND held_until > NEW.held_from
) BEGIN SELECT RAISE(ABORT, 'bookings_no_overlap'); END;

-- sqlite:
CREATE TRIGGER bookings_no_overlap_moved BEFORE UPDATE OF zone_id, status, held_from, held_until ON bookings
WHEN NEW.status IN ('REQUESTED', 'APPROVED') AND EXISTS (
    SELECT 1 FROM bookings WHERE zone_id = NEW.zone_id AND id <> NEW.id AND status IN ('REQUESTED', 'APPROVED')
    AND held_from < NEW.held_until AND held_until > NEW.held_from
) BEGIN SELECT RAISE(ABORT, 'bookings_no_overlap'); END
