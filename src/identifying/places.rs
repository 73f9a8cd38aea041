//! Doors behind which somebody lives, and classes in which somebody sits.

use super::letters::{Letters, is_han, is_stop};

/// The parts of an address, from the large to the small.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Level {
    Building,
    Stairs,
    Floor,
    Door,
}

const BUILDINGS: &[&str] = &["号楼", "栋", "幢", "座", "号院", "#楼", "#", "楼栋", "号栋", "栋楼", "幢楼", "号幢", "号大院"];
const STAIRS: &[&str] = &["单元", "门洞", "门", "单园", "门栋"];
const FLOORS: &[&str] = &["楼", "层"];
const DOORS: &[&str] = &["室", "号房", "号室", "号门", "户", "房", "号户", "号"];
const SIDES: &[&str] = &[
    "东户",
    "西户",
    "中户",
    "左户",
    "右户",
    "东门",
    "西门",
    "左门",
    "右门",
    "中门",
    "对门",
    "东侧户",
    "西侧户",
    "左手",
    "右手",
    "东",
    "西",
    "左",
    "右",
];
const HOME: &[&str] = &[
    "住",
    "小区",
    "家园",
    "花园",
    "地址",
    "苑",
    "家在",
    "住址",
    "送到",
    "送至",
    "寄到",
    "上门",
    "公寓",
    "门牌",
    "楼盘",
    "家属院",
    "新村",
    "名城",
    "华府",
    "里",
];

/// Not a house but a day, a line or a thing.
const NOT_HOUSES: &[&str] = &[
    "前", "之前", "以前", "上午", "下午", "晚", "早", "线", "公交", "车", "站", "停", "开始", "起", "楼", "电池", "中午", "当天", "左右",
    "送到", "截止", "集", "字", "机", "地块", "店", "码",
];

fn is_gap(c: char) -> bool {
    matches!(c, ' ' | '-' | ',' | '.' | '/' | '·' | '_' | '的' | '杠')
}

/// One part with its number, such as `2单元`.
fn part(text: &Letters, at: usize, inside: bool) -> Option<(Level, usize)> {
    let lettered = matches!(text.get(at), Some('a'..='h' | '甲' | '乙' | '丙' | '丁' | '东' | '西' | '中'))
        && (!inside || text.starts(at + 1, "单元"));
    let (number, to) =
        text.number(if lettered && text.digit(at + 1).is_some() { at + 1 } else { at }).or(lettered.then_some((1, at + 1)))?;
    let to = text.skip(to, 2, |c| c == ' ');
    let here = |words| text.one_of(to, words).map(|length| to + length);
    if let Some(to) = here(BUILDINGS) {
        return Some((Level::Building, to));
    }
    if let Some(to) = here(STAIRS) {
        return Some((Level::Stairs, to));
    }
    if let Some(to) = here(FLOORS) {
        return Some((Level::Floor, to));
    }
    let digits = (at..to).filter(|&at| text.digit(at).is_some()).count();
    if let Some(to) = here(DOORS) {
        let many = text.near_after(to, 3, &["居民", "人家", "家庭", "老", "业主", "住户"]) && text.ends(to, "户");
        let number = inside && !many && (digits >= 3 || !text.ends(to, "户")) || digits >= 3 && text.ends(to, "室");
        return number.then_some((Level::Door, to));
    }
    let dash = matches!(text.get(to), Some('-' | '/' | '杠'));
    if inside && number <= 12 && dash && text.number(to + 1).is_some_and(|(door, _)| (101..=4999).contains(&door)) {
        return Some((Level::Stairs, to));
    }
    let bare = inside && (101..=4999).contains(&number) && matches!(digits, 3 | 4);
    let counted = text.get(to).is_some_and(|c| "元年个米斤块瓦平岁多人名".contains(c));
    (bare && !counted).then_some((Level::Door, to))
}

