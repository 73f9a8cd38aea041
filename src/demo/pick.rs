//! Choices that come out the same every time: dice with a fixed seed, what fits the season, which sentence fits the matter.

use super::content::{Form, NeedTemplate, PledgeTemplate};

/// A splitmix64: the libraries do not promise that theirs draws the same numbers in their next version.
pub(super) struct Dice(pub u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is above zero.
    pub fn below(&mut self, end: usize) -> usize {
        (self.roll() % end as u64) as usize
    }

    pub fn within(&mut self, (low, high): (u32, u32)) -> u32 {
        low + self.below((high - low + 1) as usize) as u32
    }

    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub fn one<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.below(of.len())])
    }

    /// One of them, each as likely as its weight says.
    pub fn weighed<T: Copy>(&mut self, of: &[(T, u32)]) -> Option<T> {
        let whole: u32 = of.iter().map(|(_, weight)| weight).sum();
        let mut at = (whole > 0).then(|| self.below(whole as usize) as u32)?;
        let found = of.iter().find(|(_, weight)| {
            let here = at < *weight;
            at = at.saturating_sub(*weight);
            here
        });
        found.map(|(one, _)| *one)
    }

    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at + 1));
        }
    }

    /// A sentence that fits the matter, if the list has one.
    pub fn phrase(&mut self, list: &[&'static str], matter: Matter) -> Option<&'static str> {
        let apt: Vec<_> = list.iter().copied().filter(|phrase| matter.suits(phrase)).collect();
        self.one(&apt)
    }

    /// The same for a reason, which has to be given: some sentence of each list of reasons speaks of nothing in particular.
    pub fn reason(&mut self, list: &[&'static str], matter: Matter) -> &'static str {
        self.phrase(list, matter).unwrap_or(list[0])
    }
}

/// Months in which something is asked for or said, by words that tell; the first row that applies counts.
const SEASONS: &[(&str, &[u32])] = &[
    ("雨雪天", ALL_YEAR),
    ("汛期雪天", ALL_YEAR),
    ("重阳", &[9, 10]),
    ("中秋", &[8, 9]),
    ("冬至", &[11, 12]),
    ("三八", &[2, 3]),
    ("寒假", &[1, 2, 12]),
    ("春节", &[1, 12]),
    ("腊", &[1, 12]),
    ("供暖前", &[9, 10]),
    ("入冬", &[9, 10, 11]),
    ("雪", &[1, 2, 3, 11, 12]),
    ("过冬", &[10, 11, 12]),
    ("冬", &[1, 2, 10, 11, 12]),
    ("暴雨", &[6, 7, 8]),
    ("强降雨", &[6, 7, 8]),
    ("雨季", &[5, 6]),
    ("考上外地大学", &[7, 8]),
    ("开学前", &[2, 8]),
    ("中高考", &[4, 5, 6]),
    ("暑假前", &[5, 6]),
    ("暑", &[6, 7, 8]),
    ("夏", &[5, 6, 7, 8]),
    ("四月", &[3, 4]),
    ("三月", &[2, 3]),
    ("五月", &[3, 4, 5]),
    ("六月", &[5, 6]),
    ("七月", &[6, 7]),
    ("九月", &[8, 9]),
    ("十月", &[7, 8, 9]),
    ("春耕", &[3, 4]),
    ("秋收", &[10, 11]),
    ("年底", &[11, 12]),
];
const ALL_YEAR: &[u32] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

fn months(texts: [&str; 2]) -> &'static [u32] {
    let told = SEASONS.iter().find(|(word, _)| texts.iter().any(|text| text.contains(word)));
    told.map_or(ALL_YEAR, |(_, months)| months)
}

impl NeedTemplate {
    pub(super) fn in_season(&self, month: u32) -> bool {
        months([self.title, self.description]).contains(&month)
    }
}

impl PledgeTemplate {
    pub(super) fn in_season(&self, month: u32) -> bool {
        months([self.title, self.description]).contains(&month)
    }

    /// Units offer early: what is for a season is pledged up to two months before it.
    pub(super) fn is_pledged_in(&self, month: u32) -> bool {
        (0..=2).any(|ahead| self.in_season((month - 1 + ahead) % 12 + 1))
    }
}

/// What a sentence is to be about.
#[derive(Clone, Copy)]
pub(super) struct Matter {
    pub form: Form,
    pub title: &'static str,
    pub month: u32,
}

/// Words that make a sentence fit some forms only.
const OF_FORM: &[(&str, &[Form])] = &[
    ("讲", LESSONS),
    ("答疑", LESSONS),
    ("备课", LESSONS),
    ("咨询", LESSONS),
    ("议事会", LESSONS),
    ("报名", LESSONS),
    ("送", THINGS),
    ("货", THINGS),
    ("备齐", THINGS),
    ("物品", THINGS),
    ("包装", THINGS),
    ("规格", THINGS),
    ("数量", THINGS),
    ("份", THINGS),
    ("点数", THINGS),
    ("库存", THINGS),
    ("书籍", THINGS),
    ("书屋", THINGS),
    ("食品", THINGS),
    ("批", THINGS),
    ("设备", &[Form::Equipment]),
    ("安装", &[Form::Equipment]),
    ("社区保管", &[Form::Equipment]),
    ("工具", &[Form::Equipment, Form::PeopleTime]),
    ("款项", &[Form::Funds]),
    ("预算", &[Form::Funds]),
    ("经费", &[Form::Funds, Form::Goods]),
    ("会议室", ROOMS),
    ("房间", ROOMS),
    ("场地", ROOMS),
    ("主题党日", ROOMS),
    ("投影", ROOMS),
    ("户", &[Form::Goods, Form::Funds, Form::Service, Form::PeopleTime]),
    ("师傅", &[Form::Service]),
    ("资质", &[Form::Service]),
    ("上门", &[Form::Service]),
    ("单位出人", &[Form::Service]),
    ("网格员", HANDS),
    ("党员", HANDS),
    ("志愿者", HANDS),
    ("人手", HANDS),
    ("清理", HANDS),
    ("遇雨", HANDS),
    ("下雨", HANDS),
    ("入户", HANDS),
    ("内容实用", LESSONS),
    ("没排上", &[Form::Service]),
    ("受益家庭", &[Form::Goods, Form::Funds, Form::PeopleTime]),
    ("连续三个月", PEOPLE),
    ("居民热情", PEOPLE),
    ("有序", PEOPLE),
    ("停车位", PEOPLE),
    ("出发", PEOPLE),
    ("来的", PEOPLE),
    ("到场", PEOPLE),
    ("现场", PEOPLE),
    ("活动", PEOPLE),
    ("签到表", PEOPLE),
];
const THINGS: &[Form] = &[Form::Goods, Form::Equipment];
const HANDS: &[Form] = &[Form::PeopleTime];
const LESSONS: &[Form] = &[Form::Expertise];
const ROOMS: &[Form] = &[Form::VenueTime];
const PEOPLE: &[Form] = &[Form::Service, Form::PeopleTime, Form::Expertise];

/// Words that make a sentence fit only where the title has another.
const OF_TITLE: &[(&str, &str)] = &[
    ("饺子", "饺"),
    ("老人当餐", "饺"),
    ("理发", "理发"),
    ("小家电", "家电"),
    ("医护", "义诊"),
    ("六十余人次", "检"),
    ("讲座", "讲"),
    ("灭火器", "灭火器"),
    ("雪", "雪"),
    ("坡道", "雪"),
    ("路段", "雪"),
    ("一侧", "扫除"),
    ("师傅", "修"),
    ("修完", "修"),
    ("大米", "大米"),
    ("书籍", "书"),
    ("书屋", "书"),
    ("软管", "燃气"),
    ("食品", "慰问"),
    ("困难家庭", "慰问"),
    ("重阳", "重阳"),
    ("运动会", "借用"),
    ("老年活动室", "文体"),
    ("托管", "托管"),
    ("清楼道", "清运"),
    ("隐患", "检查"),
    ("最急的几户", "检查"),
    ("入户", "访"),
    ("带队走访", "慰问"),
    ("议事会", "议事"),
    ("自带工具", "清雪"),
    ("配齐清雪工具", "清雪工具"),
    ("连续三个月", "上门"),
    ("老人隐私", "老"),
    ("物业合同", "楼道"),
    ("紧急情况", "值守"),
    ("民政救助", "困难家庭"),
    ("推销", "讲"),
    ("执法", "执法"),
];

impl Matter {
    fn suits(self, phrase: &str) -> bool {
        OF_FORM.iter().all(|(word, forms)| !phrase.contains(word) || forms.contains(&self.form))
            && OF_TITLE.iter().all(|(word, title)| !phrase.contains(word) || self.title.contains(title))
            && months([phrase, ""]).contains(&self.month)
    }
}
