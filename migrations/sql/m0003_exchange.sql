-- The exchange: pledges, needs, matches, deliveries, evaluations, contributions. Quantities are whole thousandths, money is whole fen.

CREATE TABLE pledges (
    id {uuid} NOT NULL PRIMARY KEY,
    district_id {uuid} NOT NULL REFERENCES areas (id),
    unit_id {uuid} NOT NULL REFERENCES units (id),
    form TEXT NOT NULL,
    category TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT,
    measure TEXT NOT NULL,
    total BIGINT,
    available BIGINT,
    held BIGINT NOT NULL DEFAULT 0,
    given BIGINT NOT NULL DEFAULT 0,
    per_session BIGINT,
    weekly_hours TEXT,
    audience TEXT,
    conditions TEXT,
    status TEXT NOT NULL,
    reason TEXT,
    -- Listed, but not confirmed for so long that it is hidden until its unit renews it.
    stale BOOLEAN NOT NULL DEFAULT FALSE,
    serves_all BOOLEAN NOT NULL,
    valid_until DATE,
    confirmed_on DATE NOT NULL,
    submitted_by {uuid} REFERENCES accounts (id),
    created_at {instant} NOT NULL,
    CONSTRAINT pledges_sum CHECK ((total IS NULL AND available IS NULL) OR (total IS NOT NULL AND available IS NOT NULL AND total = available + held + given)),
    CONSTRAINT pledges_available CHECK (available IS NULL OR available >= 0),
    CONSTRAINT pledges_held CHECK (held >= 0),
    CONSTRAINT pledges_given CHECK (given >= 0),
    CONSTRAINT pledges_total CHECK (total IS NULL OR total > 0),
    CONSTRAINT pledges_known_status CHECK (
        status IN ('DRAFT', 'SUBMITTED', 'RETURNED', 'LISTED', 'PAUSED', 'EXHAUSTED', 'EXPIRED', 'WITHDRAWN')
    ),
    CONSTRAINT pledges_exhausted CHECK (
        (status <> 'EXHAUSTED' OR COALESCE(available, 1) = 0) AND (status <> 'LISTED' OR COALESCE(available, 1) > 0)
    )
);

CREATE INDEX pledges_unit ON pledges (unit_id, id);

-- postgres: SQLite would take it for the resource list and sort all that is on it, for every page
CREATE INDEX pledges_status ON pledges (status, id);

CREATE INDEX pledges_category ON pledges (category, status, id);

CREATE INDEX pledges_confirmed ON pledges (confirmed_on, id);

-- By what they are not: for states by name SQLite would take pledges_status instead.
CREATE INDEX pledges_to_hide ON pledges (confirmed_on)
    WHERE stale = FALSE AND status NOT IN ('DRAFT', 'SUBMITTED', 'RETURNED', 'PAUSED', 'EXPIRED', 'WITHDRAWN');

CREATE INDEX pledges_validity ON pledges (COALESCE(valid_until, '9999-12-31'), id);

CREATE INDEX pledges_to_expire ON pledges (valid_until)
    WHERE status NOT IN ('DRAFT', 'SUBMITTED', 'RETURNED', 'EXPIRED', 'WITHDRAWN');

CREATE TABLE pledge_areas (
    pledge_id {uuid} NOT NULL REFERENCES pledges (id),
    area_id {uuid} NOT NULL REFERENCES areas (id),
    PRIMARY KEY (pledge_id, area_id)
);

CREATE INDEX pledge_areas_area ON pledge_areas (area_id);

CREATE TABLE needs (
    id {uuid} NOT NULL PRIMARY KEY,
    district_id {uuid} NOT NULL REFERENCES areas (id),
    street_id {uuid} NOT NULL REFERENCES areas (id),
    community_id {uuid} NOT NULL REFERENCES areas (id),
    category TEXT NOT NULL,
    form TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT,
    measure TEXT NOT NULL,
    wanted BIGINT NOT NULL,
    unmatched BIGINT NOT NULL,
    promised BIGINT NOT NULL DEFAULT 0,
    delivered BIGINT NOT NULL DEFAULT 0,
    accepted BIGINT NOT NULL DEFAULT 0,
    urgency INTEGER NOT NULL,
    due_on DATE,
    place TEXT,
    channel TEXT,
    contact_name TEXT,
    contact_phone_sealed TEXT,
    status TEXT NOT NULL,
    -- How far it has been published: who may see and claim it, whatever its status says of its fulfilment.
    publication TEXT NOT NULL,
    reopened BOOLEAN NOT NULL DEFAULT FALSE,
    reason TEXT,
    directed_until {instant},
    -- When the next step is due by itself: window over, escalation, closing.
    next_step_at {instant},
    escalated_to_id {uuid} REFERENCES areas (id),
    submitted_by {uuid} REFERENCES accounts (id),
    created_at {instant} NOT NULL,
    CONSTRAINT needs_sum CHECK (wanted = unmatched + promised + delivered + accepted),
    CONSTRAINT needs_unmatched CHECK (unmatched >= 0),
    CONSTRAINT needs_promised CHECK (promised >= 0),
    CONSTRAINT needs_delivered CHECK (delivered >= 0),
    CONSTRAINT needs_accepted CHECK (accepted >= 0),
    CONSTRAINT needs_wanted CHECK (wanted > 0),
    CONSTRAINT needs_known_status CHECK (
        status IN (
            'DRAFT', 'SUBMITTED', 'RETURNED', 'PUBLISHED_DIRECTED', 'PUBLISHED_OPEN', 'ESCALATED', 'MATCHED', 'IN_PROGRESS', 'DELIVERED',
            'REOPENED', 'ACCEPTED', 'CLOSED', 'WITHDRAWN'
        )
    ),
    CONSTRAINT needs_known_publication CHECK (publication IN ('NONE', 'DIRECTED', 'OPEN', 'ESCALATED')),
    CONSTRAINT needs_ended CHECK (status NOT IN ('CLOSED', 'WITHDRAWN') OR (promised = 0 AND delivered = 0))
);

