//! How needs and pledges find each other: units claim, communities request.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::content::phrases::{PLANS, REQUEST_PURPOSES};
use super::content::{Form, PLEDGES, PledgeTemplate};
use super::world::{Deal, Event, World};
use crate::auth::Viewer;
use crate::decimal::Decimal;
use crate::error::{AppError, Result};
use crate::matches;
use crate::matches::actions::apply::{Claim, Request, claim, request};
use crate::matches::entity::exchange;
use crate::matches::rules::{MatchSide, MatchStatus};
use crate::needs;
use crate::needs::rules::Publication;
use crate::resources;
use crate::resources::entity::pledge;
use crate::resources::rules::PledgeStatus;

/// After so many looks around nobody is sought any more.
const MOST_TRIES: u32 = 9;

impl World {
    pub async fn load_deal(&self, deal: usize) -> Result<matches::Model> {
        matches::Entity::find_by_id(self.deals[deal].id).one(&self.conn).await?.ok_or(AppError::NotFound)
    }

    pub fn side(&self, deal: usize, side: MatchSide) -> &Viewer {
        match side {
            MatchSide::Unit => &self.units[self.deals[deal].unit].representative,
            MatchSide::Community => &self.communities[self.deals[deal].community].secretary,
        }
    }

    /// The pledges among some that can be requested today, with what is available of them.
    async fn on_offer(&self, pledges: Vec<usize>) -> Result<Vec<(usize, Option<i64>)>> {
        let ids = pledges.iter().map(|pledge| self.pledges[*pledge].id);
        let found = resources::Entity::find().filter(pledge::Column::Id.is_in(ids)).filter(pledge::Column::Status.eq(PledgeStatus::Listed));
        let found: HashMap<Uuid, resources::Model> = found.all(&self.conn).await?.into_iter().map(|pledge| (pledge.id, pledge)).collect();
        let offered = pledges
            .into_iter()
            .filter(|pledge| !self.pledges[*pledge].kept)
            .filter_map(|pledge| Some((pledge, found.get(&self.pledges[pledge].id)?)));
        let offered = offered
            .filter(|(pledge, found)| found.is_shown() && !found.is_over(self.today()) && self.units[self.pledges[*pledge].unit].active);
        Ok(offered.map(|(pledge, found)| (pledge, found.available)).collect())
    }

    /// Somebody looks at a need, or nobody does this time.
    pub async fn seek(&mut self, need: usize) -> Result<()> {
        let found = self.load_need(need).await?;
        self.needs[need].tries += 1;
        if found.status.is_ended() {
            return Ok(());
        }
        if self.needs[need].tries > MOST_TRIES {
            if self.dice.percent(80) {
                self.later((1, 8), Event::EndNeed(need));
            }
            return Ok(());
        }
        if found.unmatched > 0 && self.dice.percent(70) {
            self.take(need, &found).await?;
        }
        self.later((2, 5), Event::Seek(need));
        Ok(())
    }

