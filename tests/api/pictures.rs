//! Pictures of deliveries: how they come in, what is kept of them, who sees them, who takes them away.

use std::time::Duration;

use alliance::ids::{GlobalId, NodeKind};
use image::GenericImageView;
use reqwest::header::HeaderValue;

use crate::support::{CROWD, Id, TestApp, Thing, World, json, photo};

/// A report that waits for its answer, of 神农集团 to 桃源社区.
async fn reported(app: &TestApp) -> (World, Thing) {
    let w = app.world().await;
    let report = w.unit.report(&w.rice().await, "2").await.done();
    (w, report)
}

const PICTURES: &str = "query($id: ID!) { node(id: $id) { ... on Delivery { \
    pictures { id path width height size delivery { id } viewerCan { action allowed } } viewerCan { action allowed } } } }";

both! {
    async fn a_picture_is_kept_upright_small_and_without_where_it_was_taken(app) {
        let (w, report) = reported(app).await;
        let sent = photo(2000, 1000, 0);
        assert!(sent.windows(3).any(|part| part == b"GPS"));
        let id = w.unit.add_picture(&report, sent).await;
        let (status, headers, kept) = w.secretary.picture(&id).await;
        assert_eq!((status, &headers["content-type"]), (200, &HeaderValue::from_static("image/jpeg")));
        assert_eq!(headers["cache-control"], "private, no-cache");
        assert_eq!(headers["content-security-policy"], "default-src 'none'; sandbox");
        assert!(!kept.windows(3).any(|part| part == b"GPS") && !kept.windows(4).any(|part| part == b"Exif"));
        let image = image::load_from_memory(&kept).expect("a picture");
        assert_eq!(image.dimensions(), (1600, 800));
        let (left, right) = (image.get_pixel(200, 400).0, image.get_pixel(1400, 400).0);
        assert!(left[0] > 200 && left[2] < 60 && right[2] > 200 && right[0] < 60, "{left:?} {right:?}");

        let seen = w.secretary.query(PICTURES, json!({ "id": report.id() })).await;
        let picture = &seen["node"]["pictures"][0];
        assert_eq!((&picture["id"], &picture["width"], &picture["height"]), (&json!(id), &json!(1600), &json!(800)));
        assert_eq!(picture["path"], format!("/pictures/{id}"));
        assert_eq!(picture["size"], kept.len());
        assert_eq!(picture["delivery"]["id"], report.id());
        assert_eq!(picture["viewerCan"], json!([{ "action": "REMOVE", "allowed": true }]));

        let held = w.secretary.with("if-none-match", headers["etag"].to_str().expect("a tag")).picture(&id).await;
        assert_eq!((held.0, held.2.len()), (304, 0));
    }

    async fn a_picture_is_shown_to_those_who_see_the_match_and_to_nobody_else(app) {
        let (w, report) = reported(app).await;
        let id = w.unit.add_picture(&report, photo(80, 60, 0)).await;
        for one in [&w.unit, &w.secretary, &w.street, &w.district, &w.auditor] {
            assert_eq!(one.picture(&id).await.0, 200);
        }
        let of_page = GlobalId::parse(&id).expect("an id");
        for one in [&w.unit2, &w.secretary2, &w.street2, &w.partner] {
            let (status, headers, _) = one.with("if-none-match", &format!("\"{id}\"")).picture(&id).await;
            assert_eq!((status, headers.get("etag")), (404, None));
            one.sees_nothing_of(&GlobalId::new(NodeKind::Picture, of_page.key).to_string()).await;
        }
        assert_eq!(app.anyone().picture(&id).await.0, 401);
        assert_eq!(w.unit.picture(report.id()).await.0, 404, "another kind of object is no picture");
        assert_eq!(w.unit.picture("nonsense").await.0, 404);
    }

    async fn only_the_unit_adds_pictures_and_only_while_its_report_waits(app) {
        let (w, report) = reported(app).await;
        let jpeg = || photo(80, 60, 0);
        let answers = [
            (&w.secretary, 403, "FORBIDDEN"),
            (&w.auditor, 403, "FORBIDDEN"),
            (&w.unit2, 404, "NOT_FOUND"),
            (&w.secretary2, 404, "NOT_FOUND"),
            (&app.anyone(), 401, "UNAUTHENTICATED"),
        ];
        for (actor, status, code) in answers {
            let answer = actor.send_picture(&report, "image/jpeg", jpeg()).await;
            assert_eq!((answer.status, answer.code()), (status, code), "{answer}");
        }
        let never = w.unit.send_picture(&format!("delivery_{}", "0".repeat(32)), "image/jpeg", jpeg()).await;
        assert_eq!((never.status, never.code()), (404, "NOT_FOUND"));
        w.secretary.accept(&report, "2").await.done();
        let late = w.unit.send_picture(&report, "image/jpeg", jpeg()).await;
        assert_eq!((late.status, late.code()), (422, "BAD_USER_INPUT"), "{late}");
        assert!(late.to_string().contains("当前状态为“验收通过”"), "{late}");
        let offered = w.unit.query(PICTURES, json!({ "id": report.id() })).await;
        assert!(offered.to_string().contains(r#"{"action":"ADD_PICTURE","allowed":false}"#), "{offered}");
    }

    async fn what_is_no_picture_is_refused_whatever_it_says_it_is(app) {
        let (w, report) = reported(app).await;
        let page = b"<html><script>alert(1)</script></html>".to_vec();
        let cut = photo(800, 600, 0)[..300].to_vec();
        let mut gif = b"GIF89a".to_vec();
        gif.extend([0; 40]);
        for (media, sent, status) in [
            ("image/jpeg", page.clone(), 422),
            ("image/png", gif, 422),
            ("image/jpeg", cut, 422),
            ("image/jpeg", Vec::new(), 422),
            ("image/svg+xml", page.clone(), 415),
            ("text/plain", photo(80, 60, 0), 415),
            ("multipart/form-data; boundary=x", page, 415),
            ("image/jpeg", vec![0xff; (12 << 20) + 1], 413),
        ] {
            let length = sent.len();
            let answer = w.unit.send_picture(&report, media, sent).await;
            assert_eq!(answer.status, status, "{media} of {length}: {answer}");
        }
        let dry = w.unit.in_a_dry_run().send_picture(&report, "image/jpeg", photo(80, 60, 0)).await;
        assert_eq!((dry.status, dry.code()), (400, "BAD_USER_INPUT"), "who asks for a dry run must not find that it was none");
        assert_eq!(w.unit.query(PICTURES, json!({ "id": report.id() })).await["node"]["pictures"], json!([]));
    }

    async fn a_page_and_a_script_behind_a_picture_are_not_kept(app) {
        let (w, report) = reported(app).await;
        let mut sent = photo(80, 60, 0);
        sent.extend(b"<script>alert(document.domain)</script>PK\x03\x04");
        let id = w.unit.add_picture(&report, sent).await;
        let (_, _, kept) = w.secretary.picture(&id).await;
        assert!(!kept.windows(7).any(|part| part == b"<script") && !kept.windows(4).any(|part| part == b"PK\x03\x04"));
    }

    async fn either_side_takes_a_picture_away_at_any_time(app) {
        let (w, report) = reported(app).await;
        let before = w.secretary.query("{ changes { cursor } }", json!({})).await["changes"]["cursor"].clone();
        let [one, two] = [w.unit.add_picture(&report, photo(80, 60, 0)).await, w.unit.add_picture(&report, photo(80, 60, 90)).await];
        w.secretary.accept(&report, "2").await.done();
        w.secretary.remove_picture(&one).await.done();
        w.unit.remove_picture(&two).await.done();
        for id in [&one, &two] {
            assert_eq!(w.unit.picture(id).await.0, 404);
            w.unit.remove_picture(id).await.failed("NOT_FOUND");
        }
        let kept = app.count("picture_contents").await;
        assert_eq!(kept, 0, "nothing of it is left");
        let feed = "query($after: String!) { changes(after: $after, kinds: [PICTURE_ADDED, PICTURE_REMOVED]) { changes { kind nodeId } } }";
        let of = |kind| json!({ "kind": kind, "nodeId": report.id() });
        let expected = json!([of("PICTURE_ADDED"), of("PICTURE_ADDED"), of("PICTURE_REMOVED"), of("PICTURE_REMOVED")]);
        // The feed waits for transactions that began before.
        for _ in 0..100 {
            let changes = w.secretary.query(feed, json!({ "after": before })).await["changes"]["changes"].clone();
            if changes == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the feed does not tell of the pictures");
    }

    async fn however_often_and_at_once_pictures_come_each_is_kept_once_and_six_at_most(app) {
        let (w, report) = reported(app).await;
        let same = photo(80, 60, 0);
        let sent = (0..CROWD).map(|_| w.unit.add_picture(&report, same.clone()));
        let ids: std::collections::BTreeSet<_> = futures_util::future::join_all(sent).await.into_iter().collect();
        assert_eq!(ids.len(), 1, "the same file is the same picture");
        let others = (1..=CROWD as u8).map(|of| w.unit.send_picture(&report, "image/jpeg", photo(80, 60, of * 7)));
        let answers = futures_util::future::join_all(others).await;
        let (kept, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
        assert_eq!((kept.len(), refused.len()), (5, CROWD - 5));
        for answer in refused {
            assert_eq!((answer.status, answer.code()), (422, "BAD_USER_INPUT"), "{answer}");
            assert!(answer.to_string().contains("每次交付最多 6 张照片"), "{answer}");
        }
    }
}