pub fn rooms(text: &Letters, at: usize) -> Option<usize> {
    let joined =
        text.before(at).is_some_and(|c| c.is_ascii_alphanumeric() || super::letters::digit(c).is_some() || matches!(c, '十' | '百' | '共'));
    if joined || text.near_before(at, 2, &["一共", "共有", "总共"]) {
        return None;
    }
    let (mut level, mut to) = part(text, at, false)?;
    let first = level;
    let mut parts = 1;
    let side = loop {
        let next = text.skip(to, 3, is_gap);
        if let Some((lower, end)) = part(text, next, true).filter(|(lower, _)| *lower > level) {
            (level, to) = (lower, end);
            parts += 1;
        } else {
            break text
                .one_of(next, SIDES)
                .is_some_and(|length| length > 1 || !text.get(next + 1).is_some_and(|c| "侧边面南北".contains(c)));
        }
    };
    let found = match (first, level) {
        (Level::Door, _) => {
            !text.near_before(at, 4, &["活动", "会议", "教", "办公", "社区", "中心", "诊", "站", "院", "所", "馆", "部", "局", "厅"])
        }
        (Level::Building, Level::Floor) => parts > 1 && (side || text.near_before(at, 10, HOME)),
        (Level::Floor, Level::Floor) => side && text.one_of(text.skip(to, 3, is_gap), SIDES).is_some_and(|length| length > 1),
        (Level::Building | Level::Stairs, _) => parts > 1 || (side && first == Level::Stairs),
        _ => parts > 1,
    };
    found.then_some(to)
}

/// Building, stairs and door with no more than dashes between them.
pub fn dashes(text: &Letters, at: usize) -> Option<usize> {
    let is_dash = |c: char| matches!(c, '-' | '/' | '#' | '杠' | '~' | '·' | '.' | '_' | '—' | '之');
    let mut to = at;
    let mut groups = Vec::new();
    if text.before(at).is_some_and(|c| c.is_ascii_alphanumeric() || is_dash(c) || super::letters::digit(c).is_some()) {
        return None;
    }
    while let Some((number, end)) = text.number(to) {
        groups.push((number, end - to));
        to = end;
        let next = text.skip(text.skip(end, 1, |c| c == ' '), 1, is_dash);
        let next = text.skip(next, 1, |c| c == ' ');
        if next == end || text.digit(next).is_none() || !(end..next).any(|at| text.get(at).is_some_and(is_dash)) {
            break;
        }
        to = next;
    }
    let home = text.near_before(at, 8, HOME);
    let unit = text.get(to).is_some_and(|c| "年月日天岁元米斤公厘个倍".contains(c)) || text.is_alphanumeric(to);
    let found = match groups[..] {
        [(1..=199, _), (1..=12, 1..=2), (101..=4999, 3..=4)] => true,
        [(1..=199, _), (1..=12, 1..=2), (1..=40, _), (1..=9, 1)] => true,
        [(1..=199, _), (1..=12, 1..=2), (1..=20, 1..=2)] => home,
        [(1..=199, 1..=3), (101..=3999, 3..=4)] => home,
        [(101..=3999, 3..=4)] => text.ends(at, "住") && !text.get(to).is_some_and(|c| "多路年天户院厂所医".contains(c)),
        _ => false,
    };
    (found && !unit).then_some(to)
}

const STREETS: &[&str] = &[
    "路",
    "街",
    "巷",
    "弄",
    "道",
    "胡同",
    "村",
    "屯",
    "组",
    "委",
    "小区",
    "条",
    "家园",
    "花园",
    "门牌",
    "门牌号",
    "大院",
    "新村",
    "里",
    "队",
    "社",
    "营子",
    "沟",
    "胡同里",
    "胡同内",
    "巷内",
    "巷里",
    "巷子里",
    "巷子",
];

/// Parts of a village or of an old quarter, which follow one another: 3委12组, 张家屯5社.
const QUARTERS: &[&str] = &["村", "屯", "社", "组", "委", "队", "路", "街", "胡同", "乡", "镇"];

/// Who may live at a number, so that it is no day.
#[rustfmt::skip]
const DWELLERS: &[&str] = &[
    "家", "老", "大娘", "大爷", "大妈", "大叔", "大姐", "大哥", "奶奶", "爷爷", "住户", "村民", "居民", "独居", "低保", "五保", "孤寡",
    "残疾", "平房", "房", "住",
];

/// What happens on a day.
const EVENTS: &[&str] = &["举办", "举行", "有", "开", "来", "发", "办", "义诊", "去", "要", "到", "会", "放", "体检"];

