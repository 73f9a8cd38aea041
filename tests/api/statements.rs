//! What a page costs the database: the same number of statements for two rows as for twenty, however deep the document goes.

use alliance::auth::Role;
use alliance::ids::GlobalId;
use alliance::units::actions::{Offer, admit_membership, found_alliance, invite_unit, pair_unit};
use sea_orm::ConnectionTrait;

use crate::support::{Actor, Id, TestApp, Value, World, json, workdays};

const MANY: usize = 22;

/// A page as some screen shows it: its name, who asks, the most statements that it may cost, the document with `$n` for the sizes of pages.
pub(super) struct Screen<'a> {
    pub(super) name: &'static str,
    pub(super) who: &'a Actor,
    most: u64,
    pub(super) document: &'static str,
}

/// More than twenty of everything that is listed: units with a membership, a pairing and a pledge each, needs with matches, one of them
/// with as many as that, reported, accepted and rated; alliances, areas, accounts.
pub(super) async fn plenty(app: &TestApp, w: &World) {
    let key = |id: &str| GlobalId::parse(id).expect("a global id").key;
    let account = app.account_of("unit").await;
    let mut units = Vec::new();
    for n in 0..MANY {
        let district = json!({ "district": w.tiedong, "name": format!("第{n}中学"), "kind": "SCHOOL", "track": "UNIT",
            "noCreditCodeReason": "测试", "contactName": "张三", "contactPhone": "13812345678" });
        let unit = w.district.add_unit(district).await.done().id().to_owned();
        let (alliance, unit_key, ziwei) = (key(&w.beimen_alliance), key(&unit), key(&w.ziwei));
        app.as_the_service(|work| async move {
            let offer = Offer { alliance, unit: unit_key, agreement: None, until: None };
            let membership = invite_unit(&work, &offer).await?;
            admit_membership(&work, membership).await
        })
        .await;
        let (beimen, today) = (key(&w.beimen), app.clock().now().date_naive());
        app.as_the_service(|work| async move { found_alliance(&work, beimen, &format!("第{n}联盟"), None).await }).await;
        let shuanghui = key(&w.shuanghui);
        let community = if n % 2 == 0 { shuanghui } else { ziwei };
        app.as_the_service(|work| async move { pair_unit(&work, unit_key, community, today).await }).await;
        app.grant(account, Role::UnitRepresentative, &unit).await;
        app.account(&format!("account-{n}"), Role::Auditor, &w.beimen).await;
        units.push(unit);
    }
    for (n, unit) in units.iter().enumerate() {
        let (code, name) = (format!("220303007{:03}", n + 100), format!("第{n}社区"));
        let area = json!({ "parent": w.huangtukeng, "level": "COMMUNITY", "code": code, "name": name });
        w.district.add_area(area).await.done();
        let pledge = json!({ "unit": unit, "form": "GOODS", "category": "ELDERLY", "title": format!("第{n}批大米"), "total": "90",
            "measure": "袋", "areas": [w.ziwei, w.taoyuan] });
        let pledge = w.unit.pledge_resource(pledge).await.done();
        w.district.list_pledge(&pledge).await.done();
        let need = json!({ "community": w.taoyuan, "category": "ELDERLY", "form": "GOODS", "title": format!("需要{n}号物资"), 
            "wanted": "90", "measure": "袋", "contactName": "李四", "contactPhone": "13912345678", "submit": true,
            "directedTo": [w.legal_aid] });
        let need = w.secretary.post_need(need).await.done();
        w.street.publish(&need).await.done();
    }
    app.pass_working_days(5).await;
    let needs = w.unit.query("{ needs(first: 30) { nodes { id } } pledges(first: 30) { nodes { id unit { id } } } }", json!({})).await;
    let needs_of = needs["needs"]["nodes"].as_array().expect("needs").clone();
    for (n, pledge) in needs["pledges"]["nodes"].as_array().expect("pledges").iter().enumerate() {
        let (pledge, unit) = (pledge["id"].as_str().expect("an id"), pledge["unit"]["id"].as_str().expect("an id"));
        w.unit.claim(needs_of[n]["id"].as_str().expect("an id"), unit, "1").await.done();
        let last = w.unit.claim_from(pledge, needs_of[0]["id"].as_str().expect("an id"), unit, "1").await.done();
        w.secretary.confirm(&last).await.done();
        let report = w.unit.report(&last, "1").await.done();
        w.secretary.accept(&report, "1").await.done();
        w.unit.evaluate(&last, "GOOD").await.done();
        w.secretary.evaluate(&last, "EXCELLENT").await.done();
    }
    let pool = app.db().pool();
    pool.execute_unprepared("ANALYZE").await.expect("statistics for the planner");
}

