//! Numbers that belong to one person: phones, identity and bank cards, licence plates, days of birth.

use super::letters::{Letters, is_han};

/// What may stand between the digits of one number.
fn is_gap(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, ':' | '。' | ';' | '%' | '¥' | '\n' | '(' | ')' | '×' | '*')
}

fn is_gap_or_bracket(c: char) -> bool {
    is_gap(c) || matches!(c, '(' | ')' | '\n' | '*')
}

/// Said between the parts of a number.
#[rustfmt::skip]
const SPOKEN: &[&str] = &[
    "后面", "后边", "后头", "然后", "接着", "接", "再", "杠", "横杠", "最后", "中间", "跟着", "跟", "连着", "加上", "加", "是", "尾号",
    "末尾", "后四位", "后4位", "后三位", "后3位", "后八位", "后8位", "中间四位", "中间4位", "最后四位", "最后4位", "后面四位",
    "后面4位", "后面八位", "后面8位", "空格", "还有", "就是", "写",
];

/// How many such words follow one another, as in 然后再接.
const MOST_SPOKEN: usize = 3;

/// Past the words said between two parts of a number.
fn past_spoken(text: &Letters, at: usize, gap: fn(char) -> bool) -> usize {
    (0..MOST_SPOKEN).fold(at, |at, _| text.one_of(at, SPOKEN).map_or(at, |length| text.skip(at + length, 3, gap)))
}

/// The digits from here on, with the place after each; what stands between them is short.
fn digits(text: &Letters, from: usize, most: usize, gap: fn(char) -> bool) -> Vec<(u32, usize)> {
    let mut digits = Vec::new();
    let mut at = from;
    while digits.len() < most {
        let next = if digits.is_empty() { at } else { past_spoken(text, text.skip(at, 3, gap), gap) };
        let Some(digit) = text.digit(next) else { break };
        at = next + 1;
        digits.push((digit, at));
    }
    digits
}

/// How many digits stand together, group by group.
fn groups(digits: &[(u32, usize)]) -> Vec<usize> {
    digits.chunk_by(|(_, one), (_, other)| *other == one + 1).map(<[_]>::len).collect()
}

/// How many digits stand side by side just before.
fn adjoining(text: &Letters, at: usize) -> usize {
    (0..at).rev().take_while(|&at| text.digit(at).is_some()).count()
}

fn ends_here(text: &Letters, at: usize) -> bool {
    text.digit(at).is_none()
}

fn value(digits: &[(u32, usize)]) -> u32 {
    digits.iter().fold(0, |value, (digit, _)| value * 10 + digit)
}

fn is_day(month: u32, day: u32) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

fn is_year(year: u32) -> bool {
    (1900..=2035).contains(&year)
}

pub fn mobile(text: &Letters, at: usize) -> Option<usize> {
    let digits = digits(text, at, 11, is_gap_or_bracket);
    let [(1, _), (3..=9, _), .., (_, to)] = digits[..] else { return None };
    let groups = groups(&digits);
    // A row of small numbers is no phone, unless each digit stands alone.
    let is_row = groups.iter().any(|&length| length > 1) && (groups.len() > 6 || groups.len() > 2 && groups.ends_with(&[1]));
    let is_range = groups.len() != 3 && (at..to).any(|at| text.get(at) == Some('/'));
    let prefix = adjoining(text, at);
    let stands_alone =
        prefix == 0 || [("86", 2), ("086", 3), ("0086", 4), ("0", 1)].iter().any(|(code, n)| prefix == *n && text.ends(at, code));
    (digits.len() == 11 && !is_row && !is_range && stands_alone && ends_here(text, to)).then_some(to)
}

pub fn landline(text: &Letters, at: usize) -> Option<usize> {
    if adjoining(text, at) > 0 {
        return None;
    }
    let digits = digits(text, at, 13, is_gap_or_bracket);
    let code = match digits.get(..3)? {
        [(0, _), (1, _), (0, _)] | [(0, _), (2, _), _] => 3,
        [(0, _), (3..=9, _), _] => 4,
        _ => return None,
    };
    // A dot after the first digit makes it a decimal.
    let whole = digits.iter().take(3).enumerate().all(|(n, (_, to))| *to == at + n + 1);
    let whole = whole || text.near_before(at, 8, PHONE);
    [code + 8, code + 7].iter().find_map(|&n| {
        let (_, to) = *digits.get(n - 1)?;
        (whole && matches!(digits[code].0, 2..=8) && ends_here(text, to)).then_some(to)
    })
}

const PHONE: &[&str] = &[
    "电话",
    "座机",
    "固话",
    "联系",
    "手机",
    "号码",
    "致电",
    "拨打",
    "打给",
    "来电",
    "tel",
    "phone",
    "☎",
    "📞",
    "📱",
    "热线",
    "家里的电",
    "宅电",
    "呼叫",
    "短号",
    "小灵通",
    "dh",
];