/// Whether the part that ends here is a number only, such as 5社, and whether it belongs to a larger part.
fn quarter(text: &Letters, name_from: usize) -> Option<bool> {
    let from = text.skip_back(name_from, |c| super::letters::digit(c).is_some() || matches!(c, '十' | '百' | '第'));
    (from < name_from).then(|| QUARTERS.iter().any(|word| text.ends(from, word)))
}

/// A house by its number in a street.
pub fn house(text: &Letters, at: usize) -> Option<usize> {
    let street = text.skip_back(at, |c| matches!(c, ' ' | ':' | '是' | '为' | ','));
    let name = STREETS.iter().filter(|word| text.ends(street, word)).max_by_key(|word| word.len())?;
    let known = name.starts_with("门牌");
    let length = name.chars().count();
    let named = street
        .checked_sub(length + 1)
        .and_then(|at| text.get(at))
        .is_some_and(|c| (is_han(c) || c.is_ascii_digit()) && !"这那条段本该在".contains(c));
    let street_word = ["街道", "跑道", "频道", "轨道", "赛道", "知道", "邻里", "家里", "社区里"].iter().any(|word| text.ends(street, word));
    if !known && (!named || street_word || street != at && *name == "里") {
        return None;
    }
    let quarter = quarter(text, street - length);
    // Unless numbered it is a firm, such as 旅行社.
    if *name == "社" && quarter.is_none() {
        return None;
    }
    let at = at + text.one_of(at, &["甲", "乙", "丙", "附", "第"]).unwrap_or(0);
    let (number, mut to) = text.number(at)?;
    if let Some((_, end)) = text.number(to + 1).filter(|_| matches!(text.get(to), Some('-' | '之'))) {
        to = end;
    }
    let to = text.skip(to, 1, |c| c == ' ');
    let loose = ["村", "屯", "组", "委", "里", "队", "条", "道", "社"].contains(name);
    if known && text.get(to) != Some('号') {
        return (number > 0).then_some(to);
    }
    let house = text.get(to) == Some('号') && text.one_of(to + 1, NOT_HOUSES).is_none();
    let settled = match quarter {
        Some(true) => text.one_of(to + 1, EVENTS).is_none(),
        _ => text.one_of(to + 1, DWELLERS).is_some(),
    };
    let day = loose && number <= 31 && !settled && text.get(to + 1).is_some_and(|c| is_han(c) && !"的院，".contains(c));
    (house && !day).then_some(to + 1)
}

const SCHOOLS: &[&str] = &[
    "小学",
    "中学",
    "学校",
    "幼儿园",
    "高中",
    "初中",
    "职高",
    "技校",
    "大学",
    "学院",
    "附小",
    "附中",
    "中心校",
    "实验校",
    "一中",
    "二中",
    "三中",
    "四中",
    "五中",
    "六中",
    "七中",
    "八中",
    "九中",
    "十中",
    "实小",
    "小学校",
    "一小",
    "二小",
    "三小",
    "四小",
    "五小",
    "六小",
    "七小",
    "八小",
    "九小",
    "职专",
    "中专",
    "幼稚园",
    "外国语",
    "中小",
    "分校",
    "校区",
    "1中",
    "2中",
    "3中",
    "4中",
    "5中",
    "6中",
    "7中",
    "8中",
    "9中",
    "0中",
    "师专",
    "卫校",
    "职教中心",
    "职业中心",
    "职教",
    "一高",
    "二高",
    "三高",
    "四高",
    "五高",
    "1高",
    "2高",
    "3高",
    "4高",
    "5高",
    "实高",
    "实验高",
    "一职",
    "二职",
    "附高",
    "农大",
    "师大",
    "医大",
    "工大",
    "理工",
];

/// What stands before a school that is not called by its name.
const UNNAMED: &str =
    "上读念在的了个所进入级到有是和与及等某各本该名位童子女孙年前刚于从给帮校儿生娃他她它我家着正就来去为里外,.。;:!? (、\n";
const KINDS: &[&str] = &[
    "农村",
    "乡村",
    "公办",
    "民办",
    "普通",
    "重点",
    "职业",
    "附近",
    "社区",
    "辖区",
    "当地",
    "寄宿",
    "公立",
    "私立",
    "本地",
    "高级",
    "初级",
    "全日制",
    "今年",
    "现在",
    "目前",
    "小区",
    "我区",
    "我市",
    "本市",
    "全区",
    "即将",
    "九月",
    "打算",
    "双胞胎",
    "分别",
];

