//! Pictures of deliveries, as they are sent and seen in a browser.

use crate::support::{Id, photo};

both! {
    async fn a_report_is_sent_with_its_pictures_and_both_sides_see_them(app) {
        let claim = app.world().await.rice().await;
        let (unit, secretary) = (app.visitor_as("unit").await, app.visitor_as("secretary").await);
        let page = format!("/matches/{}", claim.id());
        let files = [photo(300, 200, 0), photo(300, 200, 80)];
        let sent = unit.fill_with(&format!("{page}?act=report"), "reportDelivery", &[("quantity", "2")], &files).await;
        assert_eq!((sent.status, sent.to()), (303, page.as_str()), "{}", sent.html);
        for visitor in [&unit, &secretary] {
            let shown = visitor.open(&page).await;
            let pictures: Vec<_> = shown.html.split("<img src=\"").skip(1).map(|rest| rest.split('"').next().expect("an address")).collect();
            let pictures: Vec<_> = pictures.iter().map(|path| path.replace("&#x2f;", "/")).filter(|path| path.starts_with("/pictures/")).collect();
            assert_eq!(pictures.len(), 2, "{}", shown.html);
            for path in &pictures {
                let picture = visitor.open(path).await;
                assert_eq!((picture.status, picture.header("content-type")), (200, "image/jpeg"));
                assert_eq!(app.visitor().open(path).await.status, 401);
                assert_eq!(app.visitor_as("unit2").await.open(path).await.status, 404);
            }
        }
    }

    async fn a_report_is_not_lost_with_what_was_no_picture_and_pictures_can_follow(app) {
        let claim = app.world().await.rice().await;
        let unit = app.visitor_as("unit").await;
        let page = format!("/matches/{}", claim.id());
        let sent = unit.fill_with(&format!("{page}?act=report"), "reportDelivery", &[("quantity", "2")], &[b"no picture".to_vec()]).await;
        assert_eq!(sent.status, 303, "{}", sent.html);
        let shown = unit.open(&page).await;
        assert!(shown.has("已报告交付") && shown.has("照片没有存上") && shown.has("请上传 JPEG、PNG 或 WebP"), "{}", shown.html);

        let add = shown.html.split("href=\"").map(|rest| rest.split('"').next().expect("an address").replace("&#x2f;", "/").replace("&amp;", "&"));
        let add = add.into_iter().find(|to| to.contains("act=pictures")).expect("a way to add some");
        let wrong = unit.fill_with(&add, "addPictures", &[], &[b"<script>alert(1)</script>".to_vec()]).await;
        assert_eq!(wrong.status, 422, "{}", wrong.html);
        assert!(wrong.has("href=\"#f-pictures\"") && wrong.has("id=\"w-pictures\"") && !wrong.has("alert(1)"), "{}", wrong.html);
        let none = unit.fill_with(&add, "addPictures", &[], &[]).await;
        assert!(none.status == 422 && none.has("请先选择照片"), "{}", none.html);
        let done = unit.fill_with(&add, "addPictures", &[], &[photo(300, 200, 0)]).await;
        assert_eq!((done.status, done.to()), (303, page.as_str()), "{}", done.html);
        let shown = unit.open(&page).await;
        assert!(shown.has("照片已添加") && shown.has("交付的照片 1"), "{}", shown.html);
        let gone = unit.fill(&page, "removePicture", &[]).await;
        assert_eq!(gone.status, 303, "{}", gone.html);
        assert!(!unit.open(&page).await.has("交付的照片 1"));
    }

    async fn a_form_with_files_needs_its_secret_and_somebody_who_is_signed_in(app) {
        let claim = app.world().await.rice().await;
        let unit = app.visitor_as("unit").await;
        let page = format!("/matches/{}?act=report", claim.id());
        let forged = unit.fill_with(&page, "reportDelivery", &[("quantity", "2"), ("csrf", "guessed")], &[photo(80, 60, 0)]).await;
        assert_eq!(forged.status, 403);
        let many = unit.fill_with(&page, "reportDelivery", &[("quantity", "2")], &vec![photo(80, 60, 0); 8]).await;
        assert_eq!(many.status, 413);
        let nobody = app.visitor();
        nobody.open("/sign-in").await;
        assert_eq!(nobody.send_with(&page, vec![("do".to_owned(), "reportDelivery".to_owned())], &[vec![0; 100 << 10]]).await.status, 413);
        let shown = unit.open(&format!("/matches/{}", claim.id())).await;
        assert!(!shown.has("请验收") && !shown.has("交付的照片"), "{}", shown.html);
    }
}
