//! The objects that the table's arguments name.

use alliance::ids::{GlobalId, NodeKind};

use crate::support::{Id, TestApp, Thing, Value, World, json, photo, workdays};

/// Objects in the states that the verbs lead on from; all of 桃源社区 and 神农集团 but for the open need, which is of 紫微社区.
pub(super) struct Stock {
    pub(super) draft: Thing,
    pub(super) submitted: Thing,
    pub(super) open: Thing,
    pub(super) waiting_pledge: Thing,
    pub(super) returned_pledge: Thing,
    pub(super) listed: Thing,
    pub(super) paused: Thing,
    pub(super) applied: Thing,
    pub(super) confirmed: Thing,
    pub(super) report: Thing,
    pub(super) picture: String,
    pub(super) completed: Thing,
    pub(super) line: String,
    pub(super) member: String,
    pub(super) applicant: Thing,
    pub(super) suspended: Thing,
    pub(super) partner: String,
    pub(super) grant: String,
    pub(super) centre: Thing,
    pub(super) offered: Thing,
    pub(super) calendar: Thing,
    pub(super) agreed: Thing,
    pub(super) hall: Thing,
    pub(super) canteen: Thing,
    pub(super) reservation: Thing,
    pub(super) own_hall: Thing,
    pub(super) promise: Thing,
    pub(super) service: Thing,
    pub(super) requested: Thing,
    pub(super) over: Thing,
    pub(super) promoted: Thing,
    pub(super) series: Thing,
    pub(super) client: Thing,
    pub(super) webhook: Thing,
    pub(super) message: Thing,
    pub(super) robot: Thing,
    pub(super) complaint: String,
}

fn centre(community: &str) -> Value {
    json!({ "area": community, "name": "党群服务中心", "kind": "CENTRE", "hours": workdays("08:00", "20:00") })
}

