//! What the shared venues of the district offer: their function zones, their services, and what rooms are booked for.

use crate::venues::rules::co_building::CoBuildingForm as F;
use crate::venues::rules::{ServiceKind as S, ZoneKind as K};

/// A zone of every centre and station.
pub struct ZoneTemplate {
    pub kind: K,
    pub name: &'static str,
    pub capacity: i32,
    pub equipment: &'static str,
    /// Minutes to put the room in order after each use.
    pub after: i32,
    pub approval: bool,
    /// What it is booked for.
    pub purposes: &'static [&'static str],
}

pub const ZONES: &[ZoneTemplate] = &[
    ZoneTemplate {
        kind: K::GeneralService,
        name: "综合服务区",
        capacity: 20,
        equipment: "服务台、自助终端、休息座椅",
        after: 0,
        approval: true,
        purposes: &["医保集中参保办理", "养老资格集中认证", "就业岗位现场推介", "政策集中咨询", "便民服务集中办理"],
    },
    ZoneTemplate {
        kind: K::PartyLife,
        name: "组织生活区",
        capacity: 40,
        equipment: "投影、音响、党旗",
        after: 15,
        approval: true,
        purposes: &["主题党日", "党支部党员大会", "党课", "党建联席会议", "入党积极分子谈话", "支部委员会会议"],
    },
    ZoneTemplate {
        kind: K::Reading,
        name: "图书阅览区",
        capacity: 24,
        equipment: "图书、阅览桌、台灯",
        after: 0,
        approval: false,
        purposes: &["读书会", "青少年阅读活动", "旧书交换", "寒暑假作业辅导", "老年读报"],
    },
    ZoneTemplate {
        kind: K::Volunteer,
        name: "志愿服务区",
        capacity: 30,
        equipment: "志愿者马甲、物资柜",
        after: 0,
        approval: true,
        purposes: &["志愿者培训", "志愿服务集合出发", "义务理发", "爱心物资分拣", "小家电义务维修"],
    },
    ZoneTemplate {
        kind: K::Arts,
        name: "琴棋书画区",
        capacity: 20,
        equipment: "电子琴、棋桌、书画案",
        after: 10,
        approval: false,
        purposes: &["书法课", "合唱排练", "象棋比赛", "剪纸课", "国画沙龙", "二胡练习"],
    },
];

pub struct ServiceTemplate {
    pub kind: S,
    pub name: &'static str,
    pub provider: &'static str,
    pub hours: &'static str,
    pub how_to_ask: &'static str,
}

pub const SERVICES: &[ServiceTemplate] = &[
    ServiceTemplate {
        kind: S::PolicyAdvice,
        name: "政策咨询",
        provider: "社区工作者",
        hours: "工作日 8:30—16:30",
        how_to_ask: "到综合服务区或来电",
    },
    ServiceTemplate {
        kind: S::PartyEducation,
        name: "党性教育",
        provider: "社区党委",
        hours: "每月第一周",
        how_to_ask: "由所在支部统一报名",
    },
    ServiceTemplate {
        kind: S::Errands, name: "代办代理", provider: "网格员", hours: "工作日", how_to_ask: "行动不便的居民可电话预约上门"
    },
    ServiceTemplate {
        kind: S::Legal, name: "法律咨询", provider: "法律援助志愿者", hours: "每周三下午", how_to_ask: "现场取号"
    },
    ServiceTemplate {
        kind: S::Health, name: "血压血糖测量", provider: "社区卫生服务站", hours: "每周二上午", how_to_ask: "空腹前来"
    },
    ServiceTemplate {
        kind: S::Children, name: "课后看护", provider: "志愿者", hours: "工作日 15:30—17:00", how_to_ask: "监护人提前登记"
    },
    ServiceTemplate { kind: S::Culture, name: "图书借阅", provider: "社区", hours: "开放时间内", how_to_ask: "凭借阅卡" },
];

/// A canteen or day care.
pub struct CateringTemplate {
    pub kind: K,
    pub name: &'static str,
    pub equipment: &'static str,
    /// From and to a minute of each weekday.
    pub hours: (u16, u16),
    pub seats: i32,
    /// For whom, in yuan.
    pub price_bands: &'static [(&'static str, i64)],
    pub sponsored: i32,
    /// What its licence or registration begins with.
    pub licence: &'static str,
}

pub const CANTEEN: CateringTemplate = CateringTemplate {
    kind: K::Canteen,
    name: "社区食堂",
    equipment: "餐桌、保温餐台、餐具消毒柜",
    hours: (11 * 60, 12 * 60 + 30),
    seats: 48,
    price_bands: &[("80 岁及以上", 6), ("60 至 79 岁", 9), ("其他居民", 15)],
    sponsored: 300,
    licence: "JY322030300",
};

pub const DAY_CARE: CateringTemplate = CateringTemplate {
    kind: K::DayCare,
    name: "社区日间照料中心",
    equipment: "休息床位、康复器材、助浴间",
    hours: (8 * 60 + 30, 16 * 60 + 30),
    seats: 16,
    price_bands: &[("低保、特困老人", 15), ("其他老人", 45)],
    sponsored: 120,
    licence: "四铁民养备",
};

/// Compounds and grids that stations are named after, beside the one at the community's own address.
pub const STATIONS: [&str; 2] = ["小区党群服务站", "网格党群服务站"];

/// What units put into the stations of communities, and what it is worth, in yuan.
pub const CO_BUILDINGS: &[(F, &str, i64)] = &[
    (F::Space, "提供临街房屋一间，改作党群服务站，免费使用三年。", 9_000),
    (F::FitOut, "承担服务站墙面、照明和门窗的维修改造。", 4_200),
    (F::Equipment, "配备投影、音响和二十套桌椅。", 3_600),
    (F::RunningCost, "承担服务站一年的水电和取暖费用。", 1_800),
    (F::Staff, "派一名工作人员每周到服务站值班两个半天，为期一年。", 1_400),
];

pub const CANCELS: &[&str] = &["活动改期，另行预约。", "主讲人临时有事，本次取消。", "改到线上进行。"];
pub const REJECTS: &[&str] = &["当日该区域设备检修，请改约其他时间。", "人数与场地不符，请改约多功能厅。"];
