//! The table of the walk.

use super::Cell::*;
use super::stock::Stock;
use super::{Cell, Row};
use crate::support::{Actor, Id, PASSWORD, World};

fn list<'a>(field: &'static str, filter: &str, cells: Vec<(&'static str, &'a Actor, Cell)>) -> Row<'a> {
    Row { field, document: format!("{{ {field}{filter} {{ totalCount nodes {{ __typename }} }} }}"), cells }
}

fn verb<'a>(field: &'static str, arguments: String, cells: Vec<(&'static str, &'a Actor, Cell)>) -> Row<'a> {
    let flag = matches!(field, "signOut" | "changePassword");
    let result = if flag { "result" } else { "result { __typename }" };
    let arguments = if arguments.is_empty() { arguments } else { format!("({arguments})") };
    Row { field, document: format!("mutation {{ {field}{arguments} {{ {result} refusals {{ code }} }} }}"), cells }
}

pub(super) fn queries<'a>(w: &'a World, s: &Stock, nobody: &'a Actor) -> Vec<Row<'a>> {
    let of = |a, b, c| vec![("nobody", nobody, a), ("secretary2", &w.secretary2, b), ("secretary", &w.secretary, c)];
    let draft = s.draft.id();
    vec![
        Row { field: "node", document: format!("{{ node(id: \"{draft}\") {{ id }} }}"), cells: of(Null, Null, Data) },
        Row { field: "nodes", document: format!("{{ nodes(ids: [\"{draft}\"]) {{ id }} }}"), cells: of(Null, Null, Data) },
        Row { field: "viewer", document: "{ viewer { id name grants { role } } }".to_owned(), cells: of(Null, Data, Data) },
        Row { field: "area", document: "{ area(code: \"220303\") { id } }".to_owned(), cells: of(Data, Data, Data) },
        list("areas", "", of(Sees(6), Sees(6), Sees(6))),
        list("alliances", "", of(Sees(2), Sees(2), Sees(2))),
        list("units", "", of(Sees(5), Sees(5), Sees(5))),
        list(
            "pledges",
            "",
            vec![
                ("nobody", nobody, Sees(2)),
                ("unit2", &w.unit2, Sees(2)),
                ("unit", &w.unit, Sees(5)),
                ("street", &w.street, Sees(5)),
                ("secretary", &w.secretary, Sees(2)),
                ("auditor", &w.auditor, Sees(5)),
                ("partner", &w.partner, Sees(2)),
            ],
        ),
        list(
            "needs",
            "",
            vec![
                ("nobody", nobody, Sees(1)),
                ("unit2", &w.unit2, Sees(1)),
                ("secretary2", &w.secretary2, Sees(1)),
                ("partner", &w.partner, Sees(1)),
                ("unit", &w.unit, Sees(2)),
                ("secretary", &w.secretary, Sees(4)),
                ("street", &w.street, Sees(4)),
                ("auditor", &w.auditor, Sees(4)),
            ],
        ),
        list(
            "matches",
            "",
            vec![
                ("nobody", nobody, Sees(0)),
                ("unit2", &w.unit2, Sees(0)),
                ("secretary2", &w.secretary2, Sees(0)),
                ("partner", &w.partner, Sees(0)),
                ("unit", &w.unit, Sees(5)),
                ("secretary", &w.secretary, Sees(5)),
                ("auditor", &w.auditor, Sees(5)),
            ],
        ),
        Row {
            field: "statistics",
            document: "{ statistics(from: \"2025-01-01\", to: \"2025-12-31\") { memberUnits contributionTotal } }".to_owned(),
            cells: of(Data, Data, Data),
        },
        Row { field: "changes", document: "{ changes { cursor changes { id } } }".to_owned(), cells: of(Data, Data, Data) },
        list("venues", "", of(Sees(3), Sees(3), Sees(3))),
        Row { field: "calendars", document: "{ calendars { id } }".to_owned(), cells: of(Data, Data, Data) },
        list(
            "reservations",
            "",
            vec![
                ("nobody", nobody, Sees(0)),
                ("unit", &w.unit, Sees(0)),
                ("secretary", &w.secretary, Sees(1)),
                ("secretary2", &w.secretary2, Sees(1)),
                ("auditor", &w.auditor, Sees(1)),
            ],
        ),
        list("bookings", "", of(Sees(0), Sees(1), Sees(6))),
        list(
            "accounts",
            "",
            vec![
                ("nobody", nobody, Unauthenticated),
                ("street", &w.street, Forbidden("MANAGE_ACCOUNTS")),
                ("auditor", &w.auditor, Forbidden("MANAGE_ACCOUNTS")),
                ("district", &w.district, Sees(12)),
            ],
        ),
        list(
            "clients",
            "",
            vec![
                ("nobody", nobody, Unauthenticated),
                ("street", &w.street, Forbidden("MANAGE_CLIENTS")),
                ("partner", &w.partner, Forbidden("MANAGE_CLIENTS")),
                ("district", &w.district, Sees(1)),
            ],
        ),
        list(
            "robots",
            "",
            vec![
                ("nobody", nobody, Unauthenticated),
                ("unit", &w.unit, Forbidden("MANAGE_ROBOTS")),
                ("secretary2", &w.secretary2, Sees(0)),
                ("secretary", &w.secretary, Sees(1)),
                ("street", &w.street, Sees(1)),
            ],
        ),
        list(
            "complaints",
            "",
            vec![
                ("nobody", nobody, Sees(0)),
                ("unit", &w.unit, Sees(0)),
                ("partner", &w.partner, Sees(0)),
                ("auditor", &w.auditor, Sees(0)),
                ("secretary2", &w.secretary2, Sees(0)),
                ("secretary", &w.secretary, Sees(1)),
                ("district", &w.district, Sees(1)),
            ],
        ),
        Row { field: "complaint", document: "{ complaint(receipt: \"0000000000000000\") { id } }".to_owned(), cells: of(Null, Null, Null) },
        list(
            "journal",
            "(filter: { kind: [MATCH_COMPLETED] })",
            vec![
                ("nobody", nobody, Unauthenticated),
                ("secretary", &w.secretary, Forbidden("READ_JOURNAL")),
                ("street", &w.street, Forbidden("READ_JOURNAL")),
                ("partner", &w.partner, Forbidden("READ_JOURNAL")),
                ("district", &w.district, Sees(1)),
                ("auditor", &w.auditor, Sees(1)),
            ],
        ),
    ]
}

