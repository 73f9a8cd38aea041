//! Pages as tables to take along: CSV as spreadsheets open it.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::Response;

use super::view::{self, Context, Table};
use super::visit::Visit;
use super::{Outcome, Shown, Unshown, gather, unshown};
use crate::calendar::shanghai_day;
use crate::http::Http;
use crate::telemetry::trail;

/// Rows of one table.
const MOST: usize = 50_000;
/// How often one part of a table waits for its turn, and how long.
const PAUSES: u32 = 30;
const PAUSE: Duration = Duration::from_secs(2);
/// By this a spreadsheet knows that the text is UTF-8.
const MARK: &str = "\u{feff}";

/// Whether the page of a visit is asked for as a table, and can be had as one.
pub(super) fn is_asked(visit: &Visit) -> bool {
    visit.asked.first("download") == Some("csv") && super::pages::file(&format!("pages/{}.csv", visit.page.name)).is_some()
}

/// All rows that the page would show one page after the other. What fails half-way breaks off, so that nobody takes a part for the whole.
pub(super) async fn download(http: Http, mut visit: Visit) -> Response {
    let mut table = match part(&http, &mut visit).await {
        Ok(table) => table,
        Err(why) => return unshown(&http, visit, why).await,
    };
    let name = format!("attachment; filename=\"{}-{}.csv\"", visit.page.name, shanghai_day(http.app.clock().now()));
    let media = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, name.as_str())];
    let mut response = super::answer(&visit, (StatusCode::OK, media));
    let trail = trail::current();
    *response.body_mut() = Body::from_stream(async_stream::stream! {
        let mut count = table.rows.len();
        yield Ok(Bytes::from(format!("{MARK}{}", table.rows.concat())));
        while let Some(next) = table.next.take() {
            if count >= MOST {
                let (zh, en) = (format!("只下载前 {MOST} 条，请缩小范围"), format!("Only the first {MOST} rows: ask for less"));
                yield Ok(Bytes::from(row([visit.lang.pick(zh, en)].into_iter())));
                return;
            }
            visit.asked.set("after", next);
            let mut pauses = PAUSES;
            table = loop {
                match trail::follow(trail.as_ref(), part(&http, &mut visit)).await {
                    Ok(table) => break table,
                    // A long table may use up a caller's share: it comes slower then.
                    Err(Unshown::Failed(failure)) if failure.code == "RATE_LIMITED" && pauses > 0 => {
                        pauses -= 1;
                        tokio::time::sleep(PAUSE).await;
                    }
                    Err(why) => {
                        match why {
                            Unshown::Broken(error) => tracing::error!(error, "a table could not be rendered"),
                            Unshown::Failed(failure) => tracing::warn!(code = failure.code, "a table broke off"),
                            Unshown::SignIn | Unshown::Again => {}
                        }
                        yield Err("a table broke off");
                        return;
                    }
                }
            };
            count += table.rows.len();
            yield Ok(Bytes::from(table.rows.concat()));
        }
    });
    response
}

async fn part(http: &Http, visit: &mut Visit) -> Result<Table, Unshown> {
    let Shown { viewer, acting, data } = gather(http, visit).await?;
    let name = visit.page.name;
    let context = Context { visit, viewer: &viewer, acting: &acting, data, outcome: Outcome::default() };
    view::table(http, context, name).map_err(Unshown::Broken)
}

/// One line. What a spreadsheet would take for a formula is text to it.
pub(super) fn row(cells: impl Iterator<Item = String>) -> String {
    let mut line = cells.map(|cell| self::cell(&cell)).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

fn cell(text: &str) -> String {
    let text = text.replace(['\r', '\n'], " ");
    let is_number = text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t']) && !is_number;
    let text = if is_formula { format!("'{text}") } else { text };
    if text.contains([',', '"', '\'']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_a_number_stays_one() {
        for (text, expected) in [
            ("独居老人", "独居老人"),
            ("-12.50", "-12.50"),
            ("1,5", "\"1,5\""),
            ("他说“\"好\"”", "\"他说“\"\"好\"\"”\""),
            ("=HYPERLINK(\"http://evil.example\")", "\"'=HYPERLINK(\"\"http://evil.example\"\")\""),
            ("+86 434", "\"'+86 434\""),
            ("-1+cmd|' /C calc'!A0", "\"'-1+cmd|' /C calc'!A0\""),
            ("  @SUM(A1)", "\"'  @SUM(A1)\""),
            ("一行\r\n=2", "一行  =2"),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }
}
