-- Time in a venue that was promised by a match: booked for it, and reported as delivered by it.

ALTER TABLE bookings ADD COLUMN match_id {uuid} REFERENCES matches (id);

CREATE INDEX bookings_match ON bookings (match_id, id) WHERE match_id IS NOT NULL;

CREATE INDEX bookings_promised ON bookings (match_id) WHERE match_id IS NOT NULL AND status IN ('REQUESTED', 'APPROVED');

ALTER TABLE deliveries ADD COLUMN booking_id {uuid} REFERENCES bookings (id);

-- A booking is reported once; what was refused can be reported again.
CREATE UNIQUE INDEX deliveries_booking ON deliveries (booking_id) WHERE status <> 'REFUSED'
