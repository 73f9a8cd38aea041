-- The tables on SQLite, written by `alliance schema` from a database with all migrations.

CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY,
    login TEXT NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at TEXT NOT NULL,
    disabled_at TEXT,
    CONSTRAINT accounts_login UNIQUE (login)
);

CREATE TABLE alliances (
    id BLOB NOT NULL PRIMARY KEY,
    district_id BLOB NOT NULL REFERENCES areas (id),
    host_id BLOB NOT NULL REFERENCES areas (id),
    name TEXT NOT NULL,
    model TEXT,
    created_at TEXT NOT NULL
);

CREATE INDEX alliances_host ON alliances (host_id);

CREATE INDEX alliances_name ON alliances (name, id);

CREATE TABLE areas (
    id BLOB NOT NULL PRIMARY KEY,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    level TEXT NOT NULL,
    parent_id BLOB REFERENCES areas (id),
    district_id BLOB NOT NULL,
    lineage TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    CONSTRAINT areas_dates CHECK (valid_to IS NULL OR valid_to >= valid_from)
);

CREATE INDEX areas_code ON areas (code, valid_from);

CREATE UNIQUE INDEX areas_current_code ON areas (code) WHERE valid_to IS NULL;

CREATE INDEX areas_lineage ON areas (lineage);

CREATE INDEX areas_name ON areas (name, id);

CREATE INDEX areas_parent ON areas (parent_id);

CREATE TABLE booking_series (
    id BLOB NOT NULL PRIMARY KEY,
    district_id BLOB NOT NULL REFERENCES areas (id),
    zone_id BLOB NOT NULL REFERENCES zones (id),
    rule TEXT NOT NULL,
    skipped TEXT NOT NULL,
    created_at TEXT NOT NULL
);

CREATE TRIGGER bookings_no_overlap BEFORE INSERT ON bookings WHEN NEW.status IN ('REQUESTED', 'APPROVED') AND EXISTS (
    SELECT 1 FROM bookings WHERE zone_id = NEW.zone_id AND id <> NEW.id AND status IN ('REQUESTED', 'APPROVED')
    AND held_from < NEW.held_until AND held_until > NEW.held_from
) BEGIN SELECT RAISE(ABORT, 'bookings_no_overlap'); END;

CREATE TRIGGER bookings_no_overlap_moved BEFORE UPDATE OF zone_id, status, held_from, held_until ON bookings
WHEN NEW.status IN ('REQUESTED', 'APPROVED') AND EXISTS (
    SELECT 1 FROM bookings WHERE zone_id = NEW.zone_id AND id <> NEW.id AND status IN ('REQUESTED', 'APPROVED')
    AND held_from < NEW.held_until AND held_until > NEW.held_from
) BEGIN SELECT RAISE(ABORT, 'bookings_no_overlap'); END;

CREATE TABLE bookings (
    id BLOB NOT NULL PRIMARY KEY,
    district_id BLOB NOT NULL REFERENCES areas (id),
    venue_id BLOB NOT NULL REFERENCES venues (id),
    zone_id BLOB NOT NULL REFERENCES zones (id),
    unit_id BLOB REFERENCES units (id),
    community_id BLOB REFERENCES areas (id),
    series_id BLOB REFERENCES booking_series (id),
    starts_at TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    minutes INTEGER NOT NULL,
    held_from TEXT NOT NULL,
    held_until TEXT NOT NULL,
    purpose TEXT NOT NULL,
    headcount INTEGER,
    activity BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    requested_by BLOB NOT NULL REFERENCES accounts (id),
    requested_at TEXT NOT NULL,
    promoted BOOLEAN NOT NULL,
    next_step_at TEXT, match_id BLOB REFERENCES matches (id),
    CONSTRAINT bookings_interval CHECK (starts_at < ends_at),
    CONSTRAINT bookings_minutes CHECK (minutes > 0),
    CONSTRAINT bookings_held CHECK (held_from <= starts_at AND ends_at <= held_until),
    CONSTRAINT bookings_one_party CHECK ((unit_id IS NULL) <> (community_id IS NULL)),
    CONSTRAINT bookings_headcount CHECK (headcount IS NULL OR headcount > 0),
    CONSTRAINT bookings_status CHECK (
        status IN ('WAITING', 'REQUESTED', 'APPROVED', 'COMPLETED', 'REJECTED', 'CANCELLED', 'EXPIRED', 'NO_SHOW')
    )
);

CREATE INDEX bookings_community ON bookings (community_id, starts_at, id);