/// Who lacks what, then who may; nobody at all is asked to sign in.
macro_rules! cells {
    ($nobody:expr, $w:expr; $($who:ident $cell:expr),+) => {
        vec![("nobody", $nobody, Unauthenticated), $((stringify!($who), &$w.$who, $cell)),+]
    };
}

/// The verbs that take a dry run.
pub(super) fn mutations<'a>(w: &'a World, s: &Stock, nobody: &'a Actor) -> Vec<Row<'a>> {
    let id = |id: &str| format!("id: \"{id}\"");
    let why = |id: &str| format!("id: \"{id}\", reason: \"情况有变\"");
    let answer = Forbidden("ANSWER_MATCH");
    let need = Forbidden("MANAGE_NEED");
    let pledge = Forbidden("MANAGE_PLEDGE");
    macro_rules! row {
        ($field:expr, $arguments:expr; $($who:ident $cell:expr),+) => {
            verb($field, $arguments, cells![nobody, w; $($who $cell),+])
        };
    }
    let mut rows = vec![
        row!["addArea", format!("input: {{ parent: \"{}\", level: COMMUNITY, code: \"220303006009\", name: \"春晖社区\" }}", w.beimen);
            street Forbidden("MANAGE_AREAS"), auditor Forbidden("MANAGE_AREAS"), district Data],
        row!["renameArea", format!("id: \"{}\", name: \"桃园社区\"", w.taoyuan); secretary Forbidden("MANAGE_AREAS"), district Data],
        row!["splitArea", format!(
            "input: {{ area: \"{}\", on: \"2025-07-01\", into: [{{ code: \"220303006008\", name: \"紫薇社区\" }}] }}", w.ziwei);
            street Forbidden("MANAGE_AREAS"), district Data],
        row!["loadHolidays", format!("district: \"{}\", table: \"[2031]\\n\\\"元旦\\\" = {{ from = 2031-01-01 }}\"", w.tiedong);
            street Forbidden("MANAGE_HOLIDAYS"), district Data],
        row!["addUnit", format!(
            "input: {{ district: \"{}\", name: \"图书馆\", kind: SCHOOL, track: UNIT, noCreditCodeReason: \"分支机构\" }}", w.tiedong);
            street Forbidden("MANAGE_UNITS"), unit Forbidden("MANAGE_UNITS"), district Data],
        row!["updateUnit", format!("input: {{ id: \"{}\", name: \"神农\" }}", w.shennong); unit Forbidden("MANAGE_UNITS"), district Data],
        row!["foundAlliance", format!("input: {{ host: \"{}\", name: \"桃源联盟\" }}", w.taoyuan);
            street2 Forbidden("MANAGE_ALLIANCES"), unit Forbidden("MANAGE_ALLIANCES"), secretary Data, street Data, district Data],
        row!["updateAlliance", format!("input: {{ id: \"{}\", name: \"北门联盟\" }}", w.beimen_alliance);
            street2 Forbidden("MANAGE_ALLIANCES"), secretary Forbidden("MANAGE_ALLIANCES"), street Data],
        row!["inviteUnit", format!("input: {{ alliance: \"{}\", unit: \"{}\" }}", w.beimen_alliance, w.kunbo);
            street2 Forbidden("MANAGE_MEMBERSHIPS"), unit2 Forbidden("MANAGE_MEMBERSHIPS"), street Data],
        row!["applyToAlliance", format!("input: {{ alliance: \"{}\", unit: \"{}\" }}", w.beimen_alliance, w.kunbo);
            unit Forbidden("JOIN_ALLIANCE"), street Forbidden("JOIN_ALLIANCE"), unit2 Data],
        row!["admitMembership", id(s.applicant.id());
            street2 Forbidden("MANAGE_MEMBERSHIPS"), hospital_a Forbidden("MANAGE_MEMBERSHIPS"), street Data],
        row!["suspendMembership", why(&s.member);
            street2 Forbidden("MANAGE_MEMBERSHIPS"), unit Forbidden("MANAGE_MEMBERSHIPS"), street Data],
        row!["resumeMembership", id(s.suspended.id()); legal Forbidden("MANAGE_MEMBERSHIPS"), street Data],
        row!["leaveAlliance", why(&s.member); unit2 Forbidden("JOIN_ALLIANCE"), street Forbidden("JOIN_ALLIANCE"), unit Data],
        row!["pairUnit", format!("input: {{ unit: \"{}\", community: \"{}\" }}", w.shennong, w.ziwei);
            secretary Forbidden("MANAGE_PAIRINGS"), unit Forbidden("MANAGE_PAIRINGS"), street Data],
        row!["endPairing", format!("input: {{ unit: \"{}\", community: \"{}\", reason: \"调整结对\" }}", w.shennong, w.taoyuan);
            secretary2 Forbidden("MANAGE_PAIRINGS"), unit Forbidden("MANAGE_PAIRINGS"), secretary Data],
        row!["disableAccount", id(&s.partner); street Forbidden("MANAGE_ACCOUNTS"), partner Forbidden("MANAGE_ACCOUNTS"), district Data],
        row!["grantRole", format!("input: {{ account: \"{}\", role: AUDITOR, area: \"{}\" }}", s.partner, w.beimen);
            partner Forbidden("MANAGE_ACCOUNTS"), street Forbidden("MANAGE_ACCOUNTS"), district Data],
        row!["updateClient", format!("input: {{ id: \"{}\", name: \"掌上铁东 2\" }}", s.client.id());
            street NotFound, partner NotFound, auditor NotFound, district Data],
        row!["updateWebhook", format!("input: {{ id: \"{}\", kinds: [GONE] }}", s.webhook.id());
            street NotFound, partner NotFound, auditor NotFound, district Data],
        row!["pauseWebhook", id(s.webhook.id()); street NotFound, partner NotFound, auditor NotFound, district Data],
        row!["resumeWebhook", id(s.webhook.id()); street NotFound, partner NotFound, auditor NotFound, district Data],
        row!["testWebhook", id(s.webhook.id()); street NotFound, partner NotFound, auditor NotFound, district Data],
        row!["replayWebhook", format!("{}, since: \"2025-03-10T00:00:00Z\"", id(s.webhook.id()));
            street NotFound, partner NotFound, auditor NotFound, district Data],
        row!["replayWebhookMessage", id(s.message.id()); street NotFound, partner NotFound, auditor NotFound, district Data],
        row!["removeWebhook", id(s.webhook.id()); street NotFound, partner NotFound, auditor NotFound, district Data],
        verb(
            "fileComplaint",
            format!("input: {{ area: \"{}\", kind: SUGGESTION, words: \"多放几把椅子\" }}", w.taoyuan),
            vec![("nobody", nobody, Refused("HEADER_NOT_ALLOWED")), ("unit", &w.unit, Data)],
        ),
        verb(
            "objectToAnswer",
            "input: { receipt: \"0000000000000000\", words: \"没有修好\" }".to_owned(),
            vec![("nobody", nobody, Refused("HEADER_NOT_ALLOWED")), ("unit", &w.unit, NotFound)],
        ),
        row!["answerComplaint", format!("input: {{ id: \"{}\", answer: \"已修好\" }}", s.complaint);
            secretary2 NotFound, unit NotFound, auditor NotFound, secretary Data],
        row!["transferComplaint", format!("input: {{ id: \"{}\", area: \"{}\", reason: \"街道办理\" }}", s.complaint, w.beimen);
            secretary2 NotFound, unit NotFound, street Data],
        row!["addRobot", format!("input: {{ area: \"{}\", name: \"工作群\", key: \"693a91f6-7b0c-4bc4-97a0-0ec2f1fa5aaa\" }}", w.taoyuan);
            secretary2 Forbidden("MANAGE_ROBOTS"), unit Forbidden("MANAGE_ROBOTS"), auditor Forbidden("MANAGE_ROBOTS"), secretary Data],
        row!["updateRobot", format!("input: {{ id: \"{}\", name: \"书记群\" }}", s.robot.id()); secretary2 NotFound, unit NotFound, street Data],
        row!["pauseRobot", id(s.robot.id()); secretary2 NotFound, unit NotFound, secretary Data],
        row!["resumeRobot", id(s.robot.id()); secretary2 NotFound, unit NotFound, secretary Data],
        row!["testRobot", id(s.robot.id()); secretary2 NotFound, unit NotFound, secretary Data],
        row!["removeRobot", id(s.robot.id()); secretary2 NotFound, unit NotFound, secretary Data],
        row!["registerOperations", format!("input: {{ client: \"{}\", operations: [{{ document: \"{{ __typename }}\" }}] }}", s.client.id());
            street NotFound, partner NotFound, auditor NotFound, district Data],
        row!["revokeClient", id(s.client.id()); street NotFound, partner NotFound, auditor NotFound, district Data],
        row!["revokeRole", id(&s.grant); partner Forbidden("MANAGE_ACCOUNTS"), district Data],
        row!["pledgeResource", format!(
            "input: {{ unit: \"{}\", form: FUNDS, category: ELDERLY, title: \"助老资金\", total: \"9\", measure: \"元\" }}", w.shennong);
            unit2 Forbidden("PLEDGE_RESOURCE"), district Forbidden("PLEDGE_RESOURCE"), unit Data],
        row!["resubmitPledge", format!("input: {{ id: \"{}\", title: \"食用油 5 升\" }}", s.returned_pledge.id());
            unit2 NotFound, district pledge, unit Data],
        row!["reverseContribution", why(&s.line); unit2 NotFound, partner NotFound, unit Forbidden("REVERSE_CONTRIBUTION"),
            auditor Forbidden("REVERSE_CONTRIBUTION"), secretary Data, district Data],
        row!["postNeed", format!(
            "input: {{ community: \"{}\", category: LEGAL, form: SERVICE, title: \"普法\", wanted: \"2\", measure: \"次\" }}", w.taoyuan);
            secretary2 Forbidden("POST_NEED"), unit Forbidden("POST_NEED"), street2 Forbidden("POST_NEED"), secretary Data, street Data],
        row!["updateNeed", format!("input: {{ id: \"{}\", wanted: \"8\" }}", s.draft.id());
            secretary2 NotFound, unit NotFound, auditor need, secretary Data],
        row!["claimNeed", format!("input: {{ need: \"{}\", unit: \"{}\", quantity: \"1\" }}", s.open.id(), w.shennong);
            unit2 Forbidden("CLAIM_NEED"), secretary Forbidden("CLAIM_NEED"), unit Data],
        row!["requestPledge", format!(
            "input: {{ pledge: \"{}\", community: \"{}\", quantity: \"1\", purpose: \"慰问\" }}", s.listed.id(), w.taoyuan);
            secretary2 Forbidden("REQUEST_PLEDGE"), unit Forbidden("REQUEST_PLEDGE"), secretary Data, street Data],
        row!["transferMatch", format!("input: {{ match: \"{}\", toUnit: \"{}\", reason: \"产能不足\" }}", s.confirmed.id(), w.kunbo);
            unit2 NotFound, secretary2 NotFound, secretary Forbidden("TRANSFER_MATCH"), unit Data],
        row!["reportDelivery", format!("input: {{ match: \"{}\", quantity: \"1\", deliveredOn: \"2025-03-10\" }}", s.confirmed.id());
            unit2 NotFound, secretary Forbidden("REPORT_DELIVERY"), unit Data],
        row!["acceptDelivery", format!("input: {{ delivery: \"{}\", quantity: \"1\" }}", s.report.id());
            unit2 NotFound, secretary2 NotFound, unit Forbidden("ACCEPT_DELIVERY"), auditor Forbidden("ACCEPT_DELIVERY"), secretary Data],
        row!["evaluateMatch", format!("input: {{ match: \"{}\", grade: GOOD }}", s.completed.id());
            unit2 NotFound, partner NotFound, auditor answer, unit Data, secretary Data],
    ];
    let (manage, book, reply) = (Forbidden("MANAGE_VENUE"), Forbidden("BOOK_ZONE"), Forbidden("ANSWER_BOOKING"));
    let hours = "hours: [{ weekday: MONDAY, opens: \"08:00\", closes: \"17:00\" }]";
    rows.push(row!["addVenue", format!("input: {{ area: \"{}\", name: \"服务站\", kind: STATION, {hours} }}", w.taoyuan);
        secretary2 manage, unit manage, auditor manage, secretary Data, street Data, district Data]);
    for (field, arguments) in [
        ("changeVenue", format!("input: {{ id: \"{}\", {hours} }}", s.centre.id())),
        ("closeVenue", id(s.centre.id())),
        ("addZone", format!("input: {{ venue: \"{}\", name: \"阅览室\", kind: READING }}", s.centre.id())),
        ("changeZone", format!("input: {{ id: \"{}\", capacity: 60 }}", s.hall.id())),
        ("closeZone", id(s.hall.id())),
        ("addService", format!("input: {{ venue: \"{}\", kind: LEGAL, name: \"法律咨询\" }}", s.centre.id())),
        ("endService", id(s.service.id())),
    ] {
        rows.push(row![field, arguments; secretary2 manage, unit manage, auditor manage, secretary Data, street Data]);
    }
    rows.push(row!["planSittings", format!("input: {{ zone: \"{}\", seats: 30, priceBands: [{{ name: \"老人\", price: \"6\" }}], licence: \"JY1\", \
        licenceUntil: \"2026-12-31\", hours: [{{ weekday: MONDAY, opens: \"11:00\", closes: \"12:00\" }}] }}", s.hall.id());
        secretary2 manage, unit manage, auditor manage, secretary Data, street Data, district Data]);
    let reserve = Forbidden("RESERVE_PLACES");
    rows.push(row!["reservePlaces", format!("input: {{ zone: \"{}\", community: \"{}\", startsAt: \"2025-03-13T11:00:00+08:00\", \
        priceBand: \"老人\", places: 1 }}", s.canteen.id(), w.shuanghui);
        secretary reserve, unit reserve, auditor reserve, secretary2 Data, street2 Data, district Data]);
    rows.push(row!["cancelReservation", why(s.reservation.id()); unit NotFound, partner NotFound, auditor reserve, secretary Data, secretary2 Data]);
    rows.push(row!["bookPromisedTime", format!("input: {{ match: \"{}\", zone: \"{}\", startsAt: \"2025-03-13T09:00:00+08:00\", \
        endsAt: \"2025-03-13T10:00:00+08:00\", purpose: \"议事\" }}", s.promise.id(), s.own_hall.id());
        unit2 NotFound, secretary2 NotFound, auditor book, unit Data, secretary Data, street Data]);
    rows.push(row!["openCalendar", format!("zone: \"{}\"", s.hall.id()); partner Data, unit Data]);
    rows.push(row!["revokeCalendar", id(s.calendar.id()); unit2 NotFound, district NotFound, unit Data]);
    rows.push(row!["proposeCoBuilding", format!(
        "input: {{ venue: \"{}\", unit: \"{}\", form: STAFF, description: \"每周值班\", value: \"900\" }}", s.centre.id(), w.shennong);
        unit2 manage, secretary2 manage, unit Data, secretary Data]);
    for (field, arguments) in [("agreeCoBuilding", id(s.offered.id())), ("declineCoBuilding", why(s.offered.id()))] {
        rows.push(row![field, arguments; unit manage, secretary2 manage, secretary Data, street Data]);
    }
    for (field, arguments) in
        [("startCoBuilding", id(s.agreed.id())), ("putCoBuildingInUse", id(s.agreed.id())), ("endCoBuilding", why(s.agreed.id()))]
    {
        rows.push(row![field, arguments; unit manage, secretary2 manage, secretary Data, street Data]);
    }
    let time = "startsAt: \"2025-03-13T09:00:00+08:00\", endsAt: \"2025-03-13T10:00:00+08:00\", purpose: \"党课\"";
    rows.push(row!["bookZone", format!("input: {{ zone: \"{}\", unit: \"{}\", {time} }}", s.hall.id(), w.shennong);
        unit2 book, secretary book, district book, unit Data]);
    let recurs = format!("{time}, rule: \"FREQ=DAILY;COUNT=2\"");
    rows.push(row!["bookSeries", format!("input: {{ zone: \"{}\", community: \"{}\", {recurs} }}", s.hall.id(), w.shuanghui);
        secretary book, unit book, secretary2 Data, street2 Data, district Data]);
    for (field, arguments) in [("approveBooking", id(s.requested.id())), ("rejectBooking", why(s.requested.id()))] {
        rows.push(row![field, arguments; secretary2 reply, unit reply, auditor reply, secretary Data, street Data]);
    }
    rows.push(row!["cancelBooking", why(s.requested.id()); secretary2 book, unit2 book, auditor book, unit Data, secretary Data]);
    rows.push(row!["cancelSeries", why(s.series.id()); secretary2 NotFound, unit2 NotFound, auditor book, unit Data, secretary Data]);
    rows.push(row!["takeUpBooking", id(s.promoted.id()); unit2 book, secretary book, unit Data]);
    for field in ["completeBooking", "markNoShow"] {
        rows.push(row![field, id(s.over.id()); secretary2 reply, unit reply, secretary Data]);
    }
    let review = Forbidden("REVIEW_PLEDGE");
    for (field, arguments) in [("listPledge", id(s.waiting_pledge.id())), ("returnPledge", why(s.waiting_pledge.id()))] {
        rows.push(row![field, arguments; unit2 NotFound, secretary NotFound, unit review, auditor review, street Data, district Data]);
    }
    for (field, arguments) in
        [("pausePledge", id(s.listed.id())), ("renewPledge", id(s.listed.id())), ("withdrawPledge", why(s.listed.id()))]
    {
        rows.push(row![field, arguments; unit2 pledge, district pledge, unit Data]);
    }
    rows.push(row!["resumePledge", id(s.paused.id()); unit2 NotFound, district pledge, unit Data]);
    rows.push(row!["submitNeed", id(s.draft.id()); secretary2 NotFound, unit NotFound, auditor need, secretary Data, street Data]);
    for (field, arguments) in [("publishNeed", id(s.submitted.id())), ("returnNeed", why(s.submitted.id()))] {
        let review = Forbidden("REVIEW_NEED");
        rows.push(
            row![field, arguments; secretary2 NotFound, street2 NotFound, unit NotFound, secretary review, street Data, district Data],
        );
    }
    for field in ["withdrawNeed", "closeNeed"] {
        rows.push(row![field, why(s.open.id()); secretary2 need, unit need, auditor need, street Data, district Data]);
    }
    for (field, arguments) in [("confirmMatch", id(s.applied.id())), ("rejectMatch", why(s.applied.id()))] {
        rows.push(row![field, arguments; unit2 NotFound, secretary2 NotFound, unit answer, auditor answer, secretary Data, street Data]);
    }
    rows.push(row!["cancelMatch", why(s.applied.id()); unit2 NotFound, partner NotFound, auditor answer, unit Data, secretary Data]);
    rows.push(row!["removePicture", id(&s.picture); unit2 NotFound, secretary2 NotFound, auditor Forbidden("ACCEPT_DELIVERY"), unit Data, secretary Data]);
    rows.push(row!["refuseDelivery", why(s.report.id()); unit2 NotFound, unit Forbidden("ACCEPT_DELIVERY"), secretary Data]);
    rows
}