/// As many stations with a room, a canteen and a service each, booked, reserved and shared by a unit.
pub(super) async fn stations(app: &TestApp, w: &World) {
    for n in 0..MANY {
        let station = json!({ "area": w.taoyuan, "name": format!("第{n}服务站"), "kind": "STATION", "hours": workdays("08:00", "18:00") });
        let station = w.secretary.add_venue(station).await.done();
        let room = json!({ "venue": station.id(), "name": "阅览室", "kind": "READING", "approval": n % 2 == 0, "capacity": 40 });
        let room = w.secretary.add_zone(room).await.done();
        let canteen = w.secretary.add_zone(json!({ "venue": station.id(), "name": "食堂", "kind": "CANTEEN" })).await.done();
        let lunch = json!({
            "zone": canteen.id(), "hours": [{ "weekday": "TUESDAY", "opens": "11:00", "closes": "12:00" }], "seats": 40,
            "priceBands": [{ "name": "老人", "price": "8" }], "licence": "JY1", "licenceUntil": "2026-12-31",
        });
        w.secretary.plan_sittings(lunch).await.done();
        w.secretary.add_service(json!({ "venue": station.id(), "kind": "LEGAL", "name": "法律咨询" })).await.done();
        w.unit.book(&room, &w.shennong, "09:00", "10:00", json!({})).await.done();
        w.unit2.book(&room, &w.kunbo, "09:00", "10:00", json!({ "wait": true })).await.done();
        let series = json!({
            "zone": room.id(), "unit": w.shennong, "purpose": "读书会", "rule": "FREQ=WEEKLY;COUNT=2",
            "startsAt": "2025-03-12T09:00:00+08:00", "endsAt": "2025-03-12T10:00:00+08:00",
        });
        w.unit.book_series(series).await.done();
        let place = json!({
            "zone": canteen.id(), "community": w.taoyuan, "startsAt": "2025-03-11T11:00:00+08:00", "priceBand": "老人", "places": 2,
        });
        w.secretary.reserve_places(place).await.done();
        let build = json!({ "venue": station.id(), "unit": w.shennong, "form": "EQUIPMENT", "description": "桌椅", "value": "900" });
        w.unit.propose_co_building(build).await.done();
    }
    app.db().pool().execute_unprepared("ANALYZE").await.expect("statistics for the planner");
}

const VENUES: &str =
    "query($n: Int) { list: venues(first: $n, filter: { kind: [STATION] }) { totalCount nodes { name area { name parent { name } }
    services { name fee viewerCan { allowed } } coBuildings { unit { name } viewerCan { allowed } } viewerCan { action allowed }
    zones { name hours { weekday } viewerCan { action allowed code } sittingPlan { seats licenceStatus priceBands { name } }
        sittings(from: \"2025-03-11T00:00:00+08:00\", to: \"2025-03-14T00:00:00+08:00\") { seatsLeft }
        free(from: \"2025-03-11T00:00:00+08:00\", to: \"2025-06-08T00:00:00+08:00\", minutes: 60) { startsAt }
        bookings(from: \"2025-03-11T00:00:00+08:00\", to: \"2025-03-20T00:00:00+08:00\") {
            purpose unit { name } series { rule bookings { startsAt } } viewerCan { action allowed code } } } } } }";
const FREE: &str = "query($n: Int) { list: venues(first: $n, filter: { zoneKind: [READING], capacityAtLeast: 30,
    free: { from: \"2025-03-11T14:00:00+08:00\", to: \"2025-03-11T16:00:00+08:00\" } }) { totalCount nodes { name zones { name } } } }";
const BOOKINGS: &str = "query($n: Int) { list: bookings(first: $n, orderBy: STARTS_SOONEST) { totalCount nodes { status purpose heldUntil
    unit { name } community { name } zone { name venue { name area { name } } } series { rule } match { id } viewerCan { action allowed code } } } }";
const RESERVATIONS: &str = "query($n: Int) { list: reservations(first: $n) { totalCount nodes { places toPay community { name }
    zone { name venue { name } } viewerCan { action allowed code } } } }";
