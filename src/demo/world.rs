//! The district while it is being filled: its own clock, who is who, and what is to happen next.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::canteens::Canteen;
use super::complaining::Grievance;
use super::content::{self, Form, NeedTemplate, PledgeTemplate};
use super::pick::{Dice, Matter};
use super::venuing::Venue;
use crate::app::App;
use crate::auth::Viewer;
use crate::calendar::{Calendar, shanghai_day, start_of};
use crate::db::Conn;
use crate::error::Result;
use crate::matches::rules::MatchSide;
use crate::work::Work;

/// A street with the officer who reviews for it and the alliance that it hosts.
pub(super) struct Street {
    pub id: Uuid,
    pub officer: Viewer,
    pub alliance: Uuid,
}

pub(super) struct Community {
    pub id: Uuid,
    pub name: &'static str,
    pub street: usize,
    pub secretary: Viewer,
    pub paired: Vec<usize>,
}

pub(super) struct Unit {
    pub id: Uuid,
    pub def: &'static content::Unit,
    /// The street whose alliance it is in.
    pub street: usize,
    pub representative: Viewer,
    pub active: bool,
}

pub(super) struct Pledge {
    pub id: Uuid,
    pub unit: usize,
    pub what: &'static PledgeTemplate,
    /// The streets that it serves; none: all.
    pub serves: Vec<usize>,
    /// Kept for a story: nobody comes upon it by chance.
    pub kept: bool,
}

pub(super) struct Need {
    pub id: Uuid,
    pub community: usize,
    pub what: &'static NeedTemplate,
    pub directed: Vec<usize>,
    pub tries: u32,
}

/// A match; the word itself is taken by the language.
#[derive(Clone, Copy)]
pub(super) struct Deal {
    pub id: Uuid,
    pub unit: usize,
    pub community: usize,
    pub what: &'static PledgeTemplate,
    pub need: Option<usize>,
}

/// What is to happen, to which one; all but the last few are somebody's decision when the time has come.
#[derive(Clone, Copy)]
pub(super) enum Event {
    Pledge(usize, &'static PledgeTemplate),
    ReviewPledge(usize),
    MendPledge(usize),
    TendPledge(usize),
    Post(usize, &'static NeedTemplate),
    HandIn(usize),
    ReviewNeed(usize),
    MendNeed(usize),
    Seek(usize),
    EndNeed(usize),
    Request(usize),
    Answer(usize),
    GiveUp(usize, MatchSide),
    HandOn(usize),
    Deliver(usize),
    Inspect(usize, Uuid),
    Rate(usize, MatchSide),
    Book(usize),
    AnswerBooking(usize),
    DropBooking(usize),
    Missed(usize),
    CoBuild(usize),
    Reserve(usize),
    /// By so many working days it is answered.
    Complain(usize, &'static Grievance, u32),
    AnswerComplaint(Uuid, usize, &'static Grievance, bool),
}

/// What the stories come back to, by the community that they are told of and a name.
#[derive(Default)]
pub(super) struct Told {
    pub needs: BTreeMap<(usize, &'static str), usize>,
    pub deals: BTreeMap<(usize, &'static str), usize>,
    pub reports: BTreeMap<(usize, &'static str), Uuid>,
    pub memberships: Vec<(Uuid, usize)>,
}

pub(super) struct World {
    pub app: App,
    pub conn: Conn,
    pub calendar: Arc<Calendar>,
    pub dice: Dice,
    /// The day of the fill; nothing is simulated on it.
    pub end: NaiveDate,
    pub district: Viewer,
    pub streets: Vec<Street>,
    pub communities: Vec<Community>,
    pub units: Vec<Unit>,
    pub pledges: Vec<Pledge>,
    pub needs: Vec<Need>,
    pub deals: Vec<Deal>,
    pub venues: Vec<Venue>,
    /// Bookings with their venues and who made them.
    pub bookings: Vec<(Uuid, usize, Viewer)>,
    pub canteens: Vec<Canteen>,
    /// Co-buildings with their units and venues.
    pub co_buildings: Vec<(Uuid, usize, usize)>,
    pub told: Told,
    /// What was accepted so far, in fen.
    pub value: i64,
    queue: BTreeMap<(DateTime<Utc>, u32), Event>,
    tickets: u32,
}

impl World {
    pub fn new(app: App, end: NaiveDate) -> World {
        World {
            conn: Conn::Pool(app.db().clone()),
            calendar: app.calendar(),
            app,
            // 铁东区
            dice: Dice(220_303),
            end,
            district: Viewer::anonymous(),
            streets: Vec::new(),
            communities: Vec::new(),
            units: Vec::new(),
            pledges: Vec::new(),
            needs: Vec::new(),
            deals: Vec::new(),
            venues: Vec::new(),
            bookings: Vec::new(),
            canteens: Vec::new(),
            co_buildings: Vec::new(),
            told: Told::default(),
            value: 0,
            queue: BTreeMap::new(),
            tickets: 0,
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.app.clock().now()
    }

    pub fn today(&self) -> NaiveDate {
        shanghai_day(self.now())
    }

    pub fn month(&self) -> u32 {
        self.today().month()
    }

    pub fn matter(&self, form: Form, title: &'static str) -> Matter {
        Matter { form, title, month: self.month() }
    }

    /// Does one thing as somebody, some seconds after the one before: no two things share an instant.
    pub async fn act<T, F, Fut>(&self, who: &Viewer, action: F) -> Result<T>
    where
        F: Fn(Work) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        self.app.clock().move_to(self.now() + TimeDelta::seconds(11));
        Ok(self.app.write(who, &self.conn, action).await?.value)
    }

    /// A moment of the office hours of a day.
    pub fn office_hour(&mut self, day: NaiveDate) -> DateTime<Utc> {
        let seconds = self.dice.within((0, 8 * 3600));
        start_of(day) + TimeDelta::seconds(i64::from(8 * 3600 + 1800 + seconds))
    }

    pub fn at(&mut self, when: DateTime<Utc>, event: Event) {
        self.tickets += 1;
        self.queue.insert((when, self.tickets), event);
    }

    pub fn on(&mut self, day: NaiveDate, event: Event) {
        let when = self.office_hour(day);
        self.at(when, event);
    }

    /// Some working days from today, from the first to the last of `days`; 0 is within hours.
    pub fn later(&mut self, days: (u32, u32), event: Event) {
        match self.dice.within(days) {
            0 => {
                let minutes = self.dice.within((20, 150));
                self.at(self.now() + TimeDelta::minutes(i64::from(minutes)), event);
            }
            days => self.on(self.calendar.add_working_days(self.today(), days), event),
        }
    }

    /// The next thing that happens before a moment; the clock moves there.
    pub fn next(&mut self, before: DateTime<Utc>) -> Option<Event> {
        let first = self.queue.first_entry()?;
        let (when, _) = *first.key();
        if when >= before {
            return None;
        }
        let event = first.remove();
        if when > self.now() {
            self.app.clock().move_to(when);
        }
        Some(event)
    }

    /// Working days between today and a day that is not before it.
    pub fn working_days_until(&self, day: NaiveDate) -> u32 {
        let days = self.today().iter_days().skip(1).take_while(|other| *other <= day);
        days.filter(|day| self.calendar.is_working_day(*day)).count() as u32
    }
}