CREATE INDEX bookings_live ON bookings (zone_id, held_until) WHERE status IN ('REQUESTED', 'APPROVED');

CREATE INDEX bookings_match ON bookings (match_id, id) WHERE match_id IS NOT NULL;

CREATE INDEX bookings_next_step ON bookings (next_step_at) WHERE next_step_at IS NOT NULL;

CREATE INDEX bookings_of_series ON bookings (series_id, id) WHERE series_id IS NOT NULL;

CREATE INDEX bookings_promised ON bookings (match_id) WHERE match_id IS NOT NULL AND status IN ('REQUESTED', 'APPROVED');

CREATE INDEX bookings_requested_by ON bookings (requested_by, starts_at);

CREATE INDEX bookings_starts ON bookings (starts_at, id);

CREATE INDEX bookings_unit ON bookings (unit_id, starts_at, id);

CREATE INDEX bookings_venue ON bookings (venue_id, starts_at, id);

CREATE INDEX bookings_waiting ON bookings (zone_id, id) WHERE status = 'WAITING';

CREATE INDEX bookings_zone ON bookings (zone_id, starts_at);

CREATE TABLE calendars (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    zone_id BLOB REFERENCES zones (id),
    digest TEXT NOT NULL,
    sealed_secret TEXT NOT NULL,
    created_at TEXT NOT NULL,
    revoked_at TEXT,
    CONSTRAINT calendars_digest UNIQUE (digest)
);

CREATE INDEX calendars_account ON calendars (account_id, id);

CREATE TABLE client_assertions (
    client_id BLOB NOT NULL REFERENCES clients (id),
    digest TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    PRIMARY KEY (client_id, digest)
);

CREATE INDEX client_assertions_expiry ON client_assertions (expires_at);

CREATE TABLE client_credentials (
    id BLOB NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    client_id BLOB NOT NULL REFERENCES clients (id),
    secret_digest TEXT UNIQUE,
    public_key TEXT,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    CONSTRAINT client_credentials_one CHECK ((secret_digest IS NULL) <> (public_key IS NULL))
);

CREATE INDEX client_credentials_client ON client_credentials (client_id, id);

CREATE TABLE client_operations (
    id BLOB NOT NULL PRIMARY KEY,
    client_id BLOB NOT NULL REFERENCES clients (id),
    hash TEXT NOT NULL,
    name TEXT,
    document TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    registered_at TEXT NOT NULL
);

CREATE INDEX client_operations_client ON client_operations (client_id, id);

CREATE UNIQUE INDEX client_operations_hash ON client_operations (hash, client_id);

CREATE TABLE clients (
    id BLOB NOT NULL PRIMARY KEY REFERENCES accounts (id),
    district_id BLOB NOT NULL REFERENCES areas (id),
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    origins TEXT NOT NULL,
    expires_on DATE,
    created_at TEXT NOT NULL,
    last_used_at TEXT,
    revoked_at TEXT
, registered_only BOOLEAN NOT NULL DEFAULT FALSE);

CREATE INDEX clients_district ON clients (district_id, id);

CREATE TABLE co_buildings (
    id BLOB NOT NULL PRIMARY KEY,
    district_id BLOB NOT NULL REFERENCES areas (id),
    venue_id BLOB NOT NULL REFERENCES venues (id),
    unit_id BLOB NOT NULL REFERENCES units (id),
    form TEXT NOT NULL,
    description TEXT NOT NULL,
    value BIGINT NOT NULL,
    since DATE,
    until DATE,
    proposed_by_unit BOOLEAN NOT NULL,
    proposed_by BLOB NOT NULL REFERENCES accounts (id),
    status TEXT NOT NULL,
    reason TEXT,
    created_at TEXT NOT NULL,
    CONSTRAINT co_buildings_value CHECK (value > 0),
    CONSTRAINT co_buildings_status CHECK (status IN ('PROPOSED', 'DECLINED', 'AGREED', 'UNDER_CONSTRUCTION', 'IN_USE', 'ENDED')),
    CONSTRAINT co_buildings_since CHECK (status <> 'IN_USE' OR since IS NOT NULL)
);

CREATE INDEX co_buildings_unit ON co_buildings (unit_id, id);

CREATE INDEX co_buildings_until ON co_buildings (until) WHERE status = 'IN_USE';

CREATE INDEX co_buildings_venue ON co_buildings (venue_id, id);

