//! Canteens and day care: some centres open one, and communities reserve places there through the year.

use chrono::{Days, NaiveDate, TimeDelta};
use uuid::Uuid;

use super::content::venues::{CANTEEN, CateringTemplate, DAY_CARE};
use super::venuing::owner;
use super::world::{Event, World};
use crate::calendar::start_of;
use crate::decimal::Decimal;
use crate::error::{AppError, Result};
use crate::sittings::actions::{NewPlan, NewReservation, cancel, plan, reserve};
use crate::venues::actions::{NewZone, add_zone};
use crate::venues::rules::ZoneTerms;
use crate::venues::rules::hours::Opening;

/// Every so many communities has one.
const CANTEEN_EVERY: usize = 5;
const DAY_CARE_EVERY: usize = 16;
const RESERVATIONS_A_YEAR: usize = 40;
/// When licences run out, in days after the fill: the first warns.
const LICENCES: [u64; 4] = [21, 240, 500, 900];

/// A canteen or a day-care place of a community.
pub(super) struct Canteen {
    zone: Uuid,
    community: usize,
    template: &'static CateringTemplate,
    /// Sponsored places that the community has not given out.
    sponsored: u32,
}

pub(super) async fn open(world: &mut World) -> Result<()> {
    for community in 0..world.communities.len() {
        for (template, every) in [(&CANTEEN, CANTEEN_EVERY), (&DAY_CARE, DAY_CARE_EVERY)] {
            if community % every == 0 {
                add(world, community, template).await?;
            }
        }
    }
    Ok(())
}

async fn add(world: &mut World, community: usize, template: &'static CateringTemplate) -> Result<()> {
    let street = world.communities[community].street;
    let owner = owner(world, street, Some(community));
    let new = &NewZone {
        // The centres of the streets come first, then those of the communities.
        venue: world.venues[world.streets.len() + community].id,
        name: template.name.to_owned(),
        kind: template.kind,
        equipment: Some(template.equipment.to_owned()),
        hours: None,
        closures: Vec::new(),
        approval: true,
        terms: ZoneTerms { capacity: Some(template.seats), buffer_before: 0, buffer_after: 30, lead_days: 14, longest_minutes: 180 },
    };
    let zone = world.act(&owner, |work| async move { add_zone(&work, new).await }).await?;
    let number = world.canteens.len();
    let sponsor = world.communities[community].paired.first().map(|unit| world.units[*unit].def.name.to_owned());
    let (opens, closes) = template.hours;
    let new = &NewPlan {
        zone,
        hours: (1..=5).map(|weekday| Opening { weekday, opens, closes }).collect(),
        seats: template.seats,
        price_bands: template.price_bands.iter().map(|(name, yuan)| ((*name).to_owned(), Decimal::whole(*yuan))).collect(),
        sponsored: if sponsor.is_some() { template.sponsored } else { 0 },
        sponsor,
        licence: format!("{}{:06}", template.licence, 1_001 + 37 * number),
        licence_until: world.end + Days::new(LICENCES[number % LICENCES.len()]),
    };
    let sponsored = new.sponsored.unsigned_abs();
    world.act(&owner, |work| async move { plan(&work, new).await }).await?;
    world.canteens.push(Canteen { zone, community, template, sponsored });
    Ok(())
}

impl World {
    /// Draws when places are reserved.
    pub fn plan_canteens(&mut self, days: &[NaiveDate]) {
        for canteen in 0..self.canteens.len() {
            for _ in 0..RESERVATIONS_A_YEAR {
                let day = days[self.dice.below(days.len())];
                self.on(day, Event::Reserve(canteen));
            }
        }
    }

    /// A community reserves places for one of the next working days; now and then it gives them up at once, because somebody is ill.
    pub async fn reserve(&mut self, canteen: usize) -> Result<()> {
        let (zone, home, template) = (self.canteens[canteen].zone, self.canteens[canteen].community, self.canteens[canteen].template);
        let neighbours: Vec<usize> =
            (0..self.communities.len()).filter(|other| self.communities[*other].street == self.communities[home].street).collect();
        let community = if self.dice.percent(75) { home } else { neighbours[self.dice.below(neighbours.len())] };
        let ahead = self.dice.within((1, 3));
        let day = self.calendar.add_working_days(self.today(), ahead);
        let places = self.dice.within((2, template.seats.unsigned_abs() / 4));
        let sponsored = self.dice.within((0, 2)).min(places).min(self.canteens[canteen].sponsored);
        let band = template.price_bands[self.dice.below(template.price_bands.len())].0;
        let new = &NewReservation {
            zone,
            community: self.communities[community].id,
            starts_at: start_of(day) + TimeDelta::minutes(template.hours.0.into()),
            price_band: band.to_owned(),
            places: i32::try_from(places).unwrap_or(1),
            sponsored: i32::try_from(sponsored).unwrap_or(0),
        };
        let who = self.communities[community].secretary.clone();
        let id = match self.act(&who, |work| async move { reserve(&work, new).await }).await {
            Ok(id) => id,
            // Full, or a working day of which the week has no sitting.
            Err(AppError::Refused(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        self.canteens[canteen].sponsored -= sponsored;
        if self.dice.percent(5) {
            self.act(&who, |work| async move { cancel(&work, id, "老人身体不适，改日再来。").await }).await?;
            self.canteens[canteen].sponsored += sponsored;
        }
        Ok(())
    }
}