/// 初一高二 are two grades, and where 血压一高 is said there is no school.
fn is_grade_or_rise(text: &Letters, at: usize) -> bool {
    text.digit(at).is_some() && text.get(at + 1) == Some('高') && text.before(at).is_some_and(|c| "初高大压糖脂温烧年".contains(c))
}

/// Whether the school that ends here is one of which the name is said.
fn named(text: &Letters, from: usize, school: &str) -> bool {
    let numbered = school.chars().count() == 2 && text.digit(from).is_some();
    let Some(before) = text.before(from) else { return numbered };
    if numbered {
        return before != '其';
    }
    (is_han(before) || before.is_ascii_digit()) && !UNNAMED.contains(before) && !KINDS.iter().any(|word| text.ends(from, word))
}

/// The year in which a class began, of which the century is mostly left out: 2023级, 23级. But 20级 may be stairs.
fn entry(text: &Letters, at: usize) -> Option<usize> {
    let (year, to) = text.number(at).filter(|(_, to)| text.get(*to) == Some('级'))?;
    let to = to + 1;
    let stairs = ["台阶", "楼梯", "石阶", "大风", "阶梯", "的台阶"].iter().any(|word| text.starts(to, word));
    (year >= 2000 || (10..=39).contains(&year) && !stairs).then_some(to)
}

/// How closely a class is told, and where it ends.
fn class(text: &Letters, at: usize) -> Option<(bool, usize)> {
    let bracket = |at: usize| text.skip(at, 2, |c| matches!(c, '(' | ')' | ' ' | '-' | '·' | '.' | '第'));
    let numbered = |at: usize| {
        let (_, to) = text.number(bracket(at))?;
        let to = bracket(to);
        (text.get(to) == Some('班') && !text.get(to + 1).is_some_and(|c| "级车倒次岗".contains(c))).then_some(to + 1)
    };
    let grade = if matches!(text.get(at), Some('初' | '高' | '大' | '中' | '小' | '托')) {
        let named = text.get(at) != Some('初') && text.get(at) != Some('高');
        // After 高 the class may follow the grade at once: 高二12班.
        let one = text.digit(at + 1).filter(|_| !named).map(|digit| (digit, at + 2));
        match one.or_else(|| text.number(at + 1)) {
            Some((1..=20, to)) if named && text.get(to) == Some('班') => return Some((true, to + 1)),
            Some((1..=6, to)) => to,
            Some(_) => return None,
            None if named && text.get(at + 1) == Some('班') => return Some((false, at + 2)),
            None => return None,
        }
    } else {
        match text.number(at) {
            Some((_, to)) if text.starts(to, "年级") || text.starts(to, "年") => to + if text.starts(to, "年级") { 2 } else { 1 },
            _ => match entry(text, at) {
                Some(to) => to,
                None => return numbered(at).map(|to| (true, to)),
            },
        }
    };
    if let Some(to) = numbered(grade) {
        return Some((true, to));
    }
    let whole = text.get(grade - 1) != Some('年') && !text.ends(at, "至") && !text.ends(at, "到") && !text.ends(at, "-");
    whole.then_some((false, grade))
}

/// A class and the school that it belongs to.
pub fn school(text: &Letters, at: usize) -> Option<usize> {
    let length = text.one_of(at, SCHOOLS).filter(|_| !is_grade_or_rise(text, at))?;
    let end = at + length;
    let named = named(text, at, &text.text(at, end));
    let near = (end..text.len().min(end + 14)).find_map(|at| {
        let (exact, to) = class(text, at).filter(|_| text.digit(at - 1).is_none())?;
        let broken = (end..at).any(|at| text.get(at).is_some_and(is_stop));
        let close = at - end <= 8 && !broken;
        ((exact && (named || close)) || (named && close)).then_some(to)
    });
    near.or_else(|| {
        let from = at.saturating_sub(16);
        let ahead = (from..at).any(|at| class(text, at).is_some_and(|(exact, to)| exact && to <= end));
        (ahead && named).then_some(end)
    })
}