CREATE INDEX needs_community ON needs (community_id, id);

CREATE INDEX needs_street ON needs (street_id, id);

CREATE INDEX needs_district ON needs (district_id, id);

CREATE INDEX needs_category ON needs (district_id, category, id);

CREATE INDEX needs_status ON needs (status, category, id);

CREATE INDEX needs_due ON needs (COALESCE(due_on, '9999-12-31'), id);

CREATE INDEX needs_district_due ON needs (district_id, COALESCE(due_on, '9999-12-31'), id);

CREATE INDEX needs_urgency ON needs (urgency, COALESCE(due_on, '9999-12-31'), id);

CREATE INDEX needs_district_urgency ON needs (district_id, urgency, COALESCE(due_on, '9999-12-31'), id);

CREATE INDEX needs_next_step ON needs (next_step_at) WHERE next_step_at IS NOT NULL;

-- The units that a need is directed to, fixed when it is published.
CREATE TABLE need_directions (
    need_id {uuid} NOT NULL REFERENCES needs (id),
    unit_id {uuid} NOT NULL REFERENCES units (id),
    PRIMARY KEY (need_id, unit_id)
);

CREATE INDEX need_directions_unit ON need_directions (unit_id, need_id);

CREATE TABLE matches (
    id {uuid} NOT NULL PRIMARY KEY,
    district_id {uuid} NOT NULL REFERENCES areas (id),
    street_id {uuid} NOT NULL REFERENCES areas (id),
    community_id {uuid} NOT NULL REFERENCES areas (id),
    need_id {uuid} REFERENCES needs (id),
    pledge_id {uuid} REFERENCES pledges (id),
    unit_id {uuid} NOT NULL REFERENCES units (id),
    form TEXT NOT NULL,
    category TEXT NOT NULL,
    initiated_by TEXT NOT NULL,
    transfer_of_id {uuid} REFERENCES matches (id),
    measure TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    outstanding BIGINT NOT NULL,
    delivered BIGINT NOT NULL DEFAULT 0,
    accepted BIGINT NOT NULL DEFAULT 0,
    returned BIGINT NOT NULL DEFAULT 0,
    plan TEXT,
    purpose TEXT,
    promised_on DATE,
    status TEXT NOT NULL,
    reason TEXT,
    -- The unit can no longer be relied on: the community should find another.
    reassign BOOLEAN NOT NULL DEFAULT FALSE,
    applied_by {uuid} NOT NULL REFERENCES accounts (id),
    applied_at {instant} NOT NULL,
    confirmed_at {instant},
    completed_at {instant},
    nudged_at {instant},
    -- When the next step is due by itself: lapse, nudge, return, release of the evaluations.
    next_step_at {instant},
    unit_evaluated BOOLEAN NOT NULL DEFAULT FALSE,
    community_evaluated BOOLEAN NOT NULL DEFAULT FALSE,
    evaluations_released_at {instant},
    CONSTRAINT matches_sum CHECK (quantity = outstanding + delivered + accepted + returned),
    CONSTRAINT matches_outstanding CHECK (outstanding >= 0),
    CONSTRAINT matches_delivered CHECK (delivered >= 0),
    CONSTRAINT matches_accepted CHECK (accepted >= 0),
    CONSTRAINT matches_returned CHECK (returned >= 0),
    CONSTRAINT matches_need_or_pledge CHECK (need_id IS NOT NULL OR pledge_id IS NOT NULL OR transfer_of_id IS NOT NULL),
    CONSTRAINT matches_known_status CHECK (
        status IN (
            'APPLIED', 'CONFIRMED', 'FULFILLING', 'DELIVERED', 'COMPLETED', 'REJECTED', 'CANCELLED_BY_UNIT', 'REVOKED_BY_COMMUNITY',
            'TIMED_OUT', 'TRANSFERRED'
        )
    ),
    -- A proposal to hand a match on is APPLIED and may end with a quantity of 0.
    CONSTRAINT matches_status_holds CHECK (
        CASE status
            WHEN 'APPLIED' THEN outstanding = quantity
            WHEN 'CONFIRMED' THEN outstanding = quantity
            WHEN 'FULFILLING' THEN outstanding > 0
            WHEN 'DELIVERED' THEN outstanding = 0 AND delivered > 0
            WHEN 'COMPLETED' THEN outstanding = 0 AND delivered = 0 AND accepted > 0
            ELSE returned = quantity
        END
    )
);

