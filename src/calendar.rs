//! Working days by the State Council's yearly holiday tables, and deadlines counted in them.
//! Days are China Standard Time, a fixed +08:00.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::Deserialize;

pub const SHANGHAI: FixedOffset = FixedOffset::east_opt(8 * 3600).unwrap();

/// The longest break the State Council has given is ten days; one much longer is mistyped.
const LONGEST_BREAK: usize = 15;

/// One day on which the table departs from, or confirms, the ordinary week.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Holiday {
    /// The year whose notice lists it; a New Year break may begin in the December before.
    pub year: i32,
    /// The day, in Shanghai.
    pub date: NaiveDate,
    /// `true`: a 调休 workday; `false`: a day off.
    pub working: bool,
    /// The festival, as the notice names it: 春节.
    pub name: String,
}

/// Which days are worked. The table decides; a day it does not list is worked Monday to Friday.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// Listed day → worked or not.
    days: BTreeMap<NaiveDate, bool>,
}

impl Calendar {
    /// The tables of 2023 to 2026.
    pub fn shipped() -> Calendar {
        let rows = parse_holidays(include_str!("calendar/holidays.toml")).expect("the shipped table parses");
        Calendar { days: BTreeMap::new() }.with(rows)
    }

    /// Adds the rows of later years. A row replaces what is listed for its day.
    pub fn with(mut self, later: impl IntoIterator<Item = Holiday>) -> Calendar {
        self.days.extend(later.into_iter().map(|row| (row.date, row.working)));
        self
    }

    pub fn is_working_day(&self, day: NaiveDate) -> bool {
        self.days.get(&day).copied().unwrap_or_else(|| is_weekday(day))
    }

    /// The `n`th working day after `day`; `day` itself for 0. Ends at [`NaiveDate::MAX`].
    pub fn add_working_days(&self, day: NaiveDate, n: u32) -> NaiveDate {
        let Some(before) = n.checked_sub(1) else {
            return day;
        };
        day.iter_days().skip(1).filter(|day| self.is_working_day(*day)).nth(before as usize).unwrap_or(NaiveDate::MAX)
    }

    /// Whether the year of `day` has at least one row. Where it has none, Monday to Friday are
    /// counted and the caller warns.
    pub fn covers(&self, day: NaiveDate) -> bool {
        self.days.keys().any(|listed| listed.year() == day.year())
    }

    /// 24:00 in Shanghai of the `n`th working day after the Shanghai day of `event`: the first
    /// instant that is too late.
    pub fn deadline(&self, event: DateTime<Utc>, n: u32) -> DateTime<Utc> {
        // start_of(MAX) leaves more than a day of room, and no Shanghai day is longer or shorter.
        start_of(self.add_working_days(shanghai_day(event), n)) + TimeDelta::days(1)
    }
}

/// The date in Shanghai at that instant. Ends at [`NaiveDate::MAX`].
pub fn shanghai_day(at: DateTime<Utc>) -> NaiveDate {
    at.naive_utc().checked_add_offset(SHANGHAI).map_or(NaiveDate::MAX, |local| local.date())
}

/// 00:00 in Shanghai of that day, as an instant. Begins at [`DateTime::MIN_UTC`].
pub fn start_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).checked_sub_offset(SHANGHAI).map_or(DateTime::<Utc>::MIN_UTC, |utc| utc.and_utc())
}

