//! The plan of the year, and its days: who pledges, asks and requests what is drawn beforehand, all else follows from it.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};

use super::content::{NEEDS, NeedTemplate, PLEDGES, PledgeTemplate};
use super::stories;
use super::world::{Event, World};
use crate::error::Result;

const PLEDGES_A_YEAR: usize = 1_190;
/// So many of them come when the list is called for at the beginning of the year, within as many working days.
const AT_FIRST: (usize, usize) = (320, 15);
const NEEDS_OF_A_COMMUNITY: (u32, u32) = (10, 12);
/// Requests for listed resources that no need stands behind.
const REQUESTS_A_YEAR: usize = 230;
/// What all deliveries of the year come to, in fen; beside them stand the co-buildings of `venuing`; `matching` and `delivering` steer there.
const VALUE_OF_THE_YEAR: i64 = 58_500_000;
/// The first deliveries take as long as this to come, and the last week makes up for what is late.
const FIRST_WEEKS: i64 = 15;
const LAST_WEEK: i64 = 7;

impl World {
    /// Draws the year that begins on a day.
    pub fn plan(&mut self, first: NaiveDate) {
        let days: Vec<NaiveDate> = first.iter_days().take(365).filter(|day| self.calendar.is_working_day(*day)).collect();
        let mut units: Vec<usize> = (0..self.units.len()).collect();
        let mut used: Vec<Vec<&str>> = vec![Vec::new(); units.len()];
        for number in 0..PLEDGES_A_YEAR {
            if number % units.len() == 0 {
                self.dice.shuffle(&mut units);
            }
            let unit = units[number % units.len()];
            let most = if number < AT_FIRST.0 { AT_FIRST.1 } else { days.len() };
            let day = days[self.dice.below(most)];
            if let Some(what) = self.pledge_of(unit, day.month(), &used[unit]) {
                used[unit].push(what.title);
                self.on(day, Event::Pledge(unit, what));
            }
        }
        for community in 0..self.communities.len() {
            let mut used = Vec::new();
            for _ in 0..self.dice.within(NEEDS_OF_A_COMMUNITY) {
                let day = days[self.dice.below(days.len())];
                if let Some(what) = self.need_of(community, day.month(), &used) {
                    used.push(what.title);
                    self.on(day, Event::Post(community, what));
                }
            }
        }
        self.plan_venues(&days);
        self.plan_canteens(&days);
        self.plan_complaints(&days);
        for _ in 0..REQUESTS_A_YEAR {
            let day = days[AT_FIRST.1 + self.dice.below(days.len() - AT_FIRST.1)];
            let community = self.dice.below(self.communities.len());
            self.on(day, Event::Request(community));
        }
    }

    /// Something that the unit can give and, if there is a choice, has not pledged yet. What few can give is pledged more readily;
    /// every other firm is a 公司.
    fn pledge_of(&mut self, unit: usize, month: u32, used: &[&str]) -> Option<&'static PledgeTemplate> {
        let suited = PLEDGES.iter().filter(|pledge| pledge.suits(self.units[unit].def) && pledge.is_pledged_in(month));
        let weigh = |pledge: &'static PledgeTemplate| (pledge, if pledge.only.is_empty() || pledge.only.contains(&"公司") { 2 } else { 5 });
        let (fresh, old): (Vec<_>, Vec<_>) = suited.map(weigh).partition(|(pledge, _)| !used.contains(&pledge.title));
        self.dice.weighed(if fresh.is_empty() { &old } else { &fresh })
    }

    /// Something that is asked for in that month, in a village or in a town.
    fn need_of(&mut self, community: usize, month: u32, used: &[&str]) -> Option<&'static NeedTemplate> {
        let village = self.communities[community].name.ends_with('村');
        let elsewhere: &[&str] = if village {
            &["楼", "小区", "物业", "业主", "沿街", "高层", "失业在家", "四点半课堂", "服务窗口"]
        } else {
            &["村", "农技", "农家"]
        };
        let suited: Vec<_> = NEEDS
            .iter()
            .filter(|need| need.in_season(month) && !used.contains(&need.title))
            .filter(|need| !elsewhere.iter().any(|word| need.title.contains(word) || need.description.contains(word)))
            .collect();
        self.dice.one(&suited)
    }

    /// Lives one day until its end.
    pub async fn live(&mut self, midnight: DateTime<Utc>) -> Result<()> {
        stories::tell(self).await?;
        while let Some(event) = self.next(midnight) {
            match event {
                Event::Pledge(unit, what) => self.pledge(unit, what).await?,
                Event::ReviewPledge(pledge) => self.review_pledge(pledge).await?,
                Event::MendPledge(pledge) => self.mend_pledge(pledge).await?,
                Event::TendPledge(pledge) => self.tend_pledge(pledge).await?,
                Event::Post(community, what) => self.post(community, what).await?,
                Event::HandIn(need) => self.hand_in(need).await?,
                Event::ReviewNeed(need) => self.review_need(need).await?,
                Event::MendNeed(need) => self.mend_need(need).await?,
                Event::Seek(need) => self.seek(need).await?,
                Event::EndNeed(need) => self.end_need(need).await?,
                Event::Request(community) => self.request(community).await?,
                Event::Answer(deal) => self.answer(deal).await?,
                Event::GiveUp(deal, side) => self.give_up(deal, side).await?,
                Event::HandOn(deal) => self.hand_on(deal).await?,
                Event::Deliver(deal) => self.deliver(deal).await?,
                Event::Inspect(deal, delivery) => self.inspect(deal, delivery).await?,
                Event::Rate(deal, side) => self.rate(deal, side).await?,
                Event::Book(venue) => self.book(venue).await?,
                Event::AnswerBooking(booking) => self.answer_booking(booking).await?,
                Event::DropBooking(booking) => self.drop_booking(booking).await?,
                Event::Missed(booking) => self.miss_booking(booking).await?,
                Event::CoBuild(number) => self.co_build(number).await?,
                Event::Reserve(canteen) => self.reserve(canteen).await?,
                Event::Complain(community, matter, days) => self.complain(community, matter, days).await?,
                Event::AnswerComplaint(id, community, matter, late) => self.answer_complaint(id, community, matter, late).await?,
            }
        }
        Ok(())
    }

    /// What should have been accepted by the end of a day for the year to come out as it should, in fen.
    pub fn planned(&self, day: NaiveDate) -> i64 {
        let days = day.signed_duration_since(self.end - Days::new(365)).num_days() + 1;
        let whole = 365 - FIRST_WEEKS - LAST_WEEK;
        VALUE_OF_THE_YEAR * (days - FIRST_WEEKS).clamp(0, whole) / whole
    }
}
