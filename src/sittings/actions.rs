//! Verbs of sittings: plan them, reserve places, give them up.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, Iterable, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::{find_plan, plan, reservation, visible_to};
use super::rules::{self, PriceBands, ReservationStatus};
use crate::areas;
use crate::areas::rules::{check_current, check_keeps_records, check_reason, text};
use crate::auth::{Permission, Permit};
use crate::calendar::Span;
use crate::decimal::Decimal;
use crate::error::{AppError, Result};
use crate::journal::{ChangeKind, Entry};
use crate::refusal::{Reason, Refusal};
use crate::venues::entity::{find_venue, find_zone, lock_venue, lock_zone, zone};
use crate::venues::rules::hours::{Opening, Openings};
use crate::venues::rules::{check_open, check_text, sitting_at};
use crate::work::Work;

/// The sittings of a zone, anew.
#[derive(Clone)]
pub struct NewPlan {
    pub zone: Uuid,
    /// None at all: no more sittings.
    pub hours: Vec<Opening>,
    pub seats: i32,
    /// Names and prices in yuan.
    pub price_bands: Vec<(String, Decimal)>,
    pub sponsor: Option<String>,
    pub sponsored: i32,
    pub licence: String,
    pub licence_until: NaiveDate,
}

/// Plans the sittings of a zone, in the place of what was planned before. Bookings that are there stay, and so does each sitting to come
/// at which places are reserved.
pub async fn plan(work: &Work, new: &NewPlan) -> Result<Uuid> {
    let seen = find_zone(work.read(), new.zone).await?;
    let venue = lock_venue(work.read(), seen.venue_id).await?;
    let permit = work.permit(Permission::ManageVenue, &venue.scope(), Some(seen.node()))?;
    let zone = lock_zone(work.read(), seen.id).await?;
    check_open(&venue, Some(&zone), work.today())?;
    let before = plan::Entity::find_by_id(zone.id).one(work.read()).await?;
    let hours = Openings::check(new.hours.clone())?;
    let goes_on = !hours.0.is_empty();
    let changed = zone::Model { sittings: goes_on.then(|| hours.clone()), ..zone.clone() };
    for (sitting, places) in kept(work, zone.id, reservation::Column::StartsAt.gt(work.now())).await? {
        if sitting_at(&venue, &changed, sitting.0) != Some(sitting) {
            return Err(Refusal::from(Reason::SittingReserved { starts: sitting.0 }).at_input("hours").into());
        }
        if i64::from(new.seats) < places {
            return Err(Refusal::from(Reason::SittingReserved { starts: sitting.0 }).at_input("seats").into());
        }
    }
    let planned = plan::Model {
        zone_id: zone.id,
        district_id: zone.district_id,
        seats: rules::check_seats(new.seats, zone.capacity)?,
        price_bands: PriceBands::check(&new.price_bands)?,
        sponsor: check_text("sponsor", new.sponsor.as_deref())?,
        sponsored: new.sponsored,
        sponsored_left: rules::sponsored_left(before.as_ref(), new.sponsored)?,
        licence: text("licence", &new.licence, 50)?
            .ok_or_else(|| Refusal::invalid("licence", "请填写许可证（备案）编号", "Name the licence"))?,
        licence_until: new.licence_until,
        // Who plans after that day knows.
        warn_on: Some(rules::warn_on(new.licence_until)).filter(|day| goes_on && work.today() < *day),
    };
    let columns = plan::Column::iter().filter(|column| !matches!(column, plan::Column::ZoneId | plan::Column::DistrictId));
    plan::Entity::insert(plan::ActiveModel::from(planned))
        .on_conflict(OnConflict::column(plan::Column::ZoneId).update_columns(columns).to_owned())
        .exec_without_returning(permit.write())
        .await?;
    let row = zone::ActiveModel { id: Set(zone.id), sittings: Set(changed.sittings), ..Default::default() };
    zone::Entity::update(row).exec(permit.write()).await?;
    permit.journal(ChangeKind::SittingsPlanned, zone.node(), Some(zone.district_id));
    Ok(zone.id)
}

/// Places at a sitting for residents of a community.
#[derive(Clone)]
pub struct NewReservation {
    pub zone: Uuid,
    pub community: Uuid,
    pub starts_at: DateTime<Utc>,
    pub price_band: String,
    pub places: i32,
    pub sponsored: i32,
}

