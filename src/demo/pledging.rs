//! What becomes of a pledge: reviewed, mended, confirmed again, paused, taken back.

use chrono::Days;
use sea_orm::EntityTrait;

use super::content::phrases::{PLEDGE_RETURNS, PLEDGE_WITHDRAWALS};
use super::content::{Form, PledgeTemplate};
use super::world::{Event, Pledge, World};
use crate::decimal::Decimal;
use crate::error::{AppError, Result};
use crate::resources;
use crate::resources::actions;
use crate::resources::rules::{Change, Offer, PledgeStatus};

/// When a room or a ground is open.
fn weekly_hours(title: &str) -> &'static str {
    match title {
        "日间照料活动室" => "工作日 8:30—16:30",
        "假期托管教室" => "寒暑假工作日 8:00—16:30",
        "学校操场周末开放" => "周末和节假日 8:00—17:00",
        _ if title.starts_with("健步行") => "每日 6:00—18:00",
        _ => "工作日 17:00 以后，周末 9:00—17:00",
    }
}

impl PledgeTemplate {
    /// The offer of it in a certain quantity, in whole measures.
    pub(super) fn offer(&self, total: Option<u32>) -> Offer {
        let hosts = self.form == Form::VenueTime;
        Offer {
            form: self.form,
            category: self.category,
            title: self.title.to_owned(),
            description: Some(self.description.to_owned()),
            measure: self.measure.to_owned(),
            total: total.map(|total| Decimal::whole(total.into()).to_thousandths()),
            per_session: None,
            weekly_hours: hosts.then(|| weekly_hours(self.title).to_owned()),
            audience: None,
            conditions: hosts.then(|| "提前三个工作日约定，用后恢复原状".to_owned()),
            valid_until: None,
            areas: Vec::new(),
        }
    }
}

impl World {
    pub async fn load_pledge(&self, pledge: usize) -> Result<resources::Model> {
        resources::Entity::find_by_id(self.pledges[pledge].id).one(&self.conn).await?.ok_or(AppError::NotFound)
    }

    pub async fn pledge(&mut self, unit: usize, what: &'static PledgeTemplate) -> Result<()> {
        if !self.units[unit].active {
            return Ok(());
        }
        let total = what.total.map(|range| self.dice.within(range)).map(|total| if total > 500 { total / 100 * 100 } else { total });
        // Some serve the streets around them only, some for a time only.
        let mut serves = if self.dice.percent(15) { vec![self.units[unit].street] } else { Vec::new() };
        if !serves.is_empty() && self.dice.percent(50) {
            serves.push(self.dice.below(self.streets.len()));
            serves.dedup();
        }
        let until = self.dice.percent(30).then(|| self.today() + Days::new(self.dice.within((60, 420)).into()));
        let areas = serves.iter().map(|street| self.streets[*street].id).collect();
        let offer = &Offer { valid_until: until, areas, ..what.offer(total) };
        let (id, who) = (self.units[unit].id, &self.units[unit].representative);
        let id = self.act(who, |work| async move { actions::pledge_resource(&work, id, offer.clone()).await }).await?;
        self.pledges.push(Pledge { id, unit, what, serves, kept: false });
        let pledge = self.pledges.len() - 1;
        let days = if self.dice.percent(60) { (0, 1) } else { (1, 3) };
        self.later(days, Event::ReviewPledge(pledge));
        Ok(())
    }

    pub async fn review_pledge(&mut self, pledge: usize) -> Result<()> {
        let Pledge { id, unit, what, .. } = self.pledges[pledge];
        if self.load_pledge(pledge).await?.status != PledgeStatus::Submitted || !self.units[unit].active {
            return Ok(());
        }
        let (returned, mended) = (self.dice.percent(6), self.dice.percent(75));
        let matter = self.matter(what.form, what.title);
        let reason = self.dice.reason(PLEDGE_RETURNS, matter);
        let officer = &self.streets[self.units[unit].street].officer;
        if returned {
            self.act(officer, |work| async move { actions::return_(&work, id, reason).await }).await?;
            if mended {
                self.later((1, 4), Event::MendPledge(pledge));
            }
        } else {
            self.act(officer, |work| async move { actions::list(&work, id).await }).await?;
            self.look_after(pledge);
        }
        Ok(())
    }

    /// Most units look after what they have pledged about every half year; few never do.
    fn look_after(&mut self, pledge: usize) {
        if self.dice.percent(94) {
            let days = self.dice.within((60, 172));
            self.on(self.today() + Days::new(days.into()), Event::TendPledge(pledge));
        }
    }

    pub async fn mend_pledge(&mut self, pledge: usize) -> Result<()> {
        let Pledge { id, unit, what, .. } = self.pledges[pledge];
        let conditions = Some("免费提供；请提前三个工作日联系，对象由社区核定".to_owned());
        let until = self.load_pledge(pledge).await?.valid_until.filter(|last| *last < self.today());
        let valid_until = until.map(|_| self.today() + Days::new(180));
        let description = Some(format!("{}具体时间和数量由双方商定。", what.description));
        let change = &Change { conditions, description, valid_until, ..Change::default() };
        let who = &self.units[unit].representative;
        self.act(who, |work| async move { actions::resubmit(&work, id, change.clone()).await }).await?;
        self.later((0, 2), Event::ReviewPledge(pledge));
        Ok(())
    }

    pub async fn tend_pledge(&mut self, pledge: usize) -> Result<()> {
        let Pledge { id, unit, what, .. } = self.pledges[pledge];
        let found = self.load_pledge(pledge).await?;
        let chance = self.dice.below(100);
        let matter = self.matter(what.form, what.title);
        let reason = self.dice.reason(PLEDGE_WITHDRAWALS, matter);
        let (who, today) = (&self.units[unit].representative, self.today());
        let over = found.valid_until.is_some_and(|last| last < today + Days::new(60));
        match found.status {
            PledgeStatus::Listed | PledgeStatus::Exhausted | PledgeStatus::Expired if chance < 86 => {
                let until = over.then(|| today + Days::new(240));
                self.act(who, |work| async move { actions::renew(&work, id, until).await }).await?;
                self.look_after(pledge);
            }
            PledgeStatus::Listed if chance < 91 => {
                self.act(who, |work| async move { actions::pause(&work, id).await }).await?;
                if self.dice.percent(80) {
                    self.later((10, 40), Event::TendPledge(pledge));
                }
            }
            PledgeStatus::Paused if !found.is_over(today) => {
                self.act(who, |work| async move { actions::resume(&work, id).await }).await?;
                self.look_after(pledge);
            }
            PledgeStatus::Listed | PledgeStatus::Exhausted | PledgeStatus::Expired if chance < 95 => {
                self.act(who, |work| async move { actions::withdraw(&work, id, reason).await }).await?;
            }
            _ => {}
        }
        Ok(())
    }
}