CREATE TABLE complaints (
    id BLOB NOT NULL PRIMARY KEY,
    district_id BLOB NOT NULL REFERENCES areas (id),
    street_id BLOB REFERENCES areas (id),
    community_id BLOB REFERENCES areas (id),
    handler_id BLOB NOT NULL REFERENCES areas (id),
    kind TEXT NOT NULL,
    receipt_digest TEXT NOT NULL,
    words_sealed TEXT,
    contact_sealed TEXT,
    answer_sealed TEXT,
    transfer_sealed TEXT,
    objection_sealed TEXT,
    earlier_sealed TEXT,
    status TEXT NOT NULL,
    filed_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    answered_at TEXT,
    answered_by BLOB REFERENCES accounts (id),
    next_step_at TEXT,
    CONSTRAINT complaints_receipt UNIQUE (receipt_digest),
    CONSTRAINT complaints_kind CHECK (kind IN ('COMPLAINT', 'SUGGESTION')),
    CONSTRAINT complaints_status CHECK (status IN ('RECEIVED', 'ANSWERED', 'ERASED')),
    CONSTRAINT complaints_place CHECK (community_id IS NULL OR street_id IS NOT NULL),
    CONSTRAINT complaints_words CHECK ((status = 'ERASED') = (words_sealed IS NULL)),
    CONSTRAINT complaints_erased CHECK (words_sealed IS NOT NULL OR COALESCE(contact_sealed, transfer_sealed, objection_sealed, earlier_sealed) IS NULL),
    CONSTRAINT complaints_answer CHECK ((status = 'ANSWERED') = (answer_sealed IS NOT NULL)),
    CONSTRAINT complaints_objection CHECK ((objection_sealed IS NULL) = (earlier_sealed IS NULL)),
    CONSTRAINT complaints_answered CHECK ((status = 'RECEIVED') = (answered_at IS NULL) AND (answered_at IS NULL) = (answered_by IS NULL))
);

CREATE INDEX complaints_community ON complaints (community_id, id);

CREATE INDEX complaints_district ON complaints (district_id, id);

CREATE INDEX complaints_handler ON complaints (handler_id, id) WHERE status = 'RECEIVED';

CREATE INDEX complaints_next_step ON complaints (next_step_at) WHERE next_step_at IS NOT NULL;

CREATE INDEX complaints_street ON complaints (street_id, id);

CREATE TABLE contributions (
    id BLOB NOT NULL PRIMARY KEY,
    district_id BLOB NOT NULL REFERENCES areas (id),
    street_id BLOB NOT NULL REFERENCES areas (id),
    community_id BLOB NOT NULL REFERENCES areas (id),
    unit_id BLOB NOT NULL REFERENCES units (id),
    delivery_id BLOB REFERENCES deliveries (id),
    form TEXT NOT NULL,
    value BIGINT NOT NULL,
    hours BIGINT,
    recorded_on DATE NOT NULL,
    reverses_id BLOB REFERENCES contributions (id),
    reason TEXT,
    co_building_id BLOB REFERENCES co_buildings (id),
    CONSTRAINT contributions_reversed_once UNIQUE (reverses_id),
    CONSTRAINT contributions_source CHECK ((delivery_id IS NULL) <> (co_building_id IS NULL))
);

CREATE UNIQUE INDEX contributions_co_building ON contributions (co_building_id) WHERE reverses_id IS NULL;

CREATE INDEX contributions_community ON contributions (community_id, recorded_on);

CREATE INDEX contributions_delivery ON contributions (delivery_id);

CREATE INDEX contributions_district ON contributions (district_id, recorded_on);

CREATE UNIQUE INDEX contributions_once ON contributions (delivery_id) WHERE reverses_id IS NULL;

CREATE INDEX contributions_recorded ON contributions (recorded_on, id);

CREATE INDEX contributions_street ON contributions (street_id, recorded_on);

CREATE INDEX contributions_unit ON contributions (unit_id, recorded_on);

