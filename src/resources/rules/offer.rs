//! What a unit may offer: the texts, quantities and dates of a pledge.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{NeedCategory, ResourceForm};
use crate::areas::rules::{self, optional};
use crate::refusal::Refusal;
use crate::resources::Model;

/// Whoever serves more areas than these serves all of them.
const MOST_AREAS: usize = 50;

/// What a unit offers; quantities in thousandths.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    pub form: ResourceForm,
    pub category: NeedCategory,
    pub title: String,
    pub description: Option<String>,
    pub measure: String,
    /// None: inexhaustible.
    pub total: Option<i64>,
    pub per_session: Option<i64>,
    pub weekly_hours: Option<String>,
    pub audience: Option<String>,
    pub conditions: Option<String>,
    pub valid_until: Option<NaiveDate>,
    /// The areas that it serves; none: all.
    pub areas: Vec<Uuid>,
}

impl Offer {
    /// The offer of a pledge that names these areas.
    pub fn of(pledge: &Model, areas: Vec<Uuid>) -> Offer {
        let pledge = pledge.clone();
        Offer {
            form: pledge.form,
            category: pledge.category,
            title: pledge.title,
            description: pledge.description,
            measure: pledge.measure,
            total: pledge.total,
            per_session: pledge.per_session,
            weekly_hours: pledge.weekly_hours,
            audience: pledge.audience,
            conditions: pledge.conditions,
            valid_until: pledge.valid_until,
            areas,
        }
    }

    /// The offer with its texts trimmed and each area once, if it may be made today.
    pub fn check(mut self, today: NaiveDate) -> Result<Offer, Refusal> {
        self.areas.sort_unstable();
        self.areas.dedup();
        if self.areas.len() > MOST_AREAS {
            return Err(Refusal::invalid(
                "areas",
                format!("最多选择 {MOST_AREAS} 个服务区域；面向全区请留空"),
                format!("At most {MOST_AREAS} areas; leave it empty to serve all"),
            ));
        }
        for (field, quantity) in [("total", self.total), ("perSession", self.per_session)] {
            if quantity.is_some_and(|quantity| quantity <= 0) {
                return Err(Refusal::invalid(field, "数量须大于 0", "The quantity must be above zero"));
            }
        }
        check_until(self.valid_until, today)?;
        Ok(Offer {
            title: line("title", &self.title, 60)?,
            description: optional("description", self.description.as_deref(), 2000)?,
            measure: line("measure", &self.measure, 12)?,
            weekly_hours: optional("weeklyHours", self.weekly_hours.as_deref(), 200)?,
            audience: optional("audience", self.audience.as_deref(), 200)?,
            conditions: optional("conditions", self.conditions.as_deref(), 500)?,
            ..self
        })
    }
}

/// A text on one line, which must say something.
fn line(field: &'static str, value: &str, most: usize) -> Result<String, Refusal> {
    rules::line(field, value, most)?.ok_or_else(|| Refusal::invalid(field, "此项必填，且不能换行", "A text on one line is needed"))
}

/// The last day must not have passed.
pub(super) fn check_until(until: Option<NaiveDate>, today: NaiveDate) -> Result<(), Refusal> {
    if until.is_none_or(|until| until >= today) {
        return Ok(());
    }
    Err(Refusal::invalid("validUntil", "有效期不能早于今天，请填写新的截止日期", "The last day has passed; give one from today on"))
}

/// What a unit changes in an offer before it hands it in again; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    pub form: Option<ResourceForm>,
    pub category: Option<NeedCategory>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub measure: Option<String>,
    pub total: Option<i64>,
    pub per_session: Option<i64>,
    pub weekly_hours: Option<String>,
    pub audience: Option<String>,
    pub conditions: Option<String>,
    pub valid_until: Option<NaiveDate>,
    pub areas: Option<Vec<Uuid>>,
}

impl Change {
    pub fn to(self, offer: Offer) -> Offer {
        Offer {
            form: self.form.unwrap_or(offer.form),
            category: self.category.unwrap_or(offer.category),
            title: self.title.unwrap_or(offer.title),
            description: self.description.or(offer.description),
            measure: self.measure.unwrap_or(offer.measure),
            total: self.total.or(offer.total),
            per_session: self.per_session.or(offer.per_session),
            weekly_hours: self.weekly_hours.or(offer.weekly_hours),
            audience: self.audience.or(offer.audience),
            conditions: self.conditions.or(offer.conditions),
            valid_until: self.valid_until.or(offer.valid_until),
            areas: self.areas.unwrap_or(offer.areas),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::RefusalCode;

    fn offer() -> Offer {
        Offer {
            form: ResourceForm::Goods,
            category: NeedCategory::HardshipAndEmployment,
            title: " 爱心大米 ".to_owned(),
            description: Some(String::new()),
            measure: "袋".to_owned(),
            total: Some(50_000),
            per_session: None,
            weekly_hours: None,
            audience: None,
            conditions: None,
            valid_until: None,
            areas: Vec::new(),
        }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn texts_are_trimmed_and_an_empty_one_is_none() {
        let checked = offer().check(day("2025-03-03")).unwrap();
        assert_eq!((checked.title.as_str(), checked.description), ("爱心大米", None));
    }

    #[test]
    fn each_limit_refuses_at_its_field() {
        let today = day("2025-03-03");
        type Spoil = fn(&mut Offer);
        let wrong: [(&str, Spoil); 9] = [
            ("title", |offer| offer.title = " ".to_owned()),
            ("title", |offer| offer.title = "大".repeat(61)),
            ("title", |offer| offer.title = "大\n米".to_owned()),
            ("measure", |offer| offer.measure = "袋".repeat(13)),
            ("total", |offer| offer.total = Some(0)),
            ("perSession", |offer| offer.per_session = Some(-1)),
            ("conditions", |offer| offer.conditions = Some("无".repeat(501))),
            ("validUntil", |offer| offer.valid_until = Some("2025-03-02".parse().unwrap())),
            ("areas", |offer| offer.areas = (0..51).map(Uuid::from_u128).collect()),
        ];
        for (field, spoil) in wrong {
            let mut offer = offer();
            spoil(&mut offer);
            let refusal = offer.check(today).unwrap_err();
            assert_eq!((refusal.reason.code(), refusal.path), (RefusalCode::InvalidInput, vec!["input", field]));
        }
    }

    #[test]
    fn an_area_named_twice_counts_once_and_the_last_day_may_be_today() {
        let mut offer = offer();
        offer.areas = vec![Uuid::from_u128(2), Uuid::from_u128(1), Uuid::from_u128(2)];
        offer.valid_until = Some(day("2025-03-03"));
        let checked = offer.check(day("2025-03-03")).unwrap();
        assert_eq!(checked.areas, [Uuid::from_u128(1), Uuid::from_u128(2)]);
    }

    #[test]
    fn what_a_change_does_not_name_stays() {
        let change = Change { total: Some(20_000), ..Change::default() };
        let changed = change.to(offer());
        assert_eq!((changed.total, changed.title), (Some(20_000), offer().title));
    }
}