pub async fn reserve(work: &Work, new: &NewReservation) -> Result<Uuid> {
    let seen = find_zone(work.read(), new.zone).await?;
    let venue = find_venue(work.read(), seen.venue_id).await?;
    let community = areas::entity::find(work.read(), new.community).await?;
    let permit = work.permit(Permission::ReservePlaces, &community.scope(), Some(community.node()))?;
    check_current(&community, "community", work.today())?;
    check_keeps_records(community.level, "community")?;
    let zone = lock_zone(work.read(), seen.id).await?;
    let at = new.starts_at;
    let (_, ends_at) = sitting_at(&venue, &zone, at).ok_or_else(|| {
        let (zh, en) = ("该时间没有可预订的场次，请从场次列表中选择", "No sitting begins then; choose one of the list");
        Refusal::invalid("startsAt", zh, en)
    })?;
    let plan = find_plan(work.read(), zone.id).await?;
    rules::check_time(&venue, &zone, &plan, at, work.now())?;
    let band = plan.price_bands.0.iter().find(|band| band.name == new.price_band.trim()).ok_or_else(|| {
        Refusal::invalid("priceBand", "没有这一收费档次，请从该功能区公布的收费档次中选择", "No such price band; choose one of the plan")
    })?;
    let taken = kept(work, zone.id, reservation::Column::StartsAt.eq(at)).await?.iter().map(|(_, places)| places).sum();
    rules::check_places(&plan, taken, new.places, new.sponsored)?;
    let model = reservation::Model {
        id: work.new_key(),
        district_id: zone.district_id,
        venue_id: venue.id,
        zone_id: zone.id,
        community_id: community.id,
        starts_at: at,
        ends_at,
        price_band: band.name.clone(),
        price: band.price,
        places: new.places,
        sponsored: new.sponsored,
        status: ReservationStatus::Reserved,
        reason: None,
        reserved_by: permit.account().ok_or_else(|| AppError::internal("the service itself reserves nothing"))?,
        reserved_at: work.now(),
    };
    sponsor(&permit, zone.id, -new.sponsored).await?;
    let (id, node) = (model.id, model.node());
    reservation::Entity::insert(reservation::ActiveModel::from(model)).exec_without_returning(permit.write()).await?;
    let entry = Entry::new(ChangeKind::PlacesReserved, node, Some(zone.district_id));
    permit.record(entry.with(serde_json::json!({ "places": new.places, "sponsored": new.sponsored, "startsAt": at })));
    Ok(id)
}

/// The sittings of a locked zone at which places are kept, and how many: those that begin at some time.
async fn kept(work: &Work, zone: Uuid, starts: SimpleExpr) -> Result<Vec<(Span, i64)>> {
    use reservation::Column;
    let kept = reservation::Entity::find()
        .select_only()
        .columns([Column::StartsAt, Column::EndsAt])
        .column_as(Expr::col(Column::Places).sum(), "places")
        .filter(Column::ZoneId.eq(zone))
        .filter(starts)
        .filter(Column::Status.eq(ReservationStatus::Reserved))
        .group_by(Column::StartsAt)
        .group_by(Column::EndsAt)
        .order_by_asc(Column::StartsAt)
        .into_tuple::<(DateTime<Utc>, DateTime<Utc>, i64)>()
        .all(work.read())
        .await?;
    Ok(kept.into_iter().map(|(starts, ends, places)| ((starts, ends), places)).collect())
}

/// Moves sponsored places of a locked zone in or out.
async fn sponsor(permit: &Permit, zone: Uuid, places: i32) -> Result<()> {
    if places != 0 {
        plan::Entity::update_many()
            .col_expr(plan::Column::SponsoredLeft, Expr::col(plan::Column::SponsoredLeft).add(places))
            .filter(plan::Column::ZoneId.eq(zone))
            .exec(permit.write())
            .await?;
    }
    Ok(())
}

/// Gives a reservation up before its sitting, for the community or as the owner of the venue.
pub async fn cancel(work: &Work, id: Uuid, reason: &str) -> Result<Uuid> {
    let seen = reservation::Entity::find_by_id(id).filter(visible_to(work.viewer())).one(work.read()).await?.ok_or(AppError::NotFound)?;
    let venue = find_venue(work.read(), seen.venue_id).await?;
    let community = areas::entity::find(work.read(), seen.community_id).await?;
    let permit = match work.permit(Permission::ReservePlaces, &community.scope(), Some(seen.node())) {
        Ok(permit) => permit,
        Err(refused) => work.permit(Permission::ManageVenue, &venue.scope(), Some(seen.node())).map_err(|_| refused)?,
    };
    lock_zone(work.read(), seen.zone_id).await?;
    let reservation = reservation::Entity::find_by_id(id).lock_exclusive().one(work.read()).await?.ok_or(AppError::NotFound)?;
    let reason = check_reason(reason)?;
    if rules::cancel(&reservation, work.now())? {
        let row = reservation::ActiveModel {
            id: Set(id),
            status: Set(ReservationStatus::Cancelled),
            reason: Set(Some(reason.clone())),
            ..Default::default()
        };
        reservation::Entity::update(row).exec(permit.write()).await?;
        sponsor(&permit, reservation.zone_id, reservation.sponsored).await?;
        let entry = Entry::new(ChangeKind::ReservationCancelled, reservation.node(), Some(reservation.district_id));
        permit.record(entry.with(serde_json::json!({ "reason": reason })));
    }
    Ok(id)
}
