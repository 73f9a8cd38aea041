//! What becomes of a promise: delivered, accepted or refused, rated. The year's value is steered here, by the prices of what is delivered.

use sea_orm::EntityTrait;
use uuid::Uuid;

use super::content::phrases::{DELIVERY_NOTES, DELIVERY_REFUSALS, EVALUATIONS};
use super::content::{Form, PledgeTemplate};
use super::world::{Deal, Event, World};
use crate::decimal::Decimal;
use crate::error::{AppError, Result};
use crate::matches::actions::deliver::{Report, accept, refuse, report};
use crate::matches::actions::evaluate::evaluate;
use crate::matches::entity::delivery;
use crate::matches::rules::{DeliveryStatus, MatchSide, MatchStatus, pro_rata};

/// How likely each of [`EVALUATIONS`] is.
const GRADES: [(usize, u32); 4] = [(0, 55), (1, 33), (2, 9), (3, 3)];
/// So many of them, the best, for units that may exist under their names.
const OF_REAL_UNITS: usize = 2;
/// So many yuan behind the plan of the year make things a hundredth dearer.
const YUAN_A_HUNDREDTH: i64 = 600;
/// In the last days communities do not accept what would lead further than this beyond the plan, in fen.
const SLACK: i64 = 100_000;
const LAST_DAYS: i64 = 21;

impl World {
    pub async fn deliver(&mut self, deal: usize) -> Result<()> {
        let Deal { what, .. } = self.deals[deal];
        let found = self.load_deal(deal).await?;
        if !found.status.is_confirmed() || found.outstanding == 0 {
            return Ok(());
        }
        let whole = found.outstanding / 1000;
        let part = whole >= 6 && found.accepted == 0 && found.delivered == 0 && self.dice.percent(20);
        let quantity = if part { whole / 2 * 1000 } else { found.outstanding };
        let matter = self.matter(what.form, what.title);
        let note = self.dice.phrase(DELIVERY_NOTES, matter).filter(|note| part == note.contains("第一批") && !note.contains("少两份"));
        let delivery = self.hand_over(deal, quantity, note).await?;
        let days = if self.dice.percent(92) { (0, 3) } else { (5, 8) };
        self.later(days, Event::Inspect(deal, delivery));
        if part {
            self.later((1, 4), Event::Deliver(deal));
        }
        Ok(())
    }

    /// The unit reports a quantity at what it is worth, or with the hours that it took.
    pub async fn hand_over(&mut self, deal: usize, quantity: i64, note: Option<&str>) -> Result<Uuid> {
        let Deal { id, unit, what, .. } = self.deals[deal];
        let report_ = &Report {
            booking: None,
            exchange: id,
            quantity: Decimal::thousandths(quantity),
            delivered_on: self.today(),
            note: note.map(str::to_owned),
            fair_value: self.fair_value(what, quantity),
            hours: (what.hours_per > 0).then(|| Decimal::thousandths(quantity * i64::from(what.hours_per))),
        };
        self.act(&self.units[unit].representative, |work| async move { report(&work, report_).await }).await
    }

    /// Money speaks for itself; for things and services the price of the day, in whole yuan.
    fn fair_value(&mut self, what: &PledgeTemplate, quantity: i64) -> Option<Decimal> {
        if what.fair_value_fen == 0 || what.form == Form::Funds {
            return None;
        }
        let behind = (self.planned(self.today()) - self.value) / 100 / YUAN_A_HUNDREDTH;
        let percent = 100 + behind.clamp(-14, 14) + i64::from(self.dice.within((0, 8))) - 4;
        let fen = quantity / 1000 * i64::from(what.fair_value_fen) * percent / 100;
        Some(Decimal::whole((fen / 100).max(1)))
    }

    pub async fn inspect(&mut self, deal: usize, delivery: Uuid) -> Result<()> {
        let found = delivery::Entity::find_by_id(delivery).one(&self.conn).await?.ok_or(AppError::NotFound)?;
        if found.status != DeliveryStatus::Reported {
            return Ok(());
        }
        let whole = found.quantity / 1000;
        let last_days = self.end.signed_duration_since(self.today()).num_days() <= LAST_DAYS;
        if last_days && self.value + found.fair_value.unwrap_or(0) > self.planned(self.today()) + SLACK {
            self.later((1, 2), Event::Inspect(deal, delivery));
            return Ok(());
        }
        let accepted = match self.dice.below(100) {
            0..6 => 0,
            6..13 if whole >= 2 => (whole * i64::from(self.dice.within((50, 90))) / 100).max(1) * 1000,
            _ => found.quantity,
        };
        self.settle(deal, &found, accepted).await
    }

    /// The community accepts so much of a report, or refuses it.
    pub async fn settle(&mut self, deal: usize, report: &delivery::Model, accepted: i64) -> Result<()> {
        let (id, what) = (report.id, self.deals[deal].what);
        if accepted == 0 {
            let matter = self.matter(what.form, what.title);
            let reason = self.dice.reason(DELIVERY_REFUSALS, matter);
            self.act(self.side(deal, MatchSide::Community), |work| async move { refuse(&work, id, reason).await }).await?;
            self.later((0, 1), Event::Deliver(deal));
            return Ok(());
        }
        let quantity = Decimal::thousandths(accepted);
        self.act(self.side(deal, MatchSide::Community), |work| async move { accept(&work, id, quantity, None).await }).await?;
        self.value += report.fair_value.map_or(0, |value| pro_rata(value, accepted, report.quantity));
        let after = self.load_deal(deal).await?;
        if after.status == MatchStatus::Completed {
            for (side, chance) in [(MatchSide::Community, 76), (MatchSide::Unit, 68)] {
                if self.dice.percent(chance) {
                    self.later((0, 7), Event::Rate(deal, side));
                }
            }
        } else if after.outstanding > 0 && after.delivered == 0 {
            self.later((0, 2), Event::Deliver(deal));
        }
        Ok(())
    }

    pub async fn rate(&mut self, deal: usize, side: MatchSide) -> Result<()> {
        let Deal { id, unit, what, .. } = self.deals[deal];
        let found = self.load_deal(deal).await?;
        let rated = if side == MatchSide::Unit { found.unit_evaluated } else { found.community_evaluated };
        if found.status != MatchStatus::Completed || rated {
            return Ok(());
        }
        let grades = if self.is_invented(unit) { GRADES.len() } else { OF_REAL_UNITS };
        let comments = &EVALUATIONS[self.dice.weighed(&GRADES[..grades]).unwrap_or_default()];
        let grade = comments.grade;
        let matter = self.matter(what.form, what.title);
        let comments = if side == MatchSide::Unit { comments.by_unit } else { comments.by_community };
        let comment = self.dice.phrase(comments, matter).filter(|_| self.dice.percent(85));
        self.act(self.side(deal, side), |work| async move { evaluate(&work, id, grade, comment, Some(side)).await }).await?;
        Ok(())
    }
}