CREATE TABLE deliveries (
    id BLOB NOT NULL PRIMARY KEY,
    match_id BLOB NOT NULL REFERENCES matches (id),
    quantity BIGINT NOT NULL,
    accepted BIGINT,
    delivered_on DATE NOT NULL,
    note TEXT,
    answer TEXT,
    fair_value BIGINT,
    hours BIGINT,
    status TEXT NOT NULL,
    reported_by BLOB NOT NULL REFERENCES accounts (id),
    reported_at TEXT NOT NULL,
    answered_at TEXT,
    remind_at TEXT, booking_id BLOB REFERENCES bookings (id),
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

CREATE UNIQUE INDEX deliveries_booking ON deliveries (booking_id) WHERE status <> 'REFUSED';

CREATE INDEX deliveries_match ON deliveries (match_id, id);

CREATE INDEX deliveries_remind ON deliveries (remind_at) WHERE remind_at IS NOT NULL;

CREATE TABLE evaluations (
    id BLOB NOT NULL PRIMARY KEY,
    match_id BLOB NOT NULL REFERENCES matches (id),
    side TEXT NOT NULL,
    grade TEXT NOT NULL,
    comment TEXT,
    given_at TEXT NOT NULL,
    released_at TEXT,
    CONSTRAINT evaluations_once_a_side UNIQUE (match_id, side),
    CONSTRAINT evaluations_known_side CHECK (side IN ('UNIT', 'COMMUNITY')),
    CONSTRAINT evaluations_known_grade CHECK (grade IN ('EXCELLENT', 'GOOD', 'FAIR', 'POOR'))
);

CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE holidays (
    day DATE NOT NULL PRIMARY KEY,
    year INTEGER NOT NULL,
    working BOOLEAN NOT NULL,
    name TEXT NOT NULL
);

CREATE TABLE idempotency_keys (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    idempotency_key TEXT NOT NULL,
    path TEXT NOT NULL,
    request_digest TEXT NOT NULL,
    node_id BLOB NOT NULL,
    warnings TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (account_id, idempotency_key, path)
);

CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

CREATE TABLE journal (
    id BLOB NOT NULL PRIMARY KEY,
    tx BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    node_kind TEXT NOT NULL,
    node_id BLOB NOT NULL,
    district_id BLOB,
    account_id BLOB,
    role TEXT,
    on_behalf BOOLEAN NOT NULL DEFAULT FALSE,
    hides BOOLEAN NOT NULL DEFAULT FALSE,
    detail TEXT NOT NULL
);

CREATE INDEX journal_node ON journal (node_id, tx, seq);

CREATE UNIQUE INDEX journal_position ON journal (tx, seq);

CREATE TABLE matches (
    id BLOB NOT NULL PRIMARY KEY,
    district_id BLOB NOT NULL REFERENCES areas (id),
    street_id BLOB NOT NULL REFERENCES areas (id),
    community_id BLOB NOT NULL REFERENCES areas (id),
    need_id BLOB REFERENCES needs (id),
    pledge_id BLOB REFERENCES pledges (id),
    unit_id BLOB NOT NULL REFERENCES units (id),
    form TEXT NOT NULL,
    category TEXT NOT NULL,
    initiated_by TEXT NOT NULL,
    transfer_of_id BLOB REFERENCES matches (id),
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
    reassign BOOLEAN NOT NULL DEFAULT FALSE,
    applied_by BLOB NOT NULL REFERENCES accounts (id),
    applied_at TEXT NOT NULL,
    confirmed_at TEXT,
    completed_at TEXT,
    nudged_at TEXT,
    next_step_at TEXT,
    unit_evaluated BOOLEAN NOT NULL DEFAULT FALSE,
    community_evaluated BOOLEAN NOT NULL DEFAULT FALSE,
    evaluations_released_at TEXT,
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

CREATE INDEX matches_community ON matches (community_id, id);

CREATE INDEX matches_district ON matches (district_id, id);

CREATE INDEX matches_need ON matches (need_id, id);

CREATE INDEX matches_next_step ON matches (next_step_at) WHERE next_step_at IS NOT NULL;

CREATE INDEX matches_pledge ON matches (pledge_id, id);

CREATE INDEX matches_promised ON matches (COALESCE(promised_on, '9999-12-31'), id);

CREATE INDEX matches_street ON matches (street_id, id);

CREATE UNIQUE INDEX matches_transfer ON matches (transfer_of_id) WHERE status = 'APPLIED';

CREATE INDEX matches_unit ON matches (unit_id, id);

CREATE TABLE memberships (
    id BLOB NOT NULL PRIMARY KEY,
    alliance_id BLOB NOT NULL REFERENCES alliances (id),
    unit_id BLOB NOT NULL REFERENCES units (id),
    status TEXT NOT NULL,
    since DATE,
    until DATE,
    agreement TEXT,
    reason TEXT,
    created_at TEXT NOT NULL,
    CONSTRAINT memberships_dates CHECK (since IS NULL OR until IS NULL OR until >= since),
    CONSTRAINT memberships_known_status CHECK (status IN ('INVITED', 'APPLIED', 'ACTIVE', 'SUSPENDED', 'WITHDRAWN', 'EXPIRED'))
);

CREATE INDEX memberships_alliance ON memberships (alliance_id, id);

CREATE UNIQUE INDEX memberships_running ON memberships (alliance_id, unit_id) WHERE status IN ('INVITED', 'APPLIED', 'ACTIVE', 'SUSPENDED');

CREATE INDEX memberships_unit ON memberships (unit_id, id);

CREATE INDEX memberships_until ON memberships (until) WHERE status IN ('ACTIVE', 'SUSPENDED');

CREATE TABLE need_directions (
    need_id BLOB NOT NULL REFERENCES needs (id),
    unit_id BLOB NOT NULL REFERENCES units (id),
    PRIMARY KEY (need_id, unit_id)
);

CREATE INDEX need_directions_unit ON need_directions (unit_id, need_id);

CREATE TABLE needs (
    id BLOB NOT NULL PRIMARY KEY,
    district_id BLOB NOT NULL REFERENCES areas (id),
    street_id BLOB NOT NULL REFERENCES areas (id),
    community_id BLOB NOT NULL REFERENCES areas (id),
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
    publication TEXT NOT NULL,
    reopened BOOLEAN NOT NULL DEFAULT FALSE,
    reason TEXT,
    directed_until TEXT,
    next_step_at TEXT,
    escalated_to_id BLOB REFERENCES areas (id),
    submitted_by BLOB REFERENCES accounts (id),
    created_at TEXT NOT NULL,
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

CREATE INDEX needs_category ON needs (district_id, category, id);

CREATE INDEX needs_community ON needs (community_id, id);

CREATE INDEX needs_district ON needs (district_id, id);

CREATE INDEX needs_district_due ON needs (district_id, COALESCE(due_on, '9999-12-31'), id);

CREATE INDEX needs_district_urgency ON needs (district_id, urgency, COALESCE(due_on, '9999-12-31'), id);

CREATE INDEX needs_due ON needs (COALESCE(due_on, '9999-12-31'), id);

CREATE INDEX needs_next_step ON needs (next_step_at) WHERE next_step_at IS NOT NULL;

CREATE INDEX needs_status ON needs (status, category, id);

CREATE INDEX needs_street ON needs (street_id, id);

CREATE INDEX needs_urgency ON needs (urgency, COALESCE(due_on, '9999-12-31'), id);

CREATE TABLE outsider_districts (
    account_id BLOB NOT NULL REFERENCES outsiders (account_id),
    district_id BLOB NOT NULL REFERENCES areas (id),
    PRIMARY KEY (account_id, district_id)
);

CREATE INDEX outsider_districts_district ON outsider_districts (district_id, account_id);

CREATE TABLE outsiders (
    account_id BLOB NOT NULL PRIMARY KEY REFERENCES accounts (id),
    issuer TEXT NOT NULL
);

CREATE TABLE pairings (
    id BLOB NOT NULL PRIMARY KEY,
    unit_id BLOB NOT NULL REFERENCES units (id),
    community_id BLOB NOT NULL REFERENCES areas (id),
    since DATE NOT NULL,
    until DATE,
    CONSTRAINT pairings_dates CHECK (until IS NULL OR until >= since)
);

CREATE INDEX pairings_community ON pairings (community_id);

CREATE UNIQUE INDEX pairings_running ON pairings (unit_id, community_id) WHERE until IS NULL;

CREATE TABLE picture_contents (
    picture_id BLOB NOT NULL PRIMARY KEY REFERENCES pictures (id),
    content BLOB NOT NULL
);

CREATE TABLE pictures (
    id BLOB NOT NULL PRIMARY KEY,
    district_id BLOB NOT NULL REFERENCES areas (id),
    delivery_id BLOB NOT NULL REFERENCES deliveries (id),
    digest TEXT NOT NULL,
    width INTEGER NOT NULL CHECK (width > 0),
    height INTEGER NOT NULL CHECK (height > 0),
    size INTEGER NOT NULL CHECK (size > 0),
    added_by BLOB NOT NULL REFERENCES accounts (id),
    added_at TEXT NOT NULL,
    UNIQUE (delivery_id, digest)
);

CREATE TABLE pledge_areas (
    pledge_id BLOB NOT NULL REFERENCES pledges (id),
    area_id BLOB NOT NULL REFERENCES areas (id),
    PRIMARY KEY (pledge_id, area_id)
);

CREATE INDEX pledge_areas_area ON pledge_areas (area_id);

CREATE TABLE pledges (
    id BLOB NOT NULL PRIMARY KEY,
    district_id BLOB NOT NULL REFERENCES areas (id),
    unit_id BLOB NOT NULL REFERENCES units (id),
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
    stale BOOLEAN NOT NULL DEFAULT FALSE,
    serves_all BOOLEAN NOT NULL,
    valid_until DATE,
    confirmed_on DATE NOT NULL,
    submitted_by BLOB REFERENCES accounts (id),
    created_at TEXT NOT NULL,
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

CREATE INDEX pledges_category ON pledges (category, status, id);

CREATE INDEX pledges_confirmed ON pledges (confirmed_on, id);

CREATE INDEX pledges_to_expire ON pledges (valid_until)
    WHERE status NOT IN ('DRAFT', 'SUBMITTED', 'RETURNED', 'EXPIRED', 'WITHDRAWN');

CREATE INDEX pledges_to_hide ON pledges (confirmed_on)
    WHERE stale = FALSE AND status NOT IN ('DRAFT', 'SUBMITTED', 'RETURNED', 'PAUSED', 'EXPIRED', 'WITHDRAWN');

CREATE INDEX pledges_unit ON pledges (unit_id, id);

CREATE INDEX pledges_validity ON pledges (COALESCE(valid_until, '9999-12-31'), id);

CREATE TABLE refresh_tokens (
    digest TEXT NOT NULL PRIMARY KEY,
    session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    used_at TEXT
);

CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

CREATE INDEX refresh_tokens_used ON refresh_tokens (used_at) WHERE used_at IS NOT NULL;

CREATE TABLE refused_permissions (
    id BLOB NOT NULL PRIMARY KEY,
    at TEXT NOT NULL,
    account_id BLOB,
    permission TEXT NOT NULL,
    node_id BLOB
);

CREATE INDEX refused_permissions_at ON refused_permissions (at);

CREATE TABLE reservations (
    id BLOB NOT NULL PRIMARY KEY,
    district_id BLOB NOT NULL REFERENCES areas (id),
    venue_id BLOB NOT NULL REFERENCES venues (id),
    zone_id BLOB NOT NULL REFERENCES zones (id),
    community_id BLOB NOT NULL REFERENCES areas (id),
    starts_at TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    price_band TEXT NOT NULL,
    price BIGINT NOT NULL,
    places INTEGER NOT NULL,
    sponsored INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    reserved_by BLOB NOT NULL REFERENCES accounts (id),
    reserved_at TEXT NOT NULL,
    CONSTRAINT reservations_interval CHECK (starts_at < ends_at),
    CONSTRAINT reservations_price CHECK (price >= 0),
    CONSTRAINT reservations_places CHECK (places > 0),
    CONSTRAINT reservations_sponsored CHECK (sponsored BETWEEN 0 AND places),
    CONSTRAINT reservations_status CHECK (status IN ('RESERVED', 'CANCELLED'))
);

CREATE INDEX reservations_community ON reservations (community_id, starts_at, id);

CREATE INDEX reservations_starts ON reservations (starts_at, id);

CREATE INDEX reservations_venue ON reservations (venue_id, starts_at, id);

CREATE INDEX reservations_zone ON reservations (zone_id, starts_at);

CREATE TABLE robots (
    id BLOB NOT NULL PRIMARY KEY,
    area_id BLOB NOT NULL REFERENCES areas (id),
    district_id BLOB NOT NULL REFERENCES areas (id),
    name TEXT NOT NULL,
    robot_key TEXT NOT NULL,
    kinds TEXT NOT NULL,
    digest_at SMALLINT,
    status TEXT NOT NULL,
    paused_because TEXT,
    cursor_tx BIGINT NOT NULL,
    cursor_seq BIGINT NOT NULL,
    digest_on DATE,
    test_wanted BOOLEAN NOT NULL,
    failures INTEGER NOT NULL,
    failing_since TEXT,
    last_failure TEXT,
    resting_until TEXT NOT NULL,
    last_received_at TEXT,
    created_at TEXT NOT NULL,
    CONSTRAINT robots_status CHECK (status IN ('ACTIVE', 'PAUSED', 'REMOVED')),
    CONSTRAINT robots_paused CHECK ((status = 'PAUSED') = (paused_because IS NOT NULL)),
    CONSTRAINT robots_digest CHECK (digest_at BETWEEN 0 AND 1439)
);

CREATE INDEX robots_area ON robots (area_id, id);

CREATE TABLE role_grants (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    role TEXT NOT NULL,
    area_id BLOB REFERENCES areas (id),
    unit_id BLOB REFERENCES units (id),
    valid_from DATE NOT NULL,
    valid_until DATE,
    granted_at TEXT NOT NULL,
    revoked_at TEXT,
    CONSTRAINT role_grants_one_scope CHECK ((area_id IS NULL) <> (unit_id IS NULL))
);

CREATE INDEX role_grants_account ON role_grants (account_id);

CREATE INDEX role_grants_area ON role_grants (area_id);

CREATE INDEX role_grants_unit ON role_grants (unit_id);

CREATE TABLE "seaql_migrations" ( "version" varchar NOT NULL PRIMARY KEY, "applied_at" integer NOT NULL );

CREATE TABLE search_words (
    kind TEXT NOT NULL,
    word TEXT NOT NULL,
    district_id BLOB NOT NULL,
    node_id BLOB NOT NULL,
    weight INTEGER NOT NULL,
    PRIMARY KEY (kind, word, district_id, node_id)
) WITHOUT ROWID;

CREATE INDEX search_words_node ON search_words (node_id);

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    ended_at TEXT,
    ended_because TEXT
);

CREATE INDEX sessions_account ON sessions (account_id);

CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE sign_in_failures (
    login_digest TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at TEXT NOT NULL,
    locked_until TEXT
);

CREATE INDEX sign_in_failures_age ON sign_in_failures (last_at);

CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    sealed_secret TEXT NOT NULL,
    public_key TEXT NOT NULL,
    created_at TEXT NOT NULL,
    retired_at TEXT
);

CREATE TABLE sitting_plans (
    zone_id BLOB NOT NULL PRIMARY KEY REFERENCES zones (id),
    district_id BLOB NOT NULL REFERENCES areas (id),
    seats INTEGER NOT NULL,
    price_bands TEXT NOT NULL,
    sponsor TEXT,
    sponsored INTEGER NOT NULL,
    sponsored_left INTEGER NOT NULL,
    licence TEXT NOT NULL,
    licence_until DATE NOT NULL,
    warn_on DATE,
    CONSTRAINT sitting_plans_seats CHECK (seats > 0),
    CONSTRAINT sitting_plans_sponsored CHECK (sponsored_left BETWEEN 0 AND sponsored)
);

CREATE INDEX sitting_plans_licence ON sitting_plans (licence_until);

CREATE INDEX sitting_plans_warn ON sitting_plans (warn_on) WHERE warn_on IS NOT NULL;

CREATE TABLE units (
    id BLOB NOT NULL PRIMARY KEY,
    district_id BLOB NOT NULL REFERENCES areas (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    track TEXT NOT NULL,
    credit_code TEXT,
    no_credit_code_reason TEXT,
    address TEXT,
    contact_name TEXT,
    contact_phone_sealed TEXT,
    party_secretary TEXT,
    active BOOLEAN NOT NULL DEFAULT FALSE,
    created_at TEXT NOT NULL,
    CONSTRAINT units_credit_code_or_reason CHECK (credit_code IS NOT NULL OR no_credit_code_reason IS NOT NULL)
);

CREATE UNIQUE INDEX units_credit_code ON units (credit_code);

CREATE INDEX units_district ON units (district_id, id);

CREATE INDEX units_name ON units (name, id);

CREATE TABLE venue_services (
    id BLOB NOT NULL PRIMARY KEY,
    district_id BLOB NOT NULL REFERENCES areas (id),
    venue_id BLOB NOT NULL REFERENCES venues (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    provider TEXT,
    hours TEXT,
    how_to_ask TEXT,
    fee BIGINT,
    ended_on DATE,
    created_at TEXT NOT NULL,
    CONSTRAINT venue_services_fee CHECK (fee IS NULL OR fee >= 0)
);

CREATE INDEX venue_services_venue ON venue_services (venue_id, id);

CREATE TABLE venues (
    id BLOB NOT NULL PRIMARY KEY,
    district_id BLOB NOT NULL REFERENCES areas (id),
    street_id BLOB REFERENCES areas (id),
    community_id BLOB REFERENCES areas (id),
    area_id BLOB NOT NULL REFERENCES areas (id),
    unit_id BLOB REFERENCES units (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    address TEXT,
    latitude BIGINT,
    longitude BIGINT,
    hours TEXT NOT NULL,
    closures TEXT NOT NULL,
    opened_on DATE NOT NULL,
    closed_on DATE,
    created_at TEXT NOT NULL,
    CONSTRAINT venues_kind CHECK (kind IN ('CENTRE', 'STATION', 'POST', 'UNIT_OWNED')),
    CONSTRAINT venues_owner CHECK ((kind = 'UNIT_OWNED') = (unit_id IS NOT NULL)),
    CONSTRAINT venues_point CHECK ((latitude IS NULL) = (longitude IS NULL)),
    CONSTRAINT venues_latitude CHECK (latitude IS NULL OR latitude BETWEEN -90000000 AND 90000000),
    CONSTRAINT venues_longitude CHECK (longitude IS NULL OR longitude BETWEEN -180000000 AND 180000000),
    CONSTRAINT venues_dates CHECK (closed_on IS NULL OR closed_on >= opened_on)
);

CREATE INDEX venues_community ON venues (community_id, id);

CREATE INDEX venues_district ON venues (district_id, id);

CREATE INDEX venues_name ON venues (name, id);

CREATE INDEX venues_street ON venues (street_id, id);

CREATE INDEX venues_unit ON venues (unit_id, id);

CREATE TABLE webhook_messages (
    id BLOB NOT NULL PRIMARY KEY,
    webhook_id BLOB NOT NULL REFERENCES webhooks (id),
    district_id BLOB NOT NULL REFERENCES areas (id),
    change_id BLOB,
    kind TEXT,
    node TEXT NOT NULL,
    tx BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at TEXT NOT NULL,
    failing_since TEXT,
    last_attempt_at TEXT,
    last_status INTEGER,
    last_failure TEXT,
    received_at TEXT,
    CONSTRAINT webhook_messages_status CHECK (status IN ('WAITING', 'RECEIVED')),
    CONSTRAINT webhook_messages_received CHECK ((status = 'RECEIVED') = (received_at IS NOT NULL)),
    CONSTRAINT webhook_messages_once UNIQUE (webhook_id, change_id)
);

CREATE INDEX webhook_messages_log ON webhook_messages (webhook_id, id);

CREATE INDEX webhook_messages_received ON webhook_messages (received_at);

CREATE INDEX webhook_messages_waiting ON webhook_messages (webhook_id, node, tx, seq) WHERE status = 'WAITING';

CREATE TABLE webhooks (
    id BLOB NOT NULL PRIMARY KEY,
    client_id BLOB NOT NULL REFERENCES clients (id),
    district_id BLOB NOT NULL REFERENCES areas (id),
    url TEXT NOT NULL,
    kinds TEXT,
    secret TEXT NOT NULL,
    former_secret TEXT,
    former_until TEXT,
    status TEXT NOT NULL,
    paused_because TEXT,
    cursor_tx BIGINT NOT NULL,
    cursor_seq BIGINT NOT NULL,
    failures INTEGER NOT NULL,
    failing_since TEXT,
    resting_until TEXT,
    last_received_at TEXT,
    created_at TEXT NOT NULL,
    CONSTRAINT webhooks_status CHECK (status IN ('ACTIVE', 'PAUSED', 'REMOVED')),
    CONSTRAINT webhooks_paused CHECK ((status = 'PAUSED') = (paused_because IS NOT NULL))
);

CREATE INDEX webhooks_client ON webhooks (client_id, id);

CREATE TABLE zones (
    id BLOB NOT NULL PRIMARY KEY,
    district_id BLOB NOT NULL REFERENCES areas (id),
    venue_id BLOB NOT NULL REFERENCES venues (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    capacity INTEGER,
    equipment TEXT,
    hours TEXT,
    closures TEXT NOT NULL,
    buffer_before INTEGER NOT NULL,
    buffer_after INTEGER NOT NULL,
    lead_days INTEGER NOT NULL,
    longest_minutes INTEGER NOT NULL,
    approval BOOLEAN NOT NULL,
    closed_on DATE,
    created_at TEXT NOT NULL, sittings TEXT,
    CONSTRAINT zones_capacity CHECK (capacity IS NULL OR capacity > 0),
    CONSTRAINT zones_buffers CHECK (buffer_before BETWEEN 0 AND 240 AND buffer_after BETWEEN 0 AND 240),
    CONSTRAINT zones_lead CHECK (lead_days > 0),
    CONSTRAINT zones_longest CHECK (longest_minutes > 0)
);

CREATE INDEX zones_venue ON zones (venue_id, id);
