-- Units, alliances, memberships, pairings, and the roles granted on areas and units.

CREATE TABLE units (
    id {uuid} NOT NULL PRIMARY KEY,
    district_id {uuid} NOT NULL REFERENCES areas (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    track TEXT NOT NULL,
    credit_code TEXT,
    no_credit_code_reason TEXT,
    address TEXT,
    contact_name TEXT,
    contact_phone_sealed TEXT,
    party_secretary TEXT,
    -- Whether at least one membership is ACTIVE; kept by every verb that moves a membership.
    active BOOLEAN NOT NULL DEFAULT FALSE,
    created_at {instant} NOT NULL,
    CONSTRAINT units_credit_code_or_reason CHECK (credit_code IS NOT NULL OR no_credit_code_reason IS NOT NULL)
);

CREATE UNIQUE INDEX units_credit_code ON units (credit_code);

CREATE INDEX units_name ON units (name, id);

CREATE INDEX units_district ON units (district_id, id);

CREATE TABLE alliances (
    id {uuid} NOT NULL PRIMARY KEY,
    district_id {uuid} NOT NULL REFERENCES areas (id),
    host_id {uuid} NOT NULL REFERENCES areas (id),
    name TEXT NOT NULL,
    model TEXT,
    created_at {instant} NOT NULL
);

CREATE INDEX alliances_host ON alliances (host_id);

CREATE INDEX alliances_name ON alliances (name, id);

CREATE TABLE memberships (
    id {uuid} NOT NULL PRIMARY KEY,
    alliance_id {uuid} NOT NULL REFERENCES alliances (id),
    unit_id {uuid} NOT NULL REFERENCES units (id),
    status TEXT NOT NULL,
    since DATE,
    until DATE,
    agreement TEXT,
    reason TEXT,
    created_at {instant} NOT NULL,
    CONSTRAINT memberships_dates CHECK (since IS NULL OR until IS NULL OR until >= since),
    CONSTRAINT memberships_known_status CHECK (status IN ('INVITED', 'APPLIED', 'ACTIVE', 'SUSPENDED', 'WITHDRAWN', 'EXPIRED'))
);

-- One running membership of a unit in an alliance; ended ones stay as history.
CREATE UNIQUE INDEX memberships_running ON memberships (alliance_id, unit_id) WHERE status IN ('INVITED', 'APPLIED', 'ACTIVE', 'SUSPENDED');

CREATE INDEX memberships_unit ON memberships (unit_id, id);

CREATE INDEX memberships_alliance ON memberships (alliance_id, id);

CREATE INDEX memberships_until ON memberships (until) WHERE status IN ('ACTIVE', 'SUSPENDED');

CREATE TABLE pairings (
    id {uuid} NOT NULL PRIMARY KEY,
    unit_id {uuid} NOT NULL REFERENCES units (id),
    community_id {uuid} NOT NULL REFERENCES areas (id),
    since DATE NOT NULL,
    until DATE,
    CONSTRAINT pairings_dates CHECK (until IS NULL OR until >= since)
);

CREATE UNIQUE INDEX pairings_running ON pairings (unit_id, community_id) WHERE until IS NULL;

CREATE INDEX pairings_community ON pairings (community_id);

CREATE TABLE role_grants (
    id {uuid} NOT NULL PRIMARY KEY,
    account_id {uuid} NOT NULL REFERENCES accounts (id),
    role TEXT NOT NULL,
    area_id {uuid} REFERENCES areas (id),
    unit_id {uuid} REFERENCES units (id),
    valid_from DATE NOT NULL,
    valid_until DATE,
    granted_at {instant} NOT NULL,
    revoked_at {instant},
    CONSTRAINT role_grants_one_scope CHECK ((area_id IS NULL) <> (unit_id IS NULL))
);

CREATE INDEX role_grants_account ON role_grants (account_id);

CREATE INDEX role_grants_unit ON role_grants (unit_id);

CREATE INDEX role_grants_area ON role_grants (area_id);
