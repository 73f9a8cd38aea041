//! What becomes of an application: the other side answers; what was agreed on is kept, given up or handed on.

use super::content::phrases::{COMMUNITY_CANCELS, COMMUNITY_REFUSALS, UNIT_CANCELS, UNIT_REFUSALS};
use super::world::{Deal, Event, World};
use crate::error::Result;
use crate::matches::actions::answer::{cancel, confirm, reject};
use crate::matches::actions::transfer::propose;
use crate::matches::rules::{MatchSide, MatchStatus, answering_side};

impl World {
    pub async fn answer(&mut self, deal: usize) -> Result<()> {
        let Deal { id, unit, what, need, .. } = self.deals[deal];
        let found = self.load_deal(deal).await?;
        if found.status != MatchStatus::Applied || !self.units[unit].active {
            return Ok(());
        }
        let side = answering_side(&found);
        let matter = self.matter(what.form, what.title);
        let refusals = if side == MatchSide::Unit { UNIT_REFUSALS } else { COMMUNITY_REFUSALS };
        let reason = self.dice.reason(refusals, matter);
        match self.dice.below(100) {
            0..85 => {
                self.agree(deal, side).await?;
                self.expect(deal).await
            }
            85..93 => {
                self.act(self.side(deal, side), |work| async move { reject(&work, id, reason).await }).await?;
                if let Some(need) = need.filter(|_| self.dice.percent(50)) {
                    self.later((1, 3), Event::Seek(need));
                }
                Ok(())
            }
            93..95 => self.give_up(deal, side.other()).await,
            // Nobody answers; it lapses.
            _ => Ok(()),
        }
    }

    pub async fn agree(&self, deal: usize, side: MatchSide) -> Result<()> {
        let id = self.deals[deal].id;
        self.act(self.side(deal, side), |work| async move { confirm(&work, id).await }).await?;
        Ok(())
    }

    /// What becomes of a promise: most are kept in time, some late, some not at all.
    async fn expect(&mut self, deal: usize) -> Result<()> {
        let promised = self.load_deal(deal).await?.promised_on.unwrap_or(self.today());
        let days = self.working_days_until(promised).clamp(1, 15);
        match self.dice.below(100) {
            0..4 => self.later((1, 4), Event::GiveUp(deal, MatchSide::Unit)),
            4..6 => self.later((1, 4), Event::GiveUp(deal, MatchSide::Community)),
            6..10 => self.later((1, 3), Event::HandOn(deal)),
            10..13 => {}
            13..22 => self.later((days, days + 2), Event::Deliver(deal)),
            _ => self.later((1, days), Event::Deliver(deal)),
        }
        Ok(())
    }

    pub async fn give_up(&mut self, deal: usize, side: MatchSide) -> Result<()> {
        let Deal { id, what, .. } = self.deals[deal];
        let found = self.load_deal(deal).await?;
        if !found.status.is_live() || found.delivered > 0 || found.transfer_of_id.is_some() && found.status == MatchStatus::Applied {
            return Ok(());
        }
        let matter = self.matter(what.form, what.title);
        let reason = self.dice.reason(if side == MatchSide::Unit { UNIT_CANCELS } else { COMMUNITY_CANCELS }, matter);
        self.act(self.side(deal, side), |work| async move { cancel(&work, id, reason, Some(side)).await }).await?;
        Ok(())
    }

    /// The unit asks another one to take its place.
    pub async fn hand_on(&mut self, deal: usize) -> Result<()> {
        let Deal { unit, what, .. } = self.deals[deal];
        let found = self.load_deal(deal).await?;
        if !found.status.is_confirmed() || found.outstanding == 0 || found.delivered > 0 {
            return Ok(());
        }
        let able = |other: &usize| *other != unit && self.units[*other].active && what.suits(self.units[*other].def);
        let able: Vec<usize> = (0..self.units.len()).filter(able).collect();
        let Some(other) = self.dice.one(&able) else { return Ok(()) };
        let proposal = self.hand_on_to(deal, other).await?;
        self.wait_for_answer(proposal);
        // Where the other one does not want it, this one does it after all.
        self.later((4, 5), Event::Deliver(deal));
        Ok(())
    }

    pub async fn hand_on_to(&mut self, deal: usize, other: usize) -> Result<usize> {
        let Deal { id, what, .. } = self.deals[deal];
        let matter = self.matter(what.form, what.title);
        let (to, reason) = (self.units[other].id, self.dice.reason(UNIT_CANCELS, matter));
        let proposal = self.act(self.side(deal, MatchSide::Unit), |work| async move { propose(&work, id, to, reason).await }).await?;
        Ok(self.deal(Deal { id: proposal, unit: other, ..self.deals[deal] }))
    }
}
