//! Keys, kinds and times of robots; what fits into a message, and what its answer says.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use serde::Deserialize;
use uuid::Uuid;

use crate::calendar::SHANGHAI;
use crate::journal::ChangeKind;
use crate::outbound::{Fault, Reply};
use crate::refusal::Refusal;
use crate::webhooks::rules::{AttemptFailure, judge};

/// Bytes of a markdown message at most.
const LONGEST: usize = 4096;
/// Between two messages of a robot: 20 a minute are taken.
pub const BETWEEN: TimeDelta = TimeDelta::seconds(3);
/// Characters of a title that are shown.
const SHOWN: usize = 60;
const HOST: &str = "qyapi.weixin.qq.com";

/// What a robot may tell of; all of it where nobody chose.
pub const KINDS: [ChangeKind; 19] = [
    ChangeKind::NeedPublished,
    ChangeKind::NeedOpened,
    ChangeKind::NeedEscalated,
    ChangeKind::NeedReleased,
    ChangeKind::NeedAccepted,
    ChangeKind::MatchApplied,
    ChangeKind::MatchConfirmed,
    ChangeKind::MatchRejected,
    ChangeKind::MatchCancelled,
    ChangeKind::MatchRevoked,
    ChangeKind::MatchTimedOut,
    ChangeKind::MatchNudged,
    ChangeKind::MatchReassignable,
    ChangeKind::DeliveryReported,
    ChangeKind::DeliveryReminded,
    ChangeKind::DeliveryAccepted,
    ChangeKind::DeliveryRefused,
    ChangeKind::BookingRequested,
    ChangeKind::BookingCancelled,
];

/// The codes of chosen kinds.
pub fn check_kinds(kinds: Option<&[ChangeKind]>) -> Result<Vec<&'static str>, Refusal> {
    let kinds = kinds.unwrap_or(&KINDS);
    if let Some(other) = kinds.iter().find(|kind| !KINDS.contains(kind)) {
        let zh = format!("群机器人不发送“{}”", other.zh());
        let en = format!("A robot does not tell of {}", other.code());
        return Err(Refusal::invalid("kinds", zh, en));
    }
    let mut codes: Vec<&str> = kinds.iter().map(|kind| kind.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    Ok(codes)
}

/// The key of a robot, alone or in the address that WeCom shows; whose host is always the same.
pub fn check_key(text: &str) -> Result<Uuid, Refusal> {
    let text = text.trim();
    let key = match text.split_once("://") {
        None => Some(text),
        Some(("https", rest)) => rest
            .split_once('/')
            .filter(|(host, _)| *host == HOST)
            .and_then(|(_, rest)| rest.strip_prefix("cgi-bin/webhook/send?key="))
            .map(|key| key.split('&').next().unwrap_or(key)),
        Some(_) => None,
    };
    key.filter(|key| key.len() == 36).and_then(|key| Uuid::try_parse(key).ok()).ok_or_else(|| {
        let (zh, en) = (
            "请粘贴企业微信群机器人的 Webhook 地址，或其中 key= 之后的部分",
            "Paste the robot's Webhook address from WeCom, or what follows key= in it",
        );
        Refusal::invalid("key", zh, en)
    })
}

/// A time of day, `08:30`, in minutes.
pub fn check_digest(text: &str) -> Result<i16, Refusal> {
    let minutes = || {
        let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        let (hours, minutes) = text.split_once(':').filter(|(hours, minutes)| two_digits(hours) && two_digits(minutes))?;
        let (hours, minutes): (i16, i16) = (hours.parse().ok()?, minutes.parse().ok()?);
        ((0..24).contains(&hours) && (0..60).contains(&minutes)).then_some(60 * hours + minutes)
    };
    minutes().ok_or_else(|| Refusal::invalid("digestAt", "时间请写作 08:30", "The time reads 08:30"))
}

