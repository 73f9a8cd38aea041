//! How units come and go: of each state of a membership there are a few on the day of the fill, two pairings end, one line is reversed.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::districts::admit_until;
use super::world::World;
use crate::contributions::actions::reverse;
use crate::contributions::entity::contribution;
use crate::error::Result;
use crate::matches::rules::MatchStatus;
use crate::matches::standing;
use crate::units::actions::{Offer, apply_to_alliance, end_pairing, invite_unit};
use crate::units::entity::membership;
use crate::units::rules::MembershipStatus;

/// The first day that anything is told of, in working days before the day of the fill.
pub(super) const FIRST: u32 = 60;
/// Leaves all of its alliances.
const LEAVER: &str = "叶赫那拉民俗客栈";
const SUSPENSION: &str = "约定事项连续两次未履行，经联盟联席会议研究，暂停成员资格，整改后恢复。";
const LEAVING: &str = "单位业务调整，暂时无力承担联盟事务。";

pub(super) async fn tell(world: &mut World, left: u32) -> Result<()> {
    match left {
        FIRST => join_for_a_while(world).await,
        40 => end_pairings(world).await,
        20 => leave(world).await,
        15 => {
            for at in 3..6 {
                let id = world.told.memberships[at].0;
                world.act(&world.district, |work| async move { standing::suspend(&work, id, SUSPENSION).await }).await?;
            }
            for at in 6..9 {
                let (id, unit) = world.told.memberships[at];
                let representative = &world.units[unit].representative;
                world.act(representative, |work| async move { standing::leave(&work, id, LEAVING).await }).await?;
            }
            Ok(())
        }
        6 => take_back_a_line(world).await,
        4 => propose(world).await,
        2 => suspend_a_promiser(world).await,
        _ => Ok(()),
    }
}

/// Units that are in another street's alliance beside their own.
fn guests(world: &World, first: usize, count: usize, may: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
    let units = (first..).step_by(19).map(|at| at % world.units.len()).filter(|unit| may(*unit));
    units.take(count).map(|unit| (unit, (world.units[unit].street + 3) % world.streets.len())).collect()
}

async fn join_for_a_while(world: &mut World) -> Result<()> {
    // Some of them are suspended later.
    for (at, (unit, street)) in guests(world, 30, 9, |unit| world.is_invented(unit)).into_iter().enumerate() {
        let (alliance, host) = (world.streets[street].alliance, world.streets[street].officer.clone());
        let until = (at < 3).then(|| world.calendar.add_working_days(world.today(), 35));
        let id = admit_until(world, alliance, &host, unit, until).await?;
        world.told.memberships.push((id, unit));
    }
    Ok(())
}

async fn propose(world: &mut World) -> Result<()> {
    for (at, (unit, street)) in guests(world, 37, 9, |unit| !world.named(unit)).into_iter().enumerate() {
        let alliance = world.streets[street].alliance;
        let offer = &Offer { alliance, unit: world.units[unit].id, agreement: None, until: None };
        if at < 5 {
            world.act(&world.streets[street].officer, |work| async move { invite_unit(&work, offer).await }).await?;
        } else {
            world.act(&world.units[unit].representative, |work| async move { apply_to_alliance(&work, offer).await }).await?;
        }
    }
    Ok(())
}

async fn end_pairings(world: &mut World) -> Result<()> {
    for community in [10, 40] {
        let Some(unit) = world.communities[community].paired.pop() else { continue };
        let (unit, here) = (world.units[unit].id, &world.communities[community]);
        let (id, today) = (here.id, world.today());
        let reason = "结对期满，双方商定不再续签。";
        world.act(&here.secretary, |work| async move { end_pairing(&work, unit, id, today, reason).await }).await?;
    }
    Ok(())
}

async fn memberships_of(world: &World, unit: usize) -> Result<Vec<Uuid>> {
    let running = membership::Entity::find()
        .filter(membership::Column::UnitId.eq(world.units[unit].id))
        .filter(membership::Column::Status.eq(MembershipStatus::Active))
        .order_by_asc(membership::Column::Id);
    Ok(running.all(&world.conn).await?.into_iter().map(|membership| membership.id).collect())
}

async fn leave(world: &mut World) -> Result<()> {
    let unit = world.unit(LEAVER);
    for id in memberships_of(world, unit).await? {
        let representative = &world.units[unit].representative;
        world.act(representative, |work| async move { standing::leave(&work, id, LEAVING).await }).await?;
    }
    world.units[unit].active = false;
    Ok(())
}

/// A unit that others rely on is suspended: what it promised is listed for reassignment.
async fn suspend_a_promiser(world: &mut World) -> Result<()> {
    for deal in (0..world.deals.len()).rev() {
        let unit = world.deals[deal].unit;
        if !world.is_invented(unit) || world.load_deal(deal).await?.status != MatchStatus::Confirmed {
            continue;
        }
        for id in memberships_of(world, unit).await? {
            world.act(&world.district, |work| async move { standing::suspend(&work, id, SUSPENSION).await }).await?;
        }
        world.units[unit].active = false;
        break;
    }
    Ok(())
}

async fn take_back_a_line(world: &mut World) -> Result<()> {
    let latest = contribution::Entity::find().filter(contribution::Column::Value.gt(0)).order_by_desc(contribution::Column::Id);
    let Some(line) = latest.one(&world.conn).await? else { return Ok(()) };
    let Some(here) = world.communities.iter().find(|community| community.id == line.community_id) else { return Ok(()) };
    let reason = "数量登记有误，冲销后按实际数量另行登记。";
    world.act(&here.secretary, |work| async move { reverse(&work, line.id, reason).await }).await?;
    world.value -= line.value;
    Ok(())
}
