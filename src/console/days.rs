//! The days that pages are about, by the names that their operations use.

use chrono::{Datelike, Days, Months, NaiveDate};

/// Today and a week on; the day, the week and the period that the address asks for; the last twelve months, the present one as the last.
pub(super) fn known(today: NaiveDate, asked: impl Fn(&str) -> Option<NaiveDate>) -> Vec<(String, NaiveDate)> {
    let later = |day: NaiveDate, days| day.checked_add_days(Days::new(days)).unwrap_or(day);
    let (day, from) = (asked("day").unwrap_or(today), asked("from"));
    let week = from.unwrap_or(today);
    let year_from = from.unwrap_or_else(|| first_of_month(today).with_month(1).unwrap_or(today));
    let year_to = asked("to").unwrap_or(today).max(year_from);
    [
        ("today", today),
        ("soon", later(today, 7)),
        ("day", day),
        ("dayEnd", later(day, 1)),
        ("weekFrom", week),
        ("weekTo", later(week, 7)),
        ("yearFrom", year_from),
        ("yearTo", year_to),
        ("monthsFrom", first_of_month(today).checked_sub_months(Months::new(11)).unwrap_or(today)),
        ("monthsTo", last_of_month(today)),
    ]
    .map(|(name, day)| (name.to_owned(), day))
    .into()
}

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

fn last_of_month(day: NaiveDate) -> NaiveDate {
    first_of_month(day).checked_add_months(Months::new(1)).and_then(|next| next.pred_opt()).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn months_and_periods_are_whole() {
        let all = known(day("2024-03-31"), |_| None);
        let of = |name: &str| all.iter().find(|(known, _)| known == name).map(|(_, day)| *day);
        for (name, expected) in [
            ("monthsFrom", "2023-04-01"),
            ("monthsTo", "2024-03-31"),
            ("yearFrom", "2024-01-01"),
            ("yearTo", "2024-03-31"),
            ("weekTo", "2024-04-07"),
            ("dayEnd", "2024-04-01"),
        ] {
            assert_eq!(of(name), Some(day(expected)), "{name}");
        }
    }

    #[test]
    fn a_period_never_ends_before_it_begins() {
        let all = known(day("2024-03-31"), |name| (name == "from").then(|| day("+262142-12-31")));
        let of = |name: &str| all.iter().find(|(known, _)| known == name).map(|(_, day)| *day);
        assert_eq!((of("yearFrom"), of("weekTo")), (of("yearTo"), Some(day("+262142-12-31"))));
    }
}