pub(super) async fn stock(app: &TestApp, w: &World) -> Stock {
    let need = |title: &str, submit: bool| {
        json!({
            "community": w.taoyuan, "category": "ELDERLY", "form": "GOODS", "title": title, "wanted": "9", "measure": "袋",
            "submit": submit,
        })
    };
    let pledge =
        |title: &str| json!({ "unit": w.shennong, "form": "GOODS", "category": "ELDERLY", "title": title, "total": "90", "measure": "袋" });
    let published = w.secretary.post_need(need("为独居老人送米", true)).await.done();
    w.street.publish(&published).await.done();
    let claim = |quantity: &'static str| w.unit.claim(&published, &w.shennong, quantity);
    let [applied, confirmed, reported, completed] =
        [claim("1").await.done(), claim("1").await.done(), claim("1").await.done(), claim("1").await.done()];
    for one in [&confirmed, &reported, &completed] {
        w.secretary.confirm(one).await.done();
    }
    let report = w.unit.report(&reported, "1").await.done();
    let picture = w.unit.add_picture(&report, photo(60, 40, 0)).await;
    let last = w.unit.report(&completed, "1").await.done();
    w.secretary.accept(&last, "1").await.done();

    let open =
        json!({ "community": w.ziwei, "category": "SAFETY", "form": "SERVICE", "title": "修缮楼道照明", "wanted": "4", "measure": "处" });
    let open = w.district.post_need(open).await.done();
    w.district.submit_need(&open).await.done();
    w.street.publish(&open).await.done();
    let waiting_pledge = w.unit.pledge_resource(pledge("大米")).await.done();
    let returned_pledge = w.unit.pledge_resource(pledge("食用油")).await.done();
    w.district.return_pledge(&returned_pledge, "请写明规格").await.done();
    let listed = w.unit.pledge_resource(pledge("白面")).await.done();
    let paused = w.unit.pledge_resource(pledge("杂粮")).await.done();
    for one in [&listed, &paused] {
        w.district.list_pledge(one).await.done();
    }
    w.unit.pause_pledge(&paused).await.done();

    let memberships = w.unit.see(&w.shennong).await;
    let member = memberships["memberships"][0]["id"].as_str().expect("a membership").to_owned();
    let applicant = w.hospital_a.apply(json!({ "alliance": w.beimen_alliance, "unit": w.kangning })).await.done();
    let legal = w.legal.see(&w.legal_aid).await;
    let suspended = legal["memberships"][0]["id"].as_str().expect("a membership").to_owned();
    let suspended = w.street.suspend(&suspended, "协议到期未续").await.done();
    let partner = GlobalId::new(NodeKind::Account, app.account_of("partner").await).to_string();
    let accounts = w.district.query("{ accounts(search: \"partner\") { nodes { grants { id } } } }", json!({})).await;
    let grant = accounts["accounts"]["nodes"][0]["grants"][0]["id"].as_str().expect("a grant").to_owned();
    let line = app.contributions().await.remove(0);
    let draft = w.secretary.post_need(need("添置长椅", false)).await.done();
    let submitted = w.secretary.post_need(need("修剪树木", true)).await.done();
    let centre = w.secretary.add_venue(centre(&w.taoyuan)).await.done();
    let zone =
        |name: &str, approval: bool| json!({ "venue": centre.id(), "name": name, "kind": "HALL", "capacity": 40, "approval": approval });
    let hall = w.secretary.add_zone(zone("多功能厅", true)).await.done();
    let room = w.secretary.add_zone(zone("会议室", false)).await.done();
    let service = json!({ "venue": centre.id(), "kind": "ERRANDS", "name": "代办代缴" });
    let service = w.secretary.add_service(service).await.done();
    let canteen = w.canteen(json!({ "priceBands": [{ "name": "老人", "price": "6" }], "licenceUntil": "2026-12-31" })).await;
    let reservation = w.secretary2.eat(&canteen, &w.shuanghui, 2, json!({ "priceBand": "老人" })).await.done();
    let (own_hall, promise) = (w.own_hall().await, w.promised("2").await);
    let requested = w.unit.book(&hall, &w.shennong, "09:00", "10:00", json!({})).await.done();
    let soon = json!({ "startsAt": "2025-03-10T09:01:00+08:00", "endsAt": "2025-03-10T09:02:00+08:00" });
    let over = w.unit.book(&room, &w.shennong, "", "", soon).await.done();
    let first = w.secretary2.book(&room, &w.shuanghui, "14:00", "15:00", json!({})).await.done();
    let promoted = w.unit.book(&room, &w.shennong, "14:00", "15:00", json!({ "wait": true })).await.done();
    w.secretary2.cancel_booking(&first, "改期").await.done();
    let series = json!({
        "zone": room.id(), "unit": w.shennong, "purpose": "读书会", "rule": "FREQ=WEEKLY;COUNT=2",
        "startsAt": "2025-03-12T09:00:00+08:00", "endsAt": "2025-03-12T10:00:00+08:00",
    });
    let series = w.unit.book_series(series).await.done();
    app.move_to("2025-03-10 09:05").await;
    let build = json!({ "venue": centre.id(), "unit": w.shennong, "form": "EQUIPMENT", "description": "投影和音响", "value": "3600" });
    let offered = w.unit.propose_co_building(build.clone()).await.done();
    let agreed = w.unit.propose_co_building(build).await.done();
    w.secretary.agree_co_building(&agreed).await.done();
    let calendar = w.unit.open_calendar(None).await.done();
    let client = json!({ "district": w.tiedong, "name": "掌上铁东", "scopes": ["READ", "CHANGES"] });
    let client = w.district.register_client(client).await.done();
    let webhook = w.district.register_webhook(json!({ "client": client.id(), "url": "https://app.example.cn/hook" })).await.done();
    let message = w.district.test_webhook(&webhook).await.done();
    let robot = json!({ "area": w.taoyuan, "name": "社区工作群", "key": "693a91f6-7b0c-4bc4-97a0-0ec2f1fa5aaa" });
    let robot = w.secretary.add_robot(robot).await.done();
    let file = format!(
        "mutation {{ fileComplaint(input: {{ area: \"{}\", kind: COMPLAINT, words: \"灯坏了\" }}) {{ result {{ id }} }} }}",
        w.taoyuan
    );
    let complaint = app.anyone().query(&file, json!({})).await["fileComplaint"]["result"]["id"].as_str().expect("it is filed").to_owned();
    Stock {
        offered,
        calendar,
        agreed,
        centre,
        hall,
        canteen,
        reservation,
        own_hall,
        promise,
        service,
        requested,
        over,
        promoted,
        series,
        client,
        webhook,
        message,
        robot,
        complaint,
        draft,
        submitted,
        open,
        waiting_pledge,
        returned_pledge,
        listed,
        paused,
        applied,
        confirmed,
        report,
        picture,
        completed,
        line,
        member,
        applicant,
        suspended,
        partner,
        grant,
    }
}
