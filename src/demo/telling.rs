//! The steps that stories are told in: what was asked, promised and reported is found again by its name.

use sea_orm::EntityTrait;

use super::content::{NeedTemplate, PledgeTemplate};
use super::world::{Pledge, World};
use crate::error::{AppError, Result};
use crate::matches::entity::delivery;
use crate::resources::actions::{list, pledge_resource};

impl World {
    /// The unit submits something that nobody comes upon by chance.
    pub async fn offer(&mut self, unit: usize, what: &'static PledgeTemplate, total: u32) -> Result<usize> {
        let (id, offer) = (self.units[unit].id, &what.offer(Some(total)));
        let representative = &self.units[unit].representative;
        let id = self.act(representative, |work| async move { pledge_resource(&work, id, offer.clone()).await }).await?;
        self.pledges.push(Pledge { id, unit, what, serves: Vec::new(), kept: true });
        Ok(self.pledges.len() - 1)
    }

    pub async fn put_on_list(&mut self, unit: usize, what: &'static PledgeTemplate, total: u32) -> Result<()> {
        let pledge = self.offer(unit, what, total).await?;
        let id = self.pledges[pledge].id;
        let officer = &self.streets[self.units[unit].street].officer;
        self.act(officer, |work| async move { list(&work, id).await }).await?;
        Ok(())
    }

    pub fn kept(&self, unit: usize, title: &str) -> usize {
        let kept = |pledge: &Pledge| pledge.kept && pledge.unit == unit && pledge.what.title == title;
        self.pledges.iter().position(kept).expect("pledged before in the story")
    }

    /// The community posts a need, and the street publishes it.
    pub async fn ask(
        &mut self,
        here: usize,
        name: &'static str,
        what: &'static NeedTemplate,
        wanted: u32,
        directed: Vec<usize>,
    ) -> Result<()> {
        // Late enough for the story to be told to its end.
        let due_on = self.calendar.add_working_days(self.today(), 25);
        let need = self.write_need(here, what, wanted, Some(due_on), directed, true).await?;
        self.publish(need).await?;
        self.told.needs.insert((here, name), need);
        Ok(())
    }

    /// The unit claims so much of what was asked under that name, out of its pledge.
    pub async fn claim_for(&mut self, here: usize, name: &'static str, unit: usize, title: &str, quantity: i64) -> Result<()> {
        let (need, pledge) = (self.told.needs[&(here, name)], self.kept(unit, title));
        let deal = self.claim(need, unit, self.pledges[pledge].what, Some(pledge), quantity * 1000).await?;
        self.told.deals.insert((here, name), deal);
        Ok(())
    }

    /// The community requests so much of a pledge: for the need that was asked under that name, or else for a day so many working days ahead.
    pub async fn request_from(
        &mut self,
        here: usize,
        name: &'static str,
        unit: usize,
        title: &str,
        quantity: i64,
        days: u32,
    ) -> Result<()> {
        let (need, pledge) = (self.told.needs.get(&(here, name)).copied(), self.kept(unit, title));
        let day = self.calendar.add_working_days(self.today(), days);
        let deal = self.apply_for(here, pledge, quantity * 1000, need, Some(day)).await?;
        self.told.deals.insert((here, name), deal);
        Ok(())
    }

    pub async fn report(&mut self, here: usize, name: &'static str, quantity: i64, note: &str) -> Result<()> {
        let delivery = self.hand_over(self.told.deals[&(here, name)], quantity * 1000, Some(note)).await?;
        self.told.reports.insert((here, name), delivery);
        Ok(())
    }

    pub async fn accept(&mut self, here: usize, name: &'static str) -> Result<()> {
        let (deal, report) = (self.told.deals[&(here, name)], self.told.reports[&(here, name)]);
        let report = delivery::Entity::find_by_id(report).one(&self.conn).await?.ok_or(AppError::NotFound)?;
        self.settle(deal, &report, report.quantity).await
    }
}
