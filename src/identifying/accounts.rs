//! Ids of services, and e-mail.

use super::letters::Letters;

fn is_id(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

const SURE: &[&str] = &[
    "微信号",
    "微信",
    "威信",
    "wei信",
    "wei 信",
    "wei·信",
    "vei信",
    "微xin",
    "wei xin",
    "喂信",
    "微芯",
    "薇信",
    "徽信",
    "v信",
    "微 信",
    "weixin",
    "wechat",
    "wx",
    "vx",
    "v x",
    "w x",
    "加v",
    "+v",
    "+微",
    "+薇",
    "扣:",
    "加扣",
    "加微",
    "加薇",
    "加qq",
    "加q",
    "qq",
    "q q",
    "扣扣",
    "抠抠",
    "球球",
    "企鹅",
    "绿泡泡",
    "抖音",
    "快手",
    "小红书",
    "支付宝",
    "钉钉",
    "微博",
    "陌陌",
    "账号",
    "帐号",
    "用户名",
    "v心",
    "维信",
    "卫星号",
    "蔻蔻",
    "q号",
    "v号",
    "薇号",
    "微号",
    "q:",
    "v:",
    "薇:",
    "微:",
    "id:",
    "薇",
    "vx号",
];

/// Words between a service and the id there.
const LINKS: &[&str] = &[
    "号码", "号", "是", "为", "id", "账号", "帐号", "加我", "加", "我", "联系", "搜索", "搜", "找", "昵称", "群", "的", "同", "也是", "即",
    "名", "可",
];

const PRODUCTS: &[&str] = &["iphone", "huawei", "xiaomi", "android", "oppo", "vivo", "honor", "redmi", "ipad", "harmony", "windows"];

pub fn account(text: &Letters, at: usize) -> Option<usize> {
    let service = text.one_of(at, SURE)?;
    if text.is_alphanumeric(at) && text.before(at).is_some_and(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let mut from = at + service;
    loop {
        let next = text.skip(from, 4, |c| !c.is_alphanumeric() && !matches!(c, '。' | ';' | '\n' | '、' | '_'));
        let next = next + text.one_of(next, LINKS).unwrap_or(0);
        if next == from {
            break;
        }
        from = next;
    }
    id(text, from)
}

/// An id, the characters of which may stand apart.
fn id(text: &Letters, from: usize) -> Option<usize> {
    if text.one_of(from, PRODUCTS).is_some() {
        return None;
    }
    let (mut to, mut signs, mut figures) = (from, 0, 0);
    loop {
        let next = if to == from { to } else { text.skip(to, 2, |c| matches!(c, ' ' | '·' | '*' | '~')) };
        let figure = text.digit(next).is_some();
        if !figure && !text.get(next).is_some_and(is_id) {
            break;
        }
        signs += 1;
        figures += usize::from(figure);
        to = next + 1;
    }
    let underlined = (from..to).any(|at| matches!(text.get(at), Some('_' | '-')));
    let written = figures >= 2 || underlined || signs >= 6;
    (signs >= 5 && written).then_some(to)
}

const ENDINGS: &[&str] = &["com", "cn", "net", "org", "edu", "gov", "vip", "me", "co"];
const HOSTS: &[&str] = &[
    "qq",
    "163",
    "126",
    "139",
    "189",
    "gmail",
    "sina",
    "sohu",
    "hotmail",
    "outlook",
    "foxmail",
    "yeah",
    "icloud",
    "一六三",
    "一二六",
    "新浪",
    "网易",
];

fn is_label(text: &Letters, at: usize) -> bool {
    text.get(at).is_some_and(is_id) || text.digit(at).is_some()
}

pub fn email(text: &Letters, at: usize) -> Option<usize> {
    if !is_label(text, at) || at > 0 && is_label(text, at - 1) {
        return None;
    }
    let apart = |c: char| matches!(c, ' ' | '(' | ')' | '[' | ']' | '#' | '<' | '>' | '{' | '}' | '【' | '】');
    let mut to = (at..=text.len()).find(|&at| !is_label(text, at))?;
    let begun = text.skip(to, 3, |c| apart(c) && c != '#');
    let spelled = begun > to && text.starts(begun, "at") && !text.is_alphanumeric(begun + 2);
    let sign =
        text.one_of(begun, &["@", "艾特", "圈a", "小老鼠"]).or(spelled.then_some(2)).or((text.get(begun) == Some('#')).then_some(1))?;
    let host = text.skip(begun + sign, 3, apart);
    let known = text.one_of(host, HOSTS);
    to = (host..=text.len()).find(|&at| !is_label(text, at))?;
    if (host..to).any(|at| text.get(at) == Some('.')) || host < to && known.is_some() && text.get(begun) == Some('@') {
        return Some(to);
    }
    let dot = text.skip(to, 2, apart);
    let dotted = dot + text.one_of(dot, &["点", "dot", "."])?;
    let ending = text.skip(dotted, 2, apart);
    text.one_of(ending, ENDINGS).filter(|_| host < to || known.is_some()).map(|length| ending + length)
}