const FREE_TIMES: &str = "query($n: Int) { list: venues(first: $n, filter: { kind: [STATION] }) { nodes { zones {
    free(from: \"2025-03-11T00:00:00+08:00\", to: \"2025-06-08T00:00:00+08:00\", minutes: 60) { startsAt endsAt } } } } }";

const NEEDS: &str = "query($n: Int) { list: needs(first: $n) { totalCount nodes {
    id title status channel contactName contactPhone community { name parent { name parent { name } } } escalatedTo { name }
    viewerCan { action allowed code message }
    matches(first: $n) { totalCount nodes { id status unit { name } need { title } pledge { title } community { name }
        viewerCan { action allowed code } deliveries { id match { id } viewerCan { allowed } } evaluations { grade } } } } } }";
const MATCHES: &str = "query($n: Int) { list: matches(first: $n) { totalCount nodes { id status
    unit { name contactName contactPhone partySecretary memberships { status } }
    need { title contactPhone viewerCan { allowed } } pledge { title areas { name } viewerCan { allowed } }
    community { name parent { name } } transferOf { id } deliveries { id quantity viewerCan { allowed code } match { status } }
    evaluations { by grade comment }
    viewerCan { action allowed code } } } }";
const PLEDGES: &str = "query($n: Int) { list: pledges(first: $n) { totalCount nodes { id title available
    unit { name viewerCan { allowed } } areas { name parent { name } } viewerCan { action allowed code message } } } }";
const UNITS: &str = "query($n: Int) { list: units(first: $n) { totalCount nodes { id name contactName contactPhone partySecretary
    memberships { status agreement reason alliance { name host { name } } viewerCan { action allowed } }
    pairedAreas { name parent { name } } pledges(first: $n) { totalCount nodes { title areas { name } viewerCan { allowed } } }
    viewerCan { action allowed } } } }";
const ALLIANCES: &str = "query($n: Int) { list: alliances(first: $n, orderBy: NAME) { totalCount nodes { name host { name parent { name } }
    viewerCan { allowed code } memberships(first: $n) { totalCount nodes { status agreement unit { name pairedAreas { name } }
        viewerCan { action allowed code } } } } } }";
const AREAS: &str = "query($n: Int) { list: areas(first: $n, filter: { level: [COMMUNITY] }) {
    totalCount nodes { code name parent { name parent { name } } } } }";
const ACCOUNTS: &str =
    "query($n: Int) { list: accounts(first: $n) { totalCount nodes { login grants { role area { name } unit { name } } } } }";
const JOURNAL: &str = "query($n: Int) { list: journal(first: $n) { totalCount nodes { kind nodeId accountId role detail } } }";
const SEARCH: &str = "query($n: Int) { list: needs(first: $n, filter: { search: \"物资\", status: [PUBLISHED_OPEN], form: [GOODS] }) {
    totalCount nodes { title viewerCan { allowed } } } }";
const STATISTICS: &str =
    "query($n: Int) { statistics(from: \"2025-01-01\", to: \"2025-12-31\") { memberUnits contributionTotal contributionHours
    memberUnitRows(first: $n) { totalCount nodes { name } } onTimeShare onTimeRows(first: $n) { nodes { id unit { name } } }
    contributionRows(first: $n) { totalCount nodes { value unit { name } community { name } reverses { id } viewerCan { allowed } } }
    needsByCategory { count rows(first: $n) { totalCount nodes { title community { name } } } } satisfaction
    matchesByStatus { status count rows(first: $n) { nodes { unit { name } viewerCan { allowed } } } } } }";

fn screen<'a>(name: &'static str, who: &'a Actor, most: u64, document: &'static str) -> Screen<'a> {
    Screen { name, who, most, document }
}

pub(super) fn screens<'a>(w: &'a World, nobody: &'a Actor) -> Vec<Screen<'a>> {
    vec![
        screen("needs as nobody", nobody, 9, NEEDS),
        screen("needs as many units", &w.unit, 22, NEEDS),
        screen("needs as their secretary", &w.secretary, 18, NEEDS),
        screen("needs as an auditor", &w.auditor, 18, NEEDS),
        screen("needs by words and state", &w.unit, 8, SEARCH),
        screen("matches as many units", &w.unit, 30, MATCHES),
        screen("matches as their secretary", &w.secretary, 24, MATCHES),
        screen("pledges as nobody", nobody, 9, PLEDGES),
        screen("pledges as a street", &w.street, 12, PLEDGES),
        screen("pledges as many units", &w.unit, 12, PLEDGES),
        screen("units as nobody", nobody, 16, UNITS),
        screen("units as a district", &w.district, 18, UNITS),
        screen("alliances as a street", &w.street, 16, ALLIANCES),
        screen("areas as nobody", nobody, 5, AREAS),
        screen("accounts as a district", &w.district, 8, ACCOUNTS),
        screen("the journal as an auditor", &w.auditor, 5, JOURNAL),
        screen("statistics as an auditor", &w.auditor, 30, STATISTICS),
        screen("statistics as nobody", nobody, 24, STATISTICS),
    ]
}