CREATE INDEX matches_need ON matches (need_id, id);

CREATE INDEX matches_pledge ON matches (pledge_id, id);

CREATE INDEX matches_unit ON matches (unit_id, id);

CREATE INDEX matches_community ON matches (community_id, id);

CREATE INDEX matches_street ON matches (street_id, id);

CREATE INDEX matches_district ON matches (district_id, id);

CREATE INDEX matches_promised ON matches (COALESCE(promised_on, '9999-12-31'), id);

CREATE INDEX matches_next_step ON matches (next_step_at) WHERE next_step_at IS NOT NULL;

-- One open proposal to hand a match on.
CREATE UNIQUE INDEX matches_transfer ON matches (transfer_of_id) WHERE status = 'APPLIED';

CREATE TABLE deliveries (
    id {uuid} NOT NULL PRIMARY KEY,
    match_id {uuid} NOT NULL REFERENCES matches (id),
    quantity BIGINT NOT NULL,
    accepted BIGINT,
    delivered_on DATE NOT NULL,
    note TEXT,
    answer TEXT,
    fair_value BIGINT,
    hours BIGINT,
    status TEXT NOT NULL,
    reported_by {uuid} NOT NULL REFERENCES accounts (id),
    reported_at {instant} NOT NULL,
    answered_at {instant},
    -- When the community is reminded that a report waits.
    remind_at {instant},
    CONSTRAINT deliveries_quantity CHECK (quantity > 0),
    CONSTRAINT deliveries_accepted CHECK (accepted IS NULL OR (accepted >= 0 AND accepted <= quantity)),
    CONSTRAINT deliveries_known_status CHECK (status IN ('REPORTED', 'ACCEPTED', 'PARTLY_ACCEPTED', 'REFUSED')),
    CONSTRAINT deliveries_status_says CHECK (
        CASE status
            WHEN 'REPORTED' THEN accepted IS NULL
            WHEN 'ACCEPTED' THEN COALESCE(accepted, -1) = quantity
            WHEN 'REFUSED' THEN COALESCE(accepted, -1) = 0
            ELSE COALESCE(accepted, 0) > 0 AND accepted < quantity
        END
    )
);

CREATE INDEX deliveries_match ON deliveries (match_id, id);

CREATE INDEX deliveries_remind ON deliveries (remind_at) WHERE remind_at IS NOT NULL;

CREATE TABLE evaluations (
    id {uuid} NOT NULL PRIMARY KEY,
    match_id {uuid} NOT NULL REFERENCES matches (id),
    side TEXT NOT NULL,
    grade TEXT NOT NULL,
    comment TEXT,
    given_at {instant} NOT NULL,
    released_at {instant},
    CONSTRAINT evaluations_once_a_side UNIQUE (match_id, side),
    CONSTRAINT evaluations_known_side CHECK (side IN ('UNIT', 'COMMUNITY')),
    CONSTRAINT evaluations_known_grade CHECK (grade IN ('EXCELLENT', 'GOOD', 'FAIR', 'POOR'))
);

CREATE TABLE contributions (
    id {uuid} NOT NULL PRIMARY KEY,
    district_id {uuid} NOT NULL REFERENCES areas (id),
    street_id {uuid} NOT NULL REFERENCES areas (id),
    community_id {uuid} NOT NULL REFERENCES areas (id),
    unit_id {uuid} NOT NULL REFERENCES units (id),
    delivery_id {uuid} NOT NULL REFERENCES deliveries (id),
    form TEXT NOT NULL,
    value BIGINT NOT NULL,
    hours BIGINT,
    recorded_on DATE NOT NULL,
    reverses_id {uuid} REFERENCES contributions (id),
    reason TEXT,
    CONSTRAINT contributions_reversed_once UNIQUE (reverses_id)
);

CREATE INDEX contributions_unit ON contributions (unit_id, recorded_on);

CREATE INDEX contributions_district ON contributions (district_id, recorded_on);

CREATE INDEX contributions_street ON contributions (street_id, recorded_on);

CREATE INDEX contributions_community ON contributions (community_id, recorded_on);

CREATE INDEX contributions_recorded ON contributions (recorded_on, id);

-- One line for each accepted delivery; only lines that take it back may follow.
CREATE UNIQUE INDEX contributions_once ON contributions (delivery_id) WHERE reverses_id IS NULL;

CREATE INDEX contributions_delivery ON contributions (delivery_id)
