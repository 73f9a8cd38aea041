//! What is told on purpose: the scenes of the newspaper, and what waits on the day of the fill for those who sign in.

use chrono::TimeDelta;

use super::content::phrases::{DELIVERY_REFUSALS, PLEDGE_RETURNS};
use super::content::scenes::*;
use super::content::{NEEDS, NeedTemplate, PLEDGES, PledgeTemplate};
use super::standings;
use super::world::World;
use crate::error::Result;
use crate::matches::actions::deliver::refuse;
use crate::matches::rules::MatchSide::{Community, Unit};
use crate::resources::actions::return_;

/// Asked for whatever the season is.
const RICE_ANY_DAY: NeedTemplate = NeedTemplate {
    title: "困难家庭慰问大米",
    description: "为低保和重病家庭每户备一袋大米，名单已由社区核过，请送到社区，由网格员分送到户。",
    ..*need_of(RICE_NEED)
};
const INSPECTION: PledgeTemplate = PledgeTemplate {
    title: "印刷企业执法检查",
    description: "组织执法人员到辖区印刷企业检查消防设施、用电安全和印刷品承印登记，发现问题责令限期整改。",
    ..*pledge_of("惠民政策宣讲")
};

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

const fn need_of(title: &str) -> &'static NeedTemplate {
    let mut at = 0;
    while !same(NEEDS[at].title, title) {
        at += 1;
    }
    &NEEDS[at]
}

const fn pledge_of(title: &str) -> &'static PledgeTemplate {
    let mut at = 0;
    while !same(PLEDGES[at].title, title) {
        at += 1;
    }
    &PLEDGES[at]
}

/// Tells what belongs to the day, counted in working days before the day of the fill.
pub(super) async fn tell(world: &mut World) -> Result<()> {
    let left = world.working_days_until(world.end.pred_opt().unwrap_or(world.end)) + 1;
    if left > standings::FIRST {
        return Ok(());
    }
    world.app.clock().move_to(world.now() + TimeDelta::minutes(8 * 60 + 30));
    standings::tell(world, left).await?;
    let (taoyuan, shuanghui) = (world.community(TAOYUAN), world.community(SHUANGHUI));
    let (shennong, kunbo) = (world.unit(SHENNONG), world.unit(KUNBO));
    lecture(world, left, taoyuan).await?;
    clinic(world, left, shuanghui).await?;
    inspection(world, left).await?;
    if left == 12 {
        for unit in [shennong, kunbo] {
            for (title, total) in SHELF {
                world.put_on_list(unit, pledge_of(title), total).await?;
            }
        }
    }
    desk(world, left, taoyuan, shennong, kunbo).await?;
    desk(world, left, shuanghui, kunbo, shennong).await
}

/// What both groups have on the list.
const SHELF: [(&str, u32); 8] = [
    (RICE_PLEDGE, 50),
    ("慰问食用油", 60),
    ("节日慰问礼包", 60),
    ("书屋图书捐赠", 200),
    ("活动室桌椅", 30),
    ("会议室", 40),
    ("投影仪、打印机和空调", 6),
    ("活动现场志愿者", 60),
];

/// 桃源社区 asks for the listed lecture; it is held, some forty people come, and a follow-up is posted.
async fn lecture(world: &mut World, left: u32, here: usize) -> Result<()> {
    let centre = world.unit(LEGAL_AID_CENTRE);
    match left {
        32 => world.put_on_list(centre, pledge_of(LECTURE_PLEDGE), 8).await?,
        31 => world.ask(here, "lecture", need_of(LECTURE_NEED), 1, vec![centre]).await?,
        29 => world.request_from(here, "lecture", centre, LECTURE_PLEDGE, 1, 12).await?,
        28 => world.agree(world.told.deals[&(here, "lecture")], Unit).await?,
        20 => {
            let note = "讲座如期举行，到场四十余名居民和志愿者，赠送《民法典》和宣传手册，讲后答疑半小时。";
            world.report(here, "lecture", 1, note).await?;
        }
        19 => world.accept(here, "lecture").await?,
        18 => {
            for side in [Community, Unit] {
                world.rate(world.told.deals[&(here, "lecture")], side).await?;
            }
        }
        17 => world.ask(here, "handbooks", need_of("普法手册和《民法典》单行本"), 60, Vec::new()).await?,
        _ => {}
    }
    Ok(())
}

