-- Venues with their function zones and services. Times of day are minutes from midnight, Asia/Shanghai; coordinates are whole millionths of
-- a degree.

CREATE TABLE venues (
    id {uuid} NOT NULL PRIMARY KEY,
    -- Where it lies: its community, its street where it is a street's, its district where it is a district's.
    district_id {uuid} NOT NULL REFERENCES areas (id),
    street_id {uuid} REFERENCES areas (id),
    community_id {uuid} REFERENCES areas (id),
    area_id {uuid} NOT NULL REFERENCES areas (id),
    -- The unit that owns it; where there is none, the area does.
    unit_id {uuid} REFERENCES units (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    address TEXT,
    latitude BIGINT,
    longitude BIGINT,
    hours {json} NOT NULL,
    closures {json} NOT NULL,
    opened_on DATE NOT NULL,
    closed_on DATE,
    created_at {instant} NOT NULL,
    CONSTRAINT venues_kind CHECK (kind IN ('CENTRE', 'STATION', 'POST', 'UNIT_OWNED')),
    CONSTRAINT venues_owner CHECK ((kind = 'UNIT_OWNED') = (unit_id IS NOT NULL)),
    CONSTRAINT venues_point CHECK ((latitude IS NULL) = (longitude IS NULL)),
    CONSTRAINT venues_latitude CHECK (latitude IS NULL OR latitude BETWEEN -90000000 AND 90000000),
    CONSTRAINT venues_longitude CHECK (longitude IS NULL OR longitude BETWEEN -180000000 AND 180000000),
    CONSTRAINT venues_dates CHECK (closed_on IS NULL OR closed_on >= opened_on)
);

CREATE INDEX venues_name ON venues (name, id);

CREATE INDEX venues_community ON venues (community_id, id);

CREATE INDEX venues_street ON venues (street_id, id);

CREATE INDEX venues_district ON venues (district_id, id);

CREATE INDEX venues_unit ON venues (unit_id, id);

CREATE TABLE zones (
    id {uuid} NOT NULL PRIMARY KEY,
    district_id {uuid} NOT NULL REFERENCES areas (id),
    venue_id {uuid} NOT NULL REFERENCES venues (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    capacity INTEGER,
    equipment TEXT,
    -- Its own opening hours; null: those of its venue. Its closures come on top of the venue's.
    hours {json},
    closures {json} NOT NULL,
    -- Minutes that are kept free before and after each booking.
    buffer_before INTEGER NOT NULL,
    buffer_after INTEGER NOT NULL,
    -- How many days ahead it can be booked, and for how many minutes at a time.
    lead_days INTEGER NOT NULL,
    longest_minutes INTEGER NOT NULL,
    -- Whether the owner approves each booking of somebody else's.
    approval BOOLEAN NOT NULL,
    closed_on DATE,
    created_at {instant} NOT NULL,
    CONSTRAINT zones_capacity CHECK (capacity IS NULL OR capacity > 0),
    CONSTRAINT zones_buffers CHECK (buffer_before BETWEEN 0 AND 240 AND buffer_after BETWEEN 0 AND 240),
    CONSTRAINT zones_lead CHECK (lead_days > 0),
    CONSTRAINT zones_longest CHECK (longest_minutes > 0)
);

CREATE INDEX zones_venue ON zones (venue_id, id);

CREATE TABLE venue_services (
    id {uuid} NOT NULL PRIMARY KEY,
    district_id {uuid} NOT NULL REFERENCES areas (id),
    venue_id {uuid} NOT NULL REFERENCES venues (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    provider TEXT,
    hours TEXT,
    how_to_ask TEXT,
    -- In fen; 0: free of charge; null: not said.
    fee BIGINT,
    ended_on DATE,
    created_at {instant} NOT NULL,
    CONSTRAINT venue_services_fee CHECK (fee IS NULL OR fee >= 0)
);

CREATE INDEX venue_services_venue ON venue_services (venue_id, id)