    async fn take(&mut self, need: usize, found: &needs::Model) -> Result<()> {
        let (community, what) = (self.needs[need].community, self.needs[need].what);
        let street = self.communities[community].street;
        let window = found.publication == Publication::Directed && found.directed_until.is_some_and(|until| self.now() < until);
        let may = |unit: &usize| self.units[*unit].active && (!window || self.needs[need].directed.contains(unit));
        let fitting = (0..self.pledges.len()).filter(|pledge| what.met_by(self.pledges[*pledge].what));
        let offers = self.on_offer(fitting.filter(|pledge| may(&self.pledges[*pledge].unit)).collect()).await?;
        let near = |unit: usize| match () {
            () if self.communities[community].paired.contains(&unit) => 8,
            () if self.units[unit].street == street => 4,
            () => 1,
        };
        let offers: Vec<_> = offers.into_iter().map(|offer| (offer, near(self.pledges[offer.0].unit))).collect();
        let able = |unit: &usize| PLEDGES.iter().find(|pledge| what.met_by(pledge) && pledge.suits(self.units[*unit].def));
        let others: Vec<_> =
            (0..self.units.len()).filter(may).filter_map(|unit| able(&unit).map(|what| ((unit, what), near(unit)))).collect();
        match self.dice.weighed(&offers) {
            Some((pledge, available)) if !self.dice.percent(12) => {
                let quantity = self.share(found.unmatched.min(available.unwrap_or(found.unmatched)), what.form);
                let serves = &self.pledges[pledge].serves;
                if (serves.is_empty() || serves.contains(&street)) && self.dice.percent(30) {
                    let deal = self.apply_for(community, pledge, quantity, Some(need), None).await?;
                    self.wait_for_answer(deal);
                } else {
                    let (unit, what) = (self.pledges[pledge].unit, self.pledges[pledge].what);
                    let deal = self.claim(need, unit, what, Some(pledge), quantity).await?;
                    self.wait_for_answer(deal);
                }
            }
            _ if self.dice.percent(55) => {
                if let Some((unit, pledge)) = self.dice.weighed(&others) {
                    let quantity = self.share(found.unmatched, what.form);
                    let deal = self.claim(need, unit, pledge, None, quantity).await?;
                    self.wait_for_answer(deal);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// All of it, or a part that is worth the way.
    fn share(&mut self, open: i64, form: Form) -> i64 {
        let whole = open / 1000;
        if whole < 8 || self.dice.percent(70) {
            return open;
        }
        let part = whole * i64::from(self.dice.within((30, 80))) / 100;
        let step = if part < 500 { 100 } else { 500 };
        1000 * if form == Form::Funds { (part / step * step).max(part.min(100)) } else { part }
    }

    /// The unit claims so much of a need, out of a pledge or beside its list.
    pub async fn claim(
        &mut self,
        need: usize,
        unit: usize,
        what: &'static PledgeTemplate,
        pledge: Option<usize>,
        quantity: i64,
    ) -> Result<usize> {
        let matter = self.matter(what.form, what.title);
        let plan = self.dice.phrase(PLANS, matter).map(str::to_owned);
        let claimed = &Claim {
            need: self.needs[need].id,
            unit: self.units[unit].id,
            quantity: Decimal::thousandths(quantity),
            pledge: pledge.map(|pledge| self.pledges[pledge].id),
            plan,
            promised_on: None,
        };
        let id = self.act(&self.units[unit].representative, |work| async move { claim(&work, claimed).await }).await?;
        let community = self.needs[need].community;
        Ok(self.deal(Deal { id, unit, community, what, need: Some(need) }))
    }

    /// The community requests so much of a pledge, for a need or for itself.
    pub async fn apply_for(
        &mut self,
        community: usize,
        pledge: usize,
        quantity: i64,
        need: Option<usize>,
        needed_on: Option<NaiveDate>,
    ) -> Result<usize> {
        let what = self.pledges[pledge].what;
        let matter = self.matter(what.form, what.title);
        let purpose = self.dice.reason(REQUEST_PURPOSES, matter).to_owned();
        let requested = &Request {
            pledge: self.pledges[pledge].id,
            community: self.communities[community].id,
            quantity: Decimal::thousandths(quantity),
            need: need.map(|need| self.needs[need].id),
            purpose,
            needed_on,
        };
        let id = self.act(&self.communities[community].secretary, |work| async move { request(&work, requested).await }).await?;
        let unit = self.pledges[pledge].unit;
        Ok(self.deal(Deal { id, unit, community, what, need }))
    }

    pub fn deal(&mut self, deal: Deal) -> usize {
        self.deals.push(deal);
        self.deals.len() - 1
    }

    pub fn wait_for_answer(&mut self, deal: usize) {
        self.later((0, 3), Event::Answer(deal));
    }

    /// A community asks for something on the list that it has posted no need for.
    pub async fn request(&mut self, community: usize) -> Result<()> {
        let street = self.communities[community].street;
        let serves = |pledge: &usize| {
            let pledge = &self.pledges[*pledge];
            pledge.what.in_season(self.month()) && (pledge.serves.is_empty() || pledge.serves.contains(&street))
        };
        let mut pledges: Vec<usize> = (0..self.pledges.len()).filter(serves).collect();
        self.dice.shuffle(&mut pledges);
        pledges.truncate(12);
        let offers = self.on_offer(pledges).await?;
        let worth = |(pledge, available): &&(usize, Option<i64>)| {
            i64::from(self.pledges[*pledge].what.fair_value_fen) * available.unwrap_or(1000) / 1000
        };
        // Where the year lags behind its plan, they ask for what is worth most; where it runs ahead, for what takes hours.
        let behind = self.value + self.promised().await? * 7 / 10 < self.planned(self.today() + Days::new(10));
        let chosen = if behind { offers.iter().max_by_key(worth) } else { offers.iter().min_by_key(worth) };
        let Some(&(pledge, available)) = chosen else { return Ok(()) };
        let part = match available {
            Some(available) => available / 1000 * i64::from(self.dice.within((15, 50))) / 100,
            None => i64::from(self.dice.within((1, 3))),
        };
        let part = if self.pledges[pledge].what.form == Form::Funds { part / 100 * 100 } else { part };
        let days = self.dice.within((5, 15));
        let needed_on = self.calendar.add_working_days(self.today(), days);
        let deal = self.apply_for(community, pledge, 1000 * part.max(1), None, Some(needed_on)).await?;
        self.wait_for_answer(deal);
        Ok(())
    }

    /// What lives of matches, at the prices of the tables, in fen.
    async fn promised(&self) -> Result<i64> {
        use MatchStatus::{Applied, Confirmed, Delivered, Fulfilling};
        let live = exchange::Column::Status.is_in([Applied, Confirmed, Fulfilling, Delivered]);
        let live = matches::Entity::find().filter(live).all(&self.conn).await?;
        let quantities: HashMap<Uuid, i64> = live.iter().map(|found| (found.id, found.outstanding + found.delivered)).collect();
        let fen = |deal: &Deal| quantities.get(&deal.id).map_or(0, |quantity| quantity / 1000 * i64::from(deal.what.fair_value_fen));
        Ok(self.deals.iter().map(fen).sum())
    }
}
