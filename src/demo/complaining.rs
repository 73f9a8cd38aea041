//! Complaints and suggestions of residents through the year. They draw lots of their own, so that the rest of the year stays as it is.

use chrono::{NaiveDate, TimeDelta};
use uuid::Uuid;

use super::pick::Dice;
use super::world::{Event, World};
use crate::auth::Viewer;
use crate::calendar::start_of;
use crate::complaints::actions::{NewComplaint, answer, file};
use crate::complaints::rules::{ComplaintKind, receipt};
use crate::error::Result;

const COMPLAINTS_A_YEAR: usize = 150;
/// Of a hundred, so many are answered by their community in time; the street answers the others.
const IN_TIME: usize = 93;
/// Working days of a community, and of the street that an unanswered one went up to.
const SOON: (u32, u32) = (1, 8);
const LATE: (u32, u32) = (12, 15);

/// What somebody writes, and what is answered.
pub(super) struct Grievance {
    kind: ComplaintKind,
    words: &'static str,
    answer: &'static str,
}

const fn complaint(words: &'static str, answer: &'static str) -> Grievance {
    Grievance { kind: ComplaintKind::Complaint, words, answer }
}

const fn suggestion(words: &'static str, answer: &'static str) -> Grievance {
    Grievance { kind: ComplaintKind::Suggestion, words, answer }
}

const GRIEVANCES: &[Grievance] = &[
    complaint("楼道灯坏了半个多月，晚上老人上下楼看不清，报修过没有回音。", "已联系物业更换，今天全部亮灯，之后每月巡查一次。"),
    complaint("小区门口垃圾桶满了两天没人清运，味道很大。", "已清运。清运公司把这一处改为每天早晚各一次。"),
    complaint("广场舞音响晚上九点多还在响，孩子写不了作业。", "已和舞蹈队商定，晚上八点半结束，音量调低。"),
    complaint("上次义诊说好有口腔检查，去了以后没有。", "当天牙科医生临时出诊，没有提前告知是我们的疏忽。下月义诊已补上，时间贴在公示栏。"),
    complaint("单元门禁坏了，外人随便进出。", "门禁已修复，换了新的读卡器。"),
    complaint("下水井盖松动，车压上去响，怕有危险。", "市政已更换井盖，换好之前设了围挡。"),
    complaint("电动车推进楼道充电，说了几次没人管。", "已逐户劝导，楼下新增了充电位，网格员每天巡查。"),
    complaint("活动室预约了，到了却锁着门。", "值班人员记错了时间，向您致歉。钥匙改由党群服务站统一保管。"),
    suggestion("图书阅览室周末能不能也开门，上班的人只有周末有空。", "从下月起周六上午开放，由志愿者值班。"),
    suggestion("希望多办几次手机使用课，老人学一次记不住。", "已和成员单位商定，每月第二个周三开课。"),
    suggestion("小区空地能不能装两把长椅，走累了有个地方坐。", "已列入今年的实事，下个月安装四把。"),
    suggestion("社区食堂能不能给糖尿病老人做少油少糖的菜。", "食堂从下周起每天备一个少油少糖的菜，窗口有标牌。"),
    suggestion("通知都发在微信群里，没有智能手机的老人看不到。", "重要通知同时贴在单元门口，网格员上门告知独居老人。"),
];
/// What waits for an answer on the desk of 桃源社区.
const WAITING: &Grievance = &GRIEVANCES[0];

impl World {
    /// Draws who complains when.
    pub fn plan_complaints(&mut self, days: &[NaiveDate]) {
        let mut dice = Dice(1_229);
        for _ in 0..COMPLAINTS_A_YEAR {
            let (day, community) = (days[dice.below(days.len())], dice.below(self.communities.len()));
            let matter = &GRIEVANCES[dice.below(GRIEVANCES.len())];
            let days = if dice.percent(IN_TIME) { dice.within(SOON) } else { dice.within(LATE) };
            let when = start_of(day) + TimeDelta::minutes(i64::from(dice.within((8 * 60, 20 * 60))));
            self.at(when, Event::Complain(community, matter, days));
        }
        let last = days.last().copied().zip(self.communities.iter().position(|community| community.name == "桃源社区"));
        if let Some((day, community)) = last {
            self.at(start_of(day) + TimeDelta::hours(19), Event::Complain(community, WAITING, LATE.0));
        }
    }

    pub async fn complain(&mut self, community: usize, matter: &'static Grievance, days: u32) -> Result<()> {
        let new = NewComplaint {
            area: self.communities[community].id,
            kind: matter.kind,
            words: matter.words.to_owned(),
            contact_name: None,
            contact_phone: None,
        };
        let new = &new.check()?;
        let number = &receipt(None);
        let id = self.act(&Viewer::system(), |work| async move { Ok(file(&work, new, number).await?.id) }).await?;
        let day = self.calendar.add_working_days(self.today(), days);
        let answers = Event::AnswerComplaint(id, community, matter, days >= LATE.0);
        self.at(start_of(day) + TimeDelta::hours(10), answers);
        Ok(())
    }

    pub async fn answer_complaint(&mut self, id: Uuid, community: usize, matter: &'static Grievance, late: bool) -> Result<()> {
        let place = &self.communities[community];
        let who = if late { self.streets[place.street].officer.clone() } else { place.secretary.clone() };
        self.act(&who, |work| async move { answer(&work, id, matter.answer).await }).await?;
        Ok(())
    }
}
