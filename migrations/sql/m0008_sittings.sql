-- Canteens and day care: zones with sittings by weekday. Places are reserved for residents, who are counted and never named.

-- The sittings of the week; null: none. The zone takes no bookings meanwhile.
ALTER TABLE zones ADD COLUMN sittings {json};

CREATE TABLE sitting_plans (
    zone_id {uuid} NOT NULL PRIMARY KEY REFERENCES zones (id),
    district_id {uuid} NOT NULL REFERENCES areas (id),
    -- At each sitting.
    seats INTEGER NOT NULL,
    price_bands {json} NOT NULL,
    sponsor TEXT,
    sponsored INTEGER NOT NULL,
    sponsored_left INTEGER NOT NULL,
    licence TEXT NOT NULL,
    licence_until DATE NOT NULL,
    -- When the owner is warned that the licence runs out; null: warned, or no longer planned.
    warn_on DATE,
    CONSTRAINT sitting_plans_seats CHECK (seats > 0),
    CONSTRAINT sitting_plans_sponsored CHECK (sponsored_left BETWEEN 0 AND sponsored)
);

CREATE INDEX sitting_plans_warn ON sitting_plans (warn_on) WHERE warn_on IS NOT NULL;

CREATE INDEX sitting_plans_licence ON sitting_plans (licence_until);

CREATE TABLE reservations (
    id {uuid} NOT NULL PRIMARY KEY,
    district_id {uuid} NOT NULL REFERENCES areas (id),
    venue_id {uuid} NOT NULL REFERENCES venues (id),
    zone_id {uuid} NOT NULL REFERENCES zones (id),
    community_id {uuid} NOT NULL REFERENCES areas (id),
    starts_at {instant} NOT NULL,
    ends_at {instant} NOT NULL,
    -- As they were when it was made; the price in fen.
    price_band TEXT NOT NULL,
    price BIGINT NOT NULL,
    places INTEGER NOT NULL,
    sponsored INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    reserved_by {uuid} NOT NULL REFERENCES accounts (id),
    reserved_at {instant} NOT NULL,
    CONSTRAINT reservations_interval CHECK (starts_at < ends_at),
    CONSTRAINT reservations_price CHECK (price >= 0),
    CONSTRAINT reservations_places CHECK (places > 0),
    CONSTRAINT reservations_sponsored CHECK (sponsored BETWEEN 0 AND places),
    CONSTRAINT reservations_status CHECK (status IN ('RESERVED', 'CANCELLED'))
);

CREATE INDEX reservations_zone ON reservations (zone_id, starts_at);

CREATE INDEX reservations_community ON reservations (community_id, starts_at, id);

CREATE INDEX reservations_venue ON reservations (venue_id, starts_at, id);

CREATE INDEX reservations_starts ON reservations (starts_at, id)