pub(super) fn venue_screens<'a>(w: &'a World, nobody: &'a Actor) -> Vec<Screen<'a>> {
    vec![
        screen("venues as nobody", nobody, 17, VENUES),
        screen("venues as their secretary", &w.secretary, 22, VENUES),
        screen("venues as a unit", &w.unit, 22, VENUES),
        screen("venues with a free room", nobody, 8, FREE),
        screen("bookings as a unit", &w.unit, 16, BOOKINGS),
        screen("bookings as a secretary", &w.secretary, 16, BOOKINGS),
        screen("reservations as a secretary", &w.secretary, 12, RESERVATIONS),
        screen("free times of ninety days", nobody, 4, FREE_TIMES),
    ]
}

async fn cost(app: &TestApp, screen: &Screen<'_>, n: usize) -> u64 {
    let before = app.db().statements();
    let data = screen.who.query(screen.document, json!({ "n": n })).await;
    let cost = app.db().statements() - before;
    if let Value::Array(nodes) = &data["list"]["nodes"] {
        assert_eq!(nodes.len(), n, "{}", screen.name);
    }
    cost
}

/// Each screen costs for twenty rows what it costs for two, and no more than it may.
async fn costs_the_same(app: &TestApp, screens: &[Screen<'_>]) {
    let mut wrong = Vec::new();
    for screen in screens {
        let (two, twenty) = (cost(app, screen, 2).await, cost(app, screen, 20).await);
        // Branches of a document that go down at different speeds may share a batch or not, which moves the figure by a few either way;
        // a statement for every other row would move it by nine.
        if twenty >= two + 9 || twenty.max(two) > screen.most {
            wrong.push(format!("{}: {two} for two, {twenty} for twenty, {} at most", screen.name, screen.most));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

both! {
    async fn a_page_of_twenty_costs_as_many_statements_as_one_of_two(app) {
        let w = app.world().await;
        plenty(app, &w).await;
        let nobody = app.anyone();
        costs_the_same(app, &screens(&w, &nobody)).await;
    }

    async fn a_page_of_venues_costs_as_many_statements_as_two_of_them(app) {
        let w = app.world().await;
        stations(app, &w).await;
        let nobody = app.anyone();
        costs_the_same(app, &venue_screens(&w, &nobody)).await;
    }

    async fn objects_by_id_cost_one_statement_a_kind(app) {
        let w = app.world().await;
        plenty(app, &w).await;
        let mut ids = Vec::new();
        for list in ["needs", "matches", "pledges", "units"] {
            let found = w.secretary.lists(&format!("{list}(first: 20)")).await;
            assert_eq!(found.len(), 20);
            ids.push(found);
        }
        let document = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on CommunityNeed { viewerCan { allowed } } } }";
        let mut costs = Vec::new();
        for n in [2, 20] {
            let some: Vec<_> = ids.iter().flat_map(|ids| &ids[..n]).collect();
            let before = app.db().statements();
            let data = w.secretary.query(document, json!({ "ids": some })).await;
            costs.push(app.db().statements() - before);
            assert_eq!(data["nodes"].as_array().map(Vec::len), Some(n * 4));
        }
        assert_eq!(costs, [3, 3], "needs, matches and pledges; who asks and the units are remembered");
    }

    async fn a_mutation_costs_the_same_however_much_there_is(app) {
        let w = app.world().await;
        let open = json!({ "community": w.ziwei, "category": "SAFETY", "form": "SERVICE", "title": "修缮楼道照明", "wanted": "99",
            "measure": "处", "submit": true });
        let open = w.district.post_need(open).await.done();
        w.street.publish(&open).await.done();
        // Who asks, the unit and the areas are remembered from the first on.
        w.unit.claim(&open, &w.shennong, "1").await.done();
        let mut costs = Vec::new();
        for _ in 0..8 {
            let before = app.db().statements();
            w.unit.claim(&open, &w.shennong, "1").await.done();
            costs.push(app.db().statements() - before);
        }
        assert_eq!(costs, [10; 8]);
        let before = app.db().statements();
        let refusal = w.unit.claim(&open, &w.shennong, "1000").await.refused("NOT_ENOUGH_OPEN");
        assert_eq!(refusal["related"][0]["id"], open.id());
        assert_eq!(app.db().statements() - before, 4);
    }
}