/// A phone without an area code is known by what stands before it.
pub fn local(text: &Letters, at: usize) -> Option<usize> {
    if adjoining(text, at) > 0 || text.before(at).is_some_and(|c| c.is_ascii_alphanumeric()) || !text.near_before(at, 9, PHONE) {
        return None;
    }
    let digits = digits(text, at, 9, is_gap);
    let (_, to) = *digits.last()?;
    let is_date = digits.len() == 8 && is_year(value(&digits[..4])) && is_day(value(&digits[4..6]), value(&digits[6..]));
    let is_hotline = value(digits.get(..3)?) == 400 || value(&digits[..3]) == 800;
    let short = text.near_before(at, 5, &["短号"]) && (3..=6).contains(&digits.len());
    let long = matches!(digits.len(), 7 | 8) && (2..=8).contains(&digits[0].0) && !is_hotline && !is_date;
    ((short || long) && ends_here(text, to)).then_some(to)
}

const PAPERS: &[&str] = &[
    "身份证",
    "身份号",
    "护照",
    "残疾证",
    "社保卡",
    "社保号",
    "医保卡",
    "医保号",
    "低保证",
    "学籍号",
    "户口本",
    "证件号",
    "证号",
    "sfz",
    "公民身份",
    "居住证",
    "优抚证",
];

fn is_born(digits: &[(u32, usize)]) -> bool {
    match digits.len() {
        15 => is_day(value(&digits[8..10]), value(&digits[10..12])),
        _ => is_year(value(&digits[6..10])) && is_day(value(&digits[10..12]), value(&digits[12..14])),
    }
}

pub fn identity(text: &Letters, at: usize) -> Option<usize> {
    if adjoining(text, at) > 0 {
        return None;
    }
    if let Some(to) = hidden(text, at) {
        return Some(to);
    }
    let digits = digits(text, at, 20, |c| is_gap(c) && c != ',');
    let (_, last) = *digits.last()?;
    let end = |n: usize| digits.get(n - 1).map(|(_, to)| *to).filter(|to| (1..=8).contains(&digits[0].0) && ends_here(text, *to));
    let whole = |n: usize, to: usize| to == at + n;
    if let Some((_, to)) = digits.get(16).filter(|_| is_born(&digits[..17])) {
        let x = text.skip(*to, 3, is_gap);
        if matches!(text.get(x), Some('x' | '×' | '叉')) {
            return Some(x + 1);
        }
    }
    let known = text.near_before(at, 12, PAPERS);
    [18, 20, 15]
        .into_iter()
        .find_map(|n| end(n).filter(|&to| (is_born(&digits[..n]) && (n != 15 || whole(n, to) || known)) || (known && n != 20)))
        .or_else(|| (known && digits.len() >= 4 && text.near_before(at, 8, PAPERS)).then_some(last))
}

/// An identity number of which a part is hidden still tells the place and the day of birth.
fn hidden(text: &Letters, at: usize) -> Option<usize> {
    let to = (at..text.len()).find(|&at| text.digit(at).is_none() && !matches!(text.get(at), Some('*' | 'x'))).unwrap_or(text.len());
    let digits = (at..to).filter(|&at| text.digit(at).is_some()).count();
    (to == at + 18 && (10..18).contains(&digits) && text.digit(at).is_some()).then_some(to)
}

pub fn card(text: &Letters, at: usize) -> Option<usize> {
    const WORDS: &[&str] =
        &["卡号", "账号", "帐号", "账户", "帐户", "银行卡", "存折", "一卡通", "工资卡", "储蓄卡", "开户行", "打款", "汇款", "转账"];
    if adjoining(text, at) > 0 || text.before(at).is_some_and(|c| c.is_ascii_alphabetic()) {
        return None;
    }
    if text.near_before(at, 6, &["单号", "编号", "订单", "条码", "条形码", "书号", "物流", "运单", "型号", "序列号"])
    {
        return None;
    }
    let digits = digits(text, at, 24, |c| is_gap(c) && !matches!(c, ',' | '、' | '/'));
    let (_, to) = *digits.last()?;
    let groups = groups(&digits);
    let (_, but_last) = groups.split_last()?;
    // As on the card, or each digit alone; dates and sizes side by side make smaller groups.
    let on_card = but_last.iter().all(|&length| length >= 4) || groups.iter().all(|&length| length == 1);
    let known = text.near_before(at, 10, WORDS);
    let long = (14..=24).contains(&digits.len()) && on_card;
    ((long || known && digits.len() >= 8) && ends_here(text, to)).then_some(to)
}

const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";