pub fn shown_digest(minutes: i16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The minute of the day in Asia/Shanghai.
pub fn minute(at: DateTime<Utc>) -> i16 {
    let local = at.with_timezone(&SHANGHAI);
    (local.hour() * 60 + local.minute()) as i16
}

/// Somebody's text within a message: nothing in it is markup, a mention or a link.
pub fn plain(text: &str) -> String {
    let shown: String = text
        .chars()
        .map(|c| match c {
            '<' => '＜',
            '>' => '＞',
            '[' => '［',
            ']' => '］',
            '*' => '＊',
            '`' => '｀',
            '@' => '＠',
            '#' => '＃',
            '_' => '＿',
            '&' => '＆',
            c if c.is_control() => ' ',
            c => c,
        })
        .take(SHOWN + 1)
        .collect();
    match shown.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

/// A heading and as many lines as fit; how many those are.
pub fn message(heading: &str, lines: &[String]) -> (String, usize) {
    let mut text = format!("**{}**", plain(heading));
    for (place, line) in lines.iter().enumerate() {
        if text.len() + line.len() + 3 > LONGEST {
            return (text, place);
        }
        text.push_str("\n> ");
        text.push_str(line);
    }
    (text, lines.len())
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Received,
    Failed(AttemptFailure),
    /// There is no such robot any more.
    Gone,
}

/// WeCom answers 200 whatever happens; the number in the body says what did.
pub fn heard(answer: Result<&Reply, Fault>) -> Told {
    #[derive(Deserialize)]
    struct Answer {
        errcode: i64,
    }
    if let Err(failure) = judge(answer.map(|reply| reply.status)) {
        return Told::Failed(failure);
    }
    match answer.ok().and_then(|reply| serde_json::from_slice::<Answer>(&reply.body).ok()).map(|answer| answer.errcode) {
        Some(0) => Told::Received,
        Some(93000) => Told::Gone,
        _ => Told::Failed(AttemptFailure::Status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "693a91f6-7b0c-4bc4-97a0-0ec2sifa5aaa";

    #[test]
    fn a_key_comes_alone_or_in_the_address_of_the_one_host() {
        let key = "693a91f6-7b0c-4bc4-97a0-0ec2f1fa5aaa";
        let url = format!("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={key}");
        for right in [key, &url, &format!(" {url} "), &format!("{url}&debug=1")] {
            assert_eq!(check_key(right).ok(), Uuid::try_parse(key).ok(), "{right}");
        }
        let other = format!("https://evil.example/cgi-bin/webhook/send?key={key}");
        let inner = format!("https://qyapi.weixin.qq.com@127.0.0.1/cgi-bin/webhook/send?key={key}");
        for wrong in ["", KEY, &other, &inner, &url.replace("https", "http"), &key.replace('-', "")] {
            assert!(check_key(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_digest_has_a_time_of_day() {
        assert_eq!(["08:30", "00:00", "23:59"].map(|text| check_digest(text).ok()), [Some(510), Some(0), Some(1439)]);
        assert!(["", "8:30", "24:00", "08:60", "+8:30", "0830", "08:3a"].iter().all(|text| check_digest(text).is_err()));
        assert_eq!(shown_digest(510), "08:30");
    }

    #[test]
    fn nobodys_text_becomes_markup_or_a_mention() {
        assert_eq!(plain("<@all> [点我](http://x) *粗* `码`\n# 标题"), "＜＠all＞ ［点我］(http://x) ＊粗＊ ｀码｀ ＃ 标题");
        assert_eq!(plain(&"长".repeat(61)), format!("{}…", "长".repeat(60)));
        assert_eq!(plain(&"长".repeat(60)), "长".repeat(60));
    }

    #[test]
    fn a_message_takes_what_fits_into_4096_bytes() {
        let lines: Vec<String> = (0..100).map(|n| format!("{n}：{}", "需求".repeat(20))).collect();
        let (text, taken) = message("党建联盟·北门街道", &lines);
        assert!(text.len() <= LONGEST && taken > 20 && taken < 40, "{} bytes, {taken} lines", text.len());
        assert!(text.starts_with("**党建联盟·北门街道**\n> 0："));
        assert_eq!(message("一", &lines[..2]).1, 2);
    }

    #[test]
    fn an_answer_of_200_is_believed_only_with_its_number() {
        let reply = |status, body: &str| Reply { status, retry_after: None, body: body.as_bytes().to_vec() };
        assert_eq!(heard(Ok(&reply(200, r#"{"errcode":0,"errmsg":"ok"}"#))), Told::Received);
        assert_eq!(heard(Ok(&reply(200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#))), Told::Failed(AttemptFailure::Status));
        assert_eq!(heard(Ok(&reply(200, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#))), Told::Gone);
        assert_eq!(heard(Ok(&reply(200, "<html>"))), Told::Failed(AttemptFailure::Status));
        assert_eq!(heard(Ok(&reply(502, r#"{"errcode":0}"#))), Told::Failed(AttemptFailure::Status));
        assert_eq!(heard(Err(Fault::TimedOut)), Told::Failed(AttemptFailure::TimedOut));
    }
}
