//! What must hold at the end of every story, asked of the tables: quantities add up on each row and from row to row, every state agrees
//! with its quantities, and the ledger has one line for each accepted delivery.

use super::app::TestApp;

/// What a row breaks, and a query for the rows that break it, with their text.
const RULES: &[(&str, &str)] = &[
    (
        "a need is the sum of its parts",
        "SELECT title FROM needs WHERE wanted <> unmatched + promised + delivered + accepted
         OR unmatched < 0 OR promised < 0 OR delivered < 0 OR accepted < 0",
    ),
    (
        "a pledge is the sum of its parts",
        "SELECT title FROM pledges WHERE (total IS NULL) <> (available IS NULL) OR total <> available + held + given
         OR available < 0 OR held < 0 OR given < 0",
    ),
    (
        "a match is the sum of its parts",
        "SELECT status FROM matches WHERE quantity <> outstanding + delivered + accepted + returned
         OR outstanding < 0 OR delivered < 0 OR accepted < 0 OR returned < 0",
    ),
    (
        "what a need counts as promised, delivered and accepted is what its matches hold",
        "SELECT n.title FROM needs n LEFT JOIN matches m ON m.need_id = n.id GROUP BY n.id, n.title, n.promised, n.delivered, n.accepted
         HAVING n.promised <> COALESCE(SUM(m.outstanding), 0) OR n.delivered <> COALESCE(SUM(m.delivered), 0)
         OR n.accepted <> COALESCE(SUM(m.accepted), 0)",
    ),
    (
        "what a pledge counts as held and given is what its matches hold",
        "SELECT p.title FROM pledges p LEFT JOIN matches m ON m.pledge_id = p.id GROUP BY p.id, p.title, p.held, p.given
         HAVING p.held <> COALESCE(SUM(m.outstanding + m.delivered), 0) OR p.given <> COALESCE(SUM(m.accepted), 0)",
    ),
    (
        "what a match counts as delivered is what its unanswered reports say",
        "SELECT m.status FROM matches m LEFT JOIN deliveries d ON d.match_id = m.id AND d.status = 'REPORTED'
         GROUP BY m.id, m.status, m.delivered HAVING m.delivered <> COALESCE(SUM(d.quantity), 0)",
    ),
    (
        "what a match counts as accepted is what was accepted of its reports",
        "SELECT m.status FROM matches m LEFT JOIN deliveries d ON d.match_id = m.id
         GROUP BY m.id, m.status, m.accepted HAVING m.accepted <> COALESCE(SUM(d.accepted), 0)",
    ),
    (
        "the state of a report says what was accepted of it",
        "SELECT status FROM deliveries WHERE NOT CASE status
         WHEN 'REPORTED' THEN accepted IS NULL WHEN 'REFUSED' THEN COALESCE(accepted, 0) = 0
         WHEN 'ACCEPTED' THEN accepted = quantity WHEN 'PARTLY_ACCEPTED' THEN accepted > 0 AND accepted < quantity
         ELSE 1 = 0 END",
    ),
    (
        "the state of a match says what it holds",
        "SELECT status FROM matches WHERE NOT CASE status
         WHEN 'APPLIED' THEN delivered = 0 AND accepted = 0 AND returned = 0
         WHEN 'CONFIRMED' THEN outstanding = quantity
         WHEN 'FULFILLING' THEN outstanding > 0
         WHEN 'DELIVERED' THEN outstanding = 0 AND delivered > 0
         WHEN 'COMPLETED' THEN outstanding = 0 AND delivered = 0 AND accepted > 0
         ELSE returned = quantity END",
    ),
    (
        "a match that ended with something returned, or with nothing accepted, says why",
        "SELECT status FROM matches WHERE status IN ('REJECTED', 'CANCELLED_BY_UNIT', 'REVOKED_BY_COMMUNITY', 'TIMED_OUT', 'TRANSFERRED')
         AND COALESCE(reason, '') = ''",
    ),
    (
        "the state of a published need follows from its quantities",
        "SELECT title FROM needs WHERE status NOT IN ('CLOSED', 'WITHDRAWN') AND publication <> 'NONE' AND status <> CASE
         WHEN unmatched > 0 AND publication = 'DIRECTED' THEN 'PUBLISHED_DIRECTED'
         WHEN unmatched > 0 AND publication = 'OPEN' THEN 'PUBLISHED_OPEN'
         WHEN unmatched > 0 THEN 'ESCALATED'
         WHEN accepted = wanted THEN 'ACCEPTED'
         WHEN promised = 0 THEN 'DELIVERED'
         WHEN reopened THEN 'REOPENED'
         WHEN delivered = 0 AND accepted = 0 THEN 'MATCHED'
         ELSE 'IN_PROGRESS' END",
    ),
    (
        "nobody holds anything of a need that is not published or has ended",
        "SELECT title FROM needs WHERE (status IN ('DRAFT', 'SUBMITTED', 'RETURNED') AND unmatched <> wanted)
         OR (status IN ('CLOSED', 'WITHDRAWN') AND promised + delivered > 0)",
    ),
    (
        "a pledge is exhausted exactly while nothing of it is available",
        "SELECT title FROM pledges WHERE (status = 'EXHAUSTED' AND (available IS NULL OR available <> 0))
         OR (status = 'LISTED' AND available = 0)",
    ),
    (
        "nothing is accepted without a line in the ledger, and no line is without an acceptance",
        "SELECT d.status FROM deliveries d LEFT JOIN contributions c ON c.delivery_id = d.id AND c.reverses_id IS NULL
         GROUP BY d.id, d.status, d.accepted HAVING COUNT(c.id) <> CASE WHEN COALESCE(d.accepted, 0) > 0 THEN 1 ELSE 0 END",
    ),
    (
        "a line of the ledger names the unit and the community of its match",
        "SELECT c.form FROM contributions c JOIN deliveries d ON d.id = c.delivery_id JOIN matches m ON m.id = d.match_id
         WHERE c.unit_id <> m.unit_id OR c.community_id <> m.community_id OR c.street_id <> m.street_id OR c.district_id <> m.district_id",
    ),
    (
        "a reversing line takes back what its line gave",
        "SELECT r.form FROM contributions r JOIN contributions c ON c.id = r.reverses_id
         WHERE r.value <> -c.value OR COALESCE(r.hours, 0) <> -COALESCE(c.hours, 0) OR c.reverses_id IS NOT NULL",
    ),
    (
        "no two live bookings of a zone overlap, buffers included",
        "SELECT a.purpose FROM bookings a JOIN bookings b ON b.zone_id = a.zone_id AND b.id > a.id
         WHERE a.status IN ('REQUESTED', 'APPROVED') AND b.status IN ('REQUESTED', 'APPROVED')
         AND a.held_from < b.held_until AND b.held_from < a.held_until",
    ),
    (
        "a co-building that was put in use has its line in the ledger, and no other has",
        "SELECT b.status FROM co_buildings b LEFT JOIN contributions c ON c.co_building_id = b.id AND c.reverses_id IS NULL
         WHERE (b.since IS NULL) <> (c.id IS NULL) OR c.value <> b.value OR c.unit_id <> b.unit_id",
    ),
    (
        "no more places of a sitting are reserved than it has",
        "SELECT r.starts_at FROM reservations r JOIN sitting_plans p ON p.zone_id = r.zone_id WHERE r.status = 'RESERVED'
         GROUP BY r.zone_id, r.starts_at, p.seats HAVING SUM(r.places) > p.seats",
    ),
    (
        "what is left of sponsored places is what was not reserved",
        "SELECT p.licence FROM sitting_plans p WHERE p.sponsored - p.sponsored_left <>
         (SELECT COALESCE(SUM(r.sponsored), 0) FROM reservations r WHERE r.zone_id = p.zone_id AND r.status = 'RESERVED')",
    ),
    (
        "promised time is of the match's unit and for its community",
        "SELECT b.purpose FROM bookings b JOIN matches m ON m.id = b.match_id JOIN venues v ON v.id = b.venue_id
         WHERE m.form <> 'VENUE_TIME' OR v.unit_id IS NULL OR v.unit_id <> m.unit_id OR b.community_id <> m.community_id",
    ),
    (
        "a booking that is over waits for no step",
        "SELECT purpose FROM bookings WHERE (next_step_at IS NULL) = (status IN ('WAITING', 'REQUESTED', 'APPROVED'))",
    ),
    (
        "a unit is active exactly while a membership of it is",
        "SELECT u.name FROM units u WHERE u.active <> EXISTS (SELECT 1 FROM memberships m WHERE m.unit_id = u.id AND m.status = 'ACTIVE')",
    ),
];

impl TestApp {
    /// Asks every rule; the failure names the rules and the rows.
    pub async fn check_invariants(&self) {
        let mut broken = Vec::new();
        for (rule, query) in RULES {
            for row in self.rows(query).await {
                let what: String = row.try_get_by_index(0).expect("a text");
                broken.push(format!("{rule}: {what}"));
            }
        }
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }
}