pub fn plate(text: &Letters, at: usize) -> Option<usize> {
    let province = PROVINCES.contains(text.get(at)?);
    let known = text.near_before(at, 6, &["车牌", "牌照", "车号", "牌号"]) && !text.before(at).is_some_and(|c| c.is_ascii_alphanumeric());
    let mut at = if province { text.skip(at + 1, 2, is_gap) } else { at };
    if !(province || known) || !text.get(at).is_some_and(|c| c.is_ascii_lowercase()) {
        return None;
    }
    let (mut signs, mut figures) = (0, 0);
    at += 1;
    loop {
        let next = text.skip(at, if signs == 0 { 3 } else { 2 }, |c| is_gap(c) && c != ',');
        let figure = text.digit(next).is_some();
        if !figure && !text.is_alphanumeric(next) {
            break;
        }
        signs += 1;
        figures += usize::from(figure);
        at = next + 1;
    }
    let ending = usize::from(matches!(text.get(at), Some('学' | '警' | '挂' | '领' | '港' | '澳')));
    let lengths = if known { 4..=6 } else { 5 - ending..=6 };
    (lengths.contains(&signs) && figures >= 3).then_some(at + ending)
}

/// The day's place in a month, with the words of the old calendar.
fn part(text: &Letters, at: usize) -> Option<(u32, usize)> {
    let at = text.skip(at, 2, |c| matches!(c, ' ' | '闰' | '初'));
    match text.get(at)? {
        '正' | '元' => Some((1, at + 1)),
        '冬' => Some((11, at + 1)),
        '腊' => Some((12, at + 1)),
        '卅' => Some((30, at + 1)),
        '除' if text.starts(at, "除夕") => Some((30, at + 2)),
        _ => text.number(at),
    }
}

fn is_between(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '/' | ',' | '·' | '、' | '_')
}

/// A full date, with its year.
fn date(text: &Letters, at: usize) -> Option<(u32, usize)> {
    let year = digits(text, at, 4, |c| c == ' ');
    let (year, to) = if year.len() == 4 { (value(&year), year[3].1) } else { text.number(at)? };
    let told = text.skip(to, 1, |c| c == ' ');
    let said = text.get(told) == Some('年');
    if text.digit(to).is_some() && to == at + 4 {
        let whole = digits(text, at, 9, |_| false);
        let fits = whole.len() == 8 && is_day(value(&whole[4..6]), value(&whole[6..]));
        return fits.then_some((year, at + 8));
    }
    let year = match (year, text.ends(at, "民国")) {
        (1..=40, true) => year + 1911,
        (0..=99, _) => year + if year > 35 { 1900 } else { 2000 },
        _ => year,
    };
    let mut to = text.skip(if said { told + 1 } else { to }, 2, is_between);
    if let Some(calendar) = text.one_of(to, &["农历", "阴历", "旧历", "阳历", "公历", "的", "(农历)", "(阴历)"]) {
        to += calendar;
    }
    let (month, to) = part(text, to)?;
    let to = text.skip(to, 2, |c| c == '月' || is_between(c));
    let (day, to) = part(text, to)?;
    (is_day(month, day)).then_some((year, text.skip(to, 1, |c| matches!(c, '日' | '号'))))
}

pub fn birth(text: &Letters, at: usize) -> Option<usize> {
    const WORDS: &[&str] = &[
        "生日",
        "出生",
        "生于",
        "生人",
        "诞辰",
        "诞生",
        "降生",
        "出世",
        "生辰",
        "生的",
        "birth",
        "born",
        "阳历生",
        "农历生",
        "阴历生",
        "生在",
        "寿辰",
        "大寿",
        "过寿",
        "落生",
        "属相",
    ];
    if adjoining(text, at) > 0 {
        return None;
    }
    let near = |words: &[&str], before: usize, to: usize| text.near_before(at, before, words) || text.near_after(to, 9, words);
    if text.near_before(at, 8, &["出生", "生日"]) {
        let short = digits(text, at, 7, |_| false);
        if short.len() == 6 && is_day(value(&short[2..4]), value(&short[4..])) {
            return Some(at + 6);
        }
    }
    let (year, to) = date(text, at)?;
    let is_deadline = ["前", "之前", "以前", "截止", "起"].iter().any(|word| text.starts(to, word));
    let called = near(WORDS, 10, to) && !text.near_after(to, 9, &["学生日"]) || text.get(to) == Some('生');
    let person = is_year(year) && year < 2022 && matches!(text.get(text.skip(to, 2, |c| !is_han(c))), Some('男' | '女'));
    let person = person || is_year(year) && text.near_before(at, 4, &["男", "女", "汉族"]);
    (is_year(year) && (called || person) && !is_deadline).then_some(to)
}