/// 双汇社区 directs a free clinic to its units; nobody takes it in its window, and a hospital from outside does in the open hall.
async fn clinic(world: &mut World, left: u32, here: usize) -> Result<()> {
    let hospital = world.unit(OUTSIDE_HOSPITAL);
    match left {
        30 => world.put_on_list(hospital, pledge_of(CLINIC_PLEDGE), 4).await?,
        28 => world.ask(here, "clinic", need_of(CLINIC_NEED), 1, vec![world.unit(CLINIC_HOSPITAL)]).await?,
        20 => world.claim_for(here, "clinic", hospital, CLINIC_PLEDGE, 1).await?,
        19 => world.agree(world.told.deals[&(here, "clinic")], Community).await?,
        14 => world.report(here, "clinic", 1, "医护四人到场半天，现场服务居民六十余人次，只记人数，未留个人信息。").await?,
        13 => world.accept(here, "clinic").await?,
        _ => {}
    }
    Ok(())
}

/// Enforcement is not a resource.
async fn inspection(world: &mut World, left: u32) -> Result<()> {
    let unit = world.unit(PRESS_OFFICE);
    if left == 8 {
        world.offer(unit, &INSPECTION, 6).await?;
    } else if left == 7 {
        let (id, reason) = (world.pledges[world.kept(unit, INSPECTION.title)].id, of(PLEDGE_RETURNS, "执法"));
        let officer = &world.streets[world.units[unit].street].officer;
        world.act(officer, |work| async move { return_(&work, id, reason).await }).await?;
    }
    Ok(())
}

/// The sentence of a list that speaks of something.
fn of(list: &[&'static str], word: &str) -> &'static str {
    list.iter().find(|sentence| sentence.contains(word)).expect("a sentence of the list")
}

/// What lies on the desks of a community and of two of its units on the day of the fill: `near` is the first to be asked.
async fn desk(world: &mut World, left: u32, here: usize, near: usize, far: usize) -> Result<()> {
    let deal = |world: &World, name| world.told.deals[&(here, name)];
    match left {
        11 => {
            world.ask(here, "oil", need_of("困难家庭食用油"), 30, vec![near, far]).await?;
            world.ask(here, "helpers", need_of("邻里节现场志愿者"), 24, Vec::new()).await?;
            world.request_from(here, "room", near, "会议室", 6, 5).await?;
        }
        10 => {
            world.agree(deal(world, "room"), Unit).await?;
            world.ask(here, "seats", need_of("活动室桌椅"), 8, vec![near]).await?;
            world.ask(here, "cooler", need_of("党群服务站空调或投影"), 1, vec![far]).await?;
        }
        9 => {
            world.claim_for(here, "seats", near, "活动室桌椅", 8).await?;
            world.claim_for(here, "cooler", far, "投影仪、打印机和空调", 1).await?;
        }
        8 => {
            world.agree(deal(world, "seats"), Community).await?;
            world.agree(deal(world, "cooler"), Community).await?;
            world.report(here, "room", 6, "会议室使用六小时，用后已恢复原状。").await?;
            // Promised for the days after the fill.
            world.request_from(here, "gifts", far, "节日慰问礼包", 20, 9).await?;
            world.request_from(here, "sacks", near, RICE_PLEDGE, 15, 12).await?;
        }
        7 => {
            world.accept(here, "room").await?;
            world.agree(deal(world, "gifts"), Unit).await?;
            world.agree(deal(world, "sacks"), Unit).await?;
            world.request_from(here, "books", near, "书屋图书捐赠", 60, 8).await?;
        }
        5 => world.agree(deal(world, "books"), Unit).await?,
        4 => {
            world.report(here, "cooler", 1, "设备已安装通电，试用正常，说明书交社区保管。").await?;
            world.ask(here, "rice", &RICE_ANY_DAY, 30, vec![near, far]).await?;
        }
        3 => {
            let (id, reason) = (world.told.reports[&(here, "cooler")], of(DELIVERY_REFUSALS, "通电"));
            world.act(&world.communities[here].secretary, |work| async move { refuse(&work, id, reason).await }).await?;
            world.report(here, "books", 30, "今天完成第一批，剩余部分下周送达。").await?;
            world.ask(here, "haircuts", need_of("为独居老人上门理发"), 20, Vec::new()).await?;
        }
        2 => {
            world.claim_for(here, "oil", far, "慰问食用油", 12).await?;
            world.hand_on_to(deal(world, "sacks"), far).await?;
        }
        1 => {
            world.report(here, "seats", 8, "已送到社区，当场点数无误，由社区工作人员签收。").await?;
            world.request_from(here, "screen", near, "投影仪、打印机和空调", 1, 6).await?;
            world.request_from(here, "festival", far, "节日慰问礼包", 10, 7).await?;
            world.claim_for(here, "helpers", near, "活动现场志愿者", 12).await?;
            world.write_need(here, need_of("老旧楼道照明改造"), 40, None, Vec::new(), true).await?;
            world.write_need(here, need_of("社区书屋补充新书"), 80, None, Vec::new(), false).await?;
            world.offer(near, pledge_of("灭火器捐赠"), 40).await?;
        }
        _ => {}
    }
    Ok(())
}