/// The verbs of sessions and secrets, which take no dry run and are done for good, in this order.
pub(super) fn secrets<'a>(w: &'a World, s: &Stock, nobody: &'a Actor, guest: &'a Actor, refresh: &str) -> Vec<Row<'a>> {
    let (manage, clients) = (Forbidden("MANAGE_ACCOUNTS"), Forbidden("MANAGE_CLIENTS"));
    vec![
        verb(
            "createAccount",
            "input: { login: \"new.one\", name: \"新来的\", password: \"a long password\" }".to_owned(),
            cells![nobody, w; street manage, auditor manage, district Data],
        ),
        verb(
            "setPassword",
            format!("input: {{ account: \"{}\", password: \"another password\" }}", s.partner),
            cells![nobody, w; street manage, partner manage, district Data],
        ),
        verb(
            "registerClient",
            format!("input: {{ district: \"{}\", name: \"吉事办\", scopes: [READ, CHANGES] }}", w.tiedong),
            cells![nobody, w; street clients, auditor clients, district Data],
        ),
        verb(
            "rotateClientCredential",
            format!("input: {{ id: \"{}\" }}", s.client.id()),
            cells![nobody, w; street NotFound, auditor NotFound, district Data],
        ),
        verb(
            "registerWebhook",
            format!("input: {{ client: \"{}\", url: \"https://app.example.cn/hook\" }}", s.client.id()),
            cells![nobody, w; street NotFound, auditor NotFound, district Data],
        ),
        verb(
            "rotateWebhookSecret",
            format!("id: \"{}\"", s.webhook.id()),
            cells![nobody, w; street NotFound, auditor NotFound, district Data],
        ),
        verb("signIn", format!("login: \"legal\", password: \"{PASSWORD}\""), vec![("nobody", nobody, Data), ("unit2", &w.unit2, Data)]),
        verb("refreshSession", format!("refreshToken: \"{refresh}\""), vec![("nobody", nobody, Data)]),
        verb("changePassword", format!("current: \"{PASSWORD}\", new: \"a new password\""), cells![nobody, w; hospital_b Data]),
        verb(
            "signOut",
            String::new(),
            vec![("nobody", nobody, Unauthenticated), ("a guest", guest, Data), ("the same", guest, Unauthenticated)],
        ),
    ]
}
