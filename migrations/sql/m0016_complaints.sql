-- Complaints and suggestions. What was written, whom to call and the answer are sealed; the receipt number is kept as a digest alone.

CREATE TABLE complaints (
    id {uuid} NOT NULL PRIMARY KEY,
    district_id {uuid} NOT NULL REFERENCES areas (id),
    street_id {uuid} REFERENCES areas (id),
    community_id {uuid} REFERENCES areas (id),
    handler_id {uuid} NOT NULL REFERENCES areas (id),
    kind TEXT NOT NULL,
    receipt_digest TEXT NOT NULL,
    words_sealed TEXT,
    contact_sealed TEXT,
    answer_sealed TEXT,
    transfer_sealed TEXT,
    objection_sealed TEXT,
    earlier_sealed TEXT,
    status TEXT NOT NULL,
    filed_at {instant} NOT NULL,
    due_at {instant} NOT NULL,
    answered_at {instant},
    answered_by {uuid} REFERENCES accounts (id),
    next_step_at {instant},
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

CREATE INDEX complaints_district ON complaints (district_id, id);

CREATE INDEX complaints_street ON complaints (street_id, id);

CREATE INDEX complaints_community ON complaints (community_id, id);

CREATE INDEX complaints_handler ON complaints (handler_id, id) WHERE status = 'RECEIVED';

CREATE INDEX complaints_next_step ON complaints (next_step_at) WHERE next_step_at IS NOT NULL
