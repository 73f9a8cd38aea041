//! What becomes of a need until somebody stands on it: posted, reviewed, mended, ended.

use chrono::{Days, NaiveDate};
use sea_orm::EntityTrait;

use super::content::phrases::{CLOSE_REASONS, NEED_RETURNS, NEED_WITHDRAWALS};
use super::content::{NeedTemplate, Urgency};
use super::world::{Community, Event, Need, World};
use crate::decimal::Decimal;
use crate::error::{AppError, Result};
use crate::matches::actions::end;
use crate::needs;
use crate::needs::actions::{self, Changes, NewNeed};
use crate::needs::rules::{IntakeChannel, NeedStatus, Publication};

const CHANNELS: [(IntakeChannel, u32); 7] = [
    (IntakeChannel::Visit, 6),
    (IntakeChannel::ServiceDesk, 4),
    (IntakeChannel::Phone, 2),
    (IntakeChannel::WechatGroup, 5),
    (IntakeChannel::Hotline12345, 1),
    (IntakeChannel::WishBox, 1),
    (IntakeChannel::Meeting, 3),
];

impl Community {
    /// A text of the tables as a village writes it, or a community of the town.
    fn in_its_words(&self, text: &str) -> String {
        if self.name.ends_with('村') { text.replace("社区", "村") } else { text.to_owned() }
    }
}

impl World {
    pub async fn load_need(&self, need: usize) -> Result<needs::Model> {
        needs::Entity::find_by_id(self.needs[need].id).one(&self.conn).await?.ok_or(AppError::NotFound)
    }

    pub async fn post(&mut self, community: usize, what: &'static NeedTemplate) -> Result<()> {
        let wanted = self.dice.within(what.wanted);
        let named = self.dice.percent(30);
        let submit = !self.dice.percent(6);
        let paired = self.communities[community].paired.iter().copied().filter(|unit| named && self.units[*unit].active);
        let directed = paired.take(2).collect();
        let ahead = match what.urgency {
            Urgency::Urgent => Some((5, 12)),
            Urgency::Soon => Some((16, 40)),
            Urgency::Routine => self.dice.percent(40).then_some((30, 75)),
        };
        let due_on = ahead.map(|ahead| self.today() + Days::new(self.dice.within(ahead).into()));
        let need = self.write_need(community, what, wanted, due_on, directed, submit).await?;
        let days = if self.dice.percent(60) { (0, 1) } else { (1, 2) };
        match submit {
            true => self.later(days, Event::ReviewNeed(need)),
            false if self.dice.percent(70) => self.later((1, 3), Event::HandIn(need)),
            false => {}
        }
        Ok(())
    }

    /// Writes a need, directed to some of its community's units or to nobody in particular.
    pub async fn write_need(
        &mut self,
        community: usize,
        what: &'static NeedTemplate,
        wanted: u32,
        due_on: Option<NaiveDate>,
        directed: Vec<usize>,
        submit: bool,
    ) -> Result<usize> {
        let wanted = if what.measure == "元" { wanted / 100 * 100 } else { wanted };
        let channel = self.dice.weighed(&CHANNELS);
        let here = &self.communities[community];
        let new = &NewNeed {
            community: here.id,
            category: what.category,
            form: what.form,
            title: here.in_its_words(what.title),
            description: Some(here.in_its_words(what.description)),
            wanted: Decimal::whole(wanted.into()),
            measure: what.measure.to_owned(),
            urgency: what.urgency,
            due_on,
            place: Some(format!("{}党群服务中心", here.name)),
            channel,
            contact_name: Some(here.in_its_words("社区值班室")),
            contact_phone: Some(format!("1990001{community:04}")),
            directed_to: (!directed.is_empty()).then(|| directed.iter().map(|unit| self.units[*unit].id).collect()),
            submit,
        };
        let id = self.act(&here.secretary, |work| async move { actions::post(&work, new).await }).await?;
        let directed = if directed.is_empty() { here.paired.clone() } else { directed };
        self.needs.push(Need { id, community, what, directed, tries: 0 });
        Ok(self.needs.len() - 1)
    }

    pub async fn hand_in(&mut self, need: usize) -> Result<()> {
        let Need { id, community, .. } = self.needs[need];
        let secretary = &self.communities[community].secretary;
        self.act(secretary, |work| async move { actions::submit(&work, id).await }).await?;
        self.later((0, 1), Event::ReviewNeed(need));
        Ok(())
    }

    pub async fn review_need(&mut self, need: usize) -> Result<()> {
        let Need { id, community, what, .. } = self.needs[need];
        if self.load_need(need).await?.status != NeedStatus::Submitted {
            return Ok(());
        }
        let (returned, mended) = (self.dice.percent(6), self.dice.percent(80));
        let matter = self.matter(what.form, what.title);
        let reason = self.dice.reason(NEED_RETURNS, matter);
        if returned {
            let officer = &self.streets[self.communities[community].street].officer;
            self.act(officer, |work| async move { actions::return_(&work, id, reason).await }).await?;
            if mended {
                self.later((1, 3), Event::MendNeed(need));
            }
            return Ok(());
        }
        self.publish(need).await?;
        // What nobody seeks for goes all the way up.
        if self.dice.percent(93) {
            let days = if what.urgency == Urgency::Urgent { (0, 2) } else { (0, 5) };
            self.later(days, Event::Seek(need));
        } else if self.dice.percent(70) {
            self.later((30, 60), Event::EndNeed(need));
        }
        if self.dice.percent(4) {
            self.later((2, 12), Event::EndNeed(need));
        }
        Ok(())
    }

    pub async fn publish(&self, need: usize) -> Result<()> {
        let Need { id, community, .. } = self.needs[need];
        let officer = &self.streets[self.communities[community].street].officer;
        self.act(officer, |work| async move { actions::publish(&work, id).await }).await?;
        Ok(())
    }

    pub async fn mend_need(&mut self, need: usize) -> Result<()> {
        let Need { id, community, what, .. } = self.needs[need];
        let description = self.communities[community].in_its_words(what.description);
        let changes = &Changes {
            title: None,
            description: Some(format!("{description}数量已重新核实。")),
            wanted: None,
            urgency: None,
            due_on: None,
        };
        let secretary = &self.communities[community].secretary;
        self.act(secretary, |work| async move { actions::update(&work, id, changes).await }).await?;
        self.hand_in(need).await
    }

    /// The community takes a need back while nothing of it was delivered, and closes it otherwise.
    pub async fn end_need(&mut self, need: usize) -> Result<()> {
        let Need { id, community, what, .. } = self.needs[need];
        let found = self.load_need(need).await?;
        let over = found.status.is_ended() || found.publication == Publication::None || found.unmatched == 0;
        if over || found.delivered > 0 {
            return Ok(());
        }
        let matter = self.matter(what.form, what.title);
        let (withdrawal, closing) = (self.dice.reason(NEED_WITHDRAWALS, matter), self.dice.reason(CLOSE_REASONS, matter));
        let secretary = &self.communities[community].secretary;
        if found.accepted == 0 {
            self.act(secretary, |work| async move { end::withdraw_need(&work, id, withdrawal).await }).await?;
        } else {
            self.act(secretary, |work| async move { end::close_need(&work, id, closing).await }).await?;
        }
        Ok(())
    }
}
