//! The units, communities and texts that the told scenes are about, by the names that they have in the tables.

/// Asks for the lecture; under 北门街道.
pub const TAOYUAN: &str = "桃源社区";
/// Asks for the free clinic; under 黄土坑街道.
pub const SHUANGHUI: &str = "双汇社区";
/// Host of the alliance 123+N; the street that it is put under is invented.
pub const ZIWEI: &str = "紫微社区";

pub const LEGAL_AID_CENTRE: &str = "铁东区法律援助中心";
pub const SHENNONG: &str = "神农集团";
pub const KUNBO: &str = "坤博集团";
/// A factory that the newspaper names.
pub const HENGRUI: &str = "四平恒锐工具有限公司";
/// An enforcement body: what it may pledge is in [`super::RESTRICTED`].
pub const PRESS_OFFICE: &str = "铁东区新闻出版局";
/// The invented hospital that held the clinic.
pub const CLINIC_HOSPITAL: &str = "四平铁东康宁综合医院";
/// The invented hospital from outside the district.
pub const OUTSIDE_HOSPITAL: &str = "梨树县康济医院";

/// Titles in the tables of pledges and needs.
pub const LECTURE_PLEDGE: &str = "《民法典》普法讲座";
pub const LECTURE_NEED: &str = "申请《民法典》普法讲座一场";
pub const CLINIC_PLEDGE: &str = "社区义诊";
pub const CLINIC_NEED: &str = "为居民办一场义诊";
pub const RICE_PLEDGE: &str = "慰问大米";
pub const RICE_NEED: &str = "困难家庭冬季慰问大米";
