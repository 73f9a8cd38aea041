-- What units put into building the venues of others; its value is a contribution once it is in use.

CREATE TABLE co_buildings (
    id {uuid} NOT NULL PRIMARY KEY,
    district_id {uuid} NOT NULL REFERENCES areas (id),
    venue_id {uuid} NOT NULL REFERENCES venues (id),
    unit_id {uuid} NOT NULL REFERENCES units (id),
    form TEXT NOT NULL,
    description TEXT NOT NULL,
    -- The fair value of the whole term, in fen.
    value BIGINT NOT NULL,
    -- In use since, and agreed until.
    since DATE,
    until DATE,
    proposed_by_unit BOOLEAN NOT NULL,
    proposed_by {uuid} NOT NULL REFERENCES accounts (id),
    status TEXT NOT NULL,
    reason TEXT,
    created_at {instant} NOT NULL,
    CONSTRAINT co_buildings_value CHECK (value > 0),
    CONSTRAINT co_buildings_status CHECK (status IN ('PROPOSED', 'DECLINED', 'AGREED', 'UNDER_CONSTRUCTION', 'IN_USE', 'ENDED')),
    CONSTRAINT co_buildings_since CHECK (status <> 'IN_USE' OR since IS NOT NULL)
);

CREATE INDEX co_buildings_venue ON co_buildings (venue_id, id);

CREATE INDEX co_buildings_unit ON co_buildings (unit_id, id);

CREATE INDEX co_buildings_until ON co_buildings (until) WHERE status = 'IN_USE';

-- A ledger line comes from an accepted delivery or from a co-building that is in use.

-- postgres:
ALTER TABLE contributions ALTER COLUMN delivery_id DROP NOT NULL;

-- postgres:
ALTER TABLE contributions ADD COLUMN co_building_id {uuid} REFERENCES co_buildings (id);

-- postgres:
ALTER TABLE contributions ADD CONSTRAINT contributions_source CHECK ((delivery_id IS NULL) <> (co_building_id IS NULL));

-- sqlite: a table is made anew where a column is to take nulls
CREATE TABLE contributions_kept AS SELECT * FROM contributions;

-- sqlite:
DROP TABLE contributions;

-- sqlite:
CREATE TABLE contributions (
    id {uuid} NOT NULL PRIMARY KEY,
    district_id {uuid} NOT NULL REFERENCES areas (id),
    street_id {uuid} NOT NULL REFERENCES areas (id),
    community_id {uuid} NOT NULL REFERENCES areas (id),
    unit_id {uuid} NOT NULL REFERENCES units (id),
    delivery_id {uuid} REFERENCES deliveries (id),
    form TEXT NOT NULL,
    value BIGINT NOT NULL,
    hours BIGINT,
    recorded_on DATE NOT NULL,
    reverses_id {uuid} REFERENCES contributions (id),
    reason TEXT,
    co_building_id {uuid} REFERENCES co_buildings (id),
    CONSTRAINT contributions_reversed_once UNIQUE (reverses_id),
    CONSTRAINT contributions_source CHECK ((delivery_id IS NULL) <> (co_building_id IS NULL))
);

-- sqlite: by key, so that what is reversed comes before what reverses it
INSERT INTO contributions (id, district_id, street_id, community_id, unit_id, delivery_id, form, value, hours, recorded_on, reverses_id, reason)
SELECT id, district_id, street_id, community_id, unit_id, delivery_id, form, value, hours, recorded_on, reverses_id, reason
FROM contributions_kept ORDER BY id;

-- sqlite:
DROP TABLE contributions_kept;

-- sqlite:
CREATE INDEX contributions_unit ON contributions (unit_id, recorded_on);

-- sqlite:
CREATE INDEX contributions_district ON contributions (district_id, recorded_on);

-- sqlite:
CREATE INDEX contributions_street ON contributions (street_id, recorded_on);

-- sqlite:
CREATE INDEX contributions_community ON contributions (community_id, recorded_on);

-- sqlite:
CREATE INDEX contributions_recorded ON contributions (recorded_on, id);

-- sqlite:
CREATE UNIQUE INDEX contributions_once ON contributions (delivery_id) WHERE reverses_id IS NULL;

-- sqlite:
CREATE INDEX contributions_delivery ON contributions (delivery_id);

-- A co-building is counted once.
CREATE UNIQUE INDEX contributions_co_building ON contributions (co_building_id) WHERE reverses_id IS NULL