/// Reads tables in the format of `holidays.toml` into rows, ordered by date.
///
/// # Errors
/// Says what is wrong and where: the line for what is not of the format, else the year and
/// festival, for a date outside its section's year (the December before belongs to it), a break
/// that ends before it begins or is longer than 15 days, a 调休 workday that is not a Saturday or
/// Sunday, and a date listed twice.
pub fn parse_holidays(toml: &str) -> Result<Vec<Holiday>, Wrong> {
    let years: BTreeMap<String, BTreeMap<String, Festival>> = toml::from_str(toml).map_err(|error| {
        let before = error.span().map_or(0, |span| span.start);
        let line = toml.bytes().take(before).filter(|byte| *byte == b'\n').count() + 1;
        Wrong::new(format!("第 {line} 行不符合格式"), format!("line {line} is not of the format"))
    })?;
    let mut rows = BTreeMap::new();
    for (section, festivals) in &years {
        let no_year = || Wrong::new(format!("[{section}] 不是年份"), format!("[{section}] is no year"));
        let year: i32 = section.parse().map_err(|_| no_year())?;
        for (name, festival) in festivals {
            let at = |wrong: Wrong| Wrong::new(format!("{section} 年{name}：{}", wrong.zh), format!("{section} {name}: {}", wrong.en));
            for (date, working) in festival.days().map_err(at)? {
                if !belongs(date, year) {
                    return Err(at(Wrong::new(format!("{date} 不属于 {year} 年"), format!("{date} is not of {year}"))));
                }
                let row = Holiday { year, date, working, name: name.clone() };
                if let Some(other) = rows.insert(date, row) {
                    let wrong =
                        Wrong::new(format!("{date} 已列在“{}”下", other.name), format!("{date} is already listed under {}", other.name));
                    return Err(at(wrong));
                }
            }
        }
    }
    Ok(rows.into_values().collect())
}

/// A half-open span of time.
pub type Span = (DateTime<Utc>, DateTime<Utc>);

/// What is wrong with a table, for a reader of either language.
#[derive(Clone, Debug, PartialEq)]
pub struct Wrong {
    pub zh: String,
    pub en: String,
}

impl Wrong {
    fn new(zh: String, en: String) -> Wrong {
        Wrong { zh, en }
    }
}

/// One line of the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Festival {
    from: toml::value::Date,
    to: Option<toml::value::Date>,
    #[serde(default)]
    working: Vec<toml::value::Date>,
}

impl Festival {
    /// Each day of the line, and whether it is worked.
    fn days(&self) -> Result<Vec<(NaiveDate, bool)>, Wrong> {
        let from = naive(&self.from)?;
        let to = self.to.as_ref().map_or(Ok(from), naive)?;
        if to < from {
            let zh = format!("截止日期 {to} 早于起始日期 {from}");
            return Err(Wrong::new(zh, format!("ends on {to}, before it begins on {from}")));
        }
        let mut days: Vec<_> = from.iter_days().take_while(|day| *day <= to).take(LONGEST_BREAK + 1).map(|day| (day, false)).collect();
        if days.len() > LONGEST_BREAK {
            let zh = format!("{from} 至 {to} 超过 {LONGEST_BREAK} 天");
            return Err(Wrong::new(zh, format!("{from} to {to} is longer than {LONGEST_BREAK} days")));
        }
        for day in &self.working {
            let day = naive(day)?;
            if is_weekday(day) {
                let zh = format!("{day} 不是周六或周日，无须列为调休上班日");
                return Err(Wrong::new(zh, format!("{day} is no Saturday or Sunday, so it needs no working entry")));
            }
            days.push((day, true));
        }
        Ok(days)
    }
}

fn naive(date: &toml::value::Date) -> Result<NaiveDate, Wrong> {
    NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
        .ok_or_else(|| Wrong::new(format!("{date} 不是日期"), format!("{date} is not a date")))
}

/// A notice may begin the New Year break, or work a day for it, in the December before.
fn belongs(date: NaiveDate, year: i32) -> bool {
    let of_notice = if date.month() == 12 { date.year()..=date.year() + 1 } else { date.year()..=date.year() };
    of_notice.contains(&year)
}

fn is_weekday(day: NaiveDate) -> bool {
    day.weekday().number_from_monday() <= 5
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn after(from: &str, n: u32) -> NaiveDate {
        Calendar::shipped().add_working_days(day(from), n)
    }

    fn refused(toml: &str) -> String {
        parse_holidays(toml).unwrap_err().en
    }

    #[test]
    fn five_working_days_run_across_spring_festival() {
        assert_eq!(after("2024-02-08", 5), day("2024-02-21")); // 9, Sunday 18, 19, 20, 21
        assert_eq!(after("2025-01-24", 5), day("2025-02-07"));
        assert_eq!(after("2026-02-13", 5), day("2026-02-27"));
    }

    #[test]
    fn ten_working_days_run_across_national_day() {
        assert_eq!(after("2024-09-27", 10), day("2024-10-16"));
        assert_eq!(after("2025-09-26", 10), day("2025-10-16"));
        assert_eq!(after("2026-09-18", 10), day("2026-10-09"));
    }

    #[test]
    fn a_weekend_day_worked_in_exchange_counts() {
        assert_eq!(after("2026-02-13", 1), day("2026-02-14")); // a Saturday
        assert_eq!(after("2025-09-26", 1), day("2025-09-28")); // a Sunday; the Saturday is off
    }

    #[test]
    fn a_weekday_in_a_break_is_off_and_the_week_around_it_is_ordinary() {
        let calendar = Calendar::shipped();
        let week: Vec<_> = day("2026-09-21").iter_days().take(7).map(|day| calendar.is_working_day(day)).collect();
        assert_eq!(week, [true, true, true, true, false, false, false]); // Friday the 25th is 中秋节
    }

    #[test]
    fn each_year_has_its_number_of_working_days() {
        let calendar = Calendar::shipped();
        let worked = |year| {
            let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
            first.iter_days().take_while(|day| day.year() == year).filter(|day| calendar.is_working_day(*day)).count()
        };
        assert_eq!([2023, 2024, 2025, 2026].map(worked), [249, 251, 248, 248]);
    }

    #[test]
    fn no_working_days_is_the_day_itself_even_a_day_off() {
        assert_eq!(after("2026-02-17", 0), day("2026-02-17"));
    }

    #[test]
    fn an_event_a_minute_before_the_year_ends_belongs_to_its_last_day() {
        let calendar = Calendar::shipped();
        // 1 to 3 January are off and Sunday the 4th is worked.
        assert_eq!(calendar.deadline(at("2025-12-31T23:59:00+08:00"), 1), at("2026-01-05T00:00:00+08:00"));
        assert_eq!(calendar.deadline(at("2026-01-01T00:00:00+08:00"), 1), at("2026-01-05T00:00:00+08:00"));
        assert_eq!(calendar.deadline(at("2025-12-31T23:59:00+08:00"), 0), at("2025-12-31T16:00:00Z"));
    }

    #[test]
    fn the_day_of_the_event_is_the_one_in_shanghai() {
        let calendar = Calendar::shipped();
        // Monday evening in UTC is Tuesday in Shanghai.
        assert_eq!(calendar.deadline(at("2026-03-02T15:59:59Z"), 1), at("2026-03-03T16:00:00Z"));
        assert_eq!(calendar.deadline(at("2026-03-02T16:00:00Z"), 1), at("2026-03-04T16:00:00Z"));
    }

    #[test]
    fn an_event_at_a_weekend_counts_from_monday() {
        let friday_midnight = at("2026-03-14T00:00:00+08:00");
        for event in ["2026-03-06T09:00:00+08:00", "2026-03-07T09:00:00+08:00", "2026-03-08T23:59:59+08:00"] {
            assert_eq!(Calendar::shipped().deadline(at(event), 5), friday_midnight);
        }
    }

    #[test]
    fn beyond_the_table_monday_to_friday_count_and_are_not_covered() {
        let calendar = Calendar::shipped();
        assert!(calendar.covers(day("2023-01-01")) && calendar.covers(day("2026-12-31")));
        assert!(!calendar.covers(day("2022-12-31")) && !calendar.covers(day("2027-01-01")));
        assert_eq!(after("2026-12-31", 2), day("2027-01-04")); // Friday 1 January counts
    }

    #[test]
    fn a_loaded_year_is_covered_and_its_rows_replace_the_shipped_ones() {
        let row = |date, working| Holiday { year: day(date).year(), date: day(date), working, name: "元旦".into() };
        let calendar = Calendar::shipped().with([
            row("2026-12-31", false),
            row("2027-01-01", false),
            row("2027-01-02", true),
            row("2026-01-02", true),
        ]);
        assert!(calendar.covers(day("2027-12-31")));
        assert!(!calendar.covers(day("2028-01-01")));
        assert_eq!(calendar.add_working_days(day("2026-12-30"), 1), day("2027-01-02"));
        assert!(calendar.is_working_day(day("2026-01-02")));
        assert!(!calendar.is_working_day(day("2026-01-01")));
    }

    #[test]
    fn the_ends_of_time_saturate() {
        let calendar = Calendar::shipped();
        assert_eq!(calendar.add_working_days(NaiveDate::MAX, 1), NaiveDate::MAX);
        assert_eq!(calendar.add_working_days(NaiveDate::MAX - TimeDelta::days(3), u32::MAX), NaiveDate::MAX);
        assert_eq!(shanghai_day(DateTime::<Utc>::MAX_UTC), NaiveDate::MAX);
        assert_eq!(start_of(NaiveDate::MIN), DateTime::<Utc>::MIN_UTC);
        assert_eq!(shanghai_day(calendar.deadline(DateTime::<Utc>::MAX_UTC, 5)), NaiveDate::MAX);
        assert!(calendar.deadline(DateTime::<Utc>::MIN_UTC, 5) > DateTime::<Utc>::MIN_UTC);
        assert!(!calendar.covers(NaiveDate::MAX) && !calendar.covers(NaiveDate::MIN));
    }

    #[test]
    fn a_table_reads_as_one_row_a_day_in_order() {
        let rows = parse_holidays("[2027]\n\"元旦\" = { from = 2026-12-31, to = 2027-01-01, working = [2026-12-27] }").unwrap();
        let row = |date, working| Holiday { year: 2027, date: day(date), working, name: "元旦".into() };
        assert_eq!(rows, [row("2026-12-27", true), row("2026-12-31", false), row("2027-01-01", false)]);
    }

    #[test]
    fn a_wrong_table_is_refused_by_line_or_entry() {
        assert!(refused("[2027]\n\"元旦\" = { from = 2027-13-01 }").contains("line 2"));
        assert!(refused("[2027]\n\"元旦\" = { form = 2027-01-01 }").contains("line 2"));
        assert!(refused("[2027]\n\"元旦\" = { from = 2027-01-01T00:00:00 }").contains("line 2"));
        assert!(refused("[2027]\n\"元旦\" = { from = 2027-01-01 }\n\"元旦\" = { from = 2027-01-02 }").contains("line 3"));
        assert_eq!(refused("[2027]\n\"国庆节\" = { from = 2026-10-01, to = 2026-10-07 }"), "2027 国庆节: 2026-10-01 is not of 2027");
        assert_eq!(
            refused("[2027]\n\"国庆节\" = { from = 2027-10-07, to = 2027-10-01 }"),
            "2027 国庆节: ends on 2027-10-01, before it begins on 2027-10-07"
        );
        assert_eq!(
            refused("[2027]\n\"国庆节\" = { from = 2027-10-01, to = 2027-11-07 }"),
            "2027 国庆节: 2027-10-01 to 2027-11-07 is longer than 15 days"
        );
        assert_eq!(
            refused("[2027]\n\"国庆节\" = { from = 2027-10-01, working = [2027-10-08] }"),
            "2027 国庆节: 2027-10-08 is no Saturday or Sunday, so it needs no working entry"
        );
        assert_eq!(
            refused(
                "[2027]\n\"中秋节\" = { from = 2027-10-02, to = 2027-10-03 }\n\"国庆节\" = { from = 2027-10-01, working = [2027-10-02] }"
            ),
            "2027 国庆节: 2027-10-02 is already listed under 中秋节"
        );
    }
}
