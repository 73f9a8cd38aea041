//! Addresses, states, when to try again, and how a message is signed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac};
use reqwest::Url;
use serde_json::json;
use sha2::Sha256;

use super::entity::message;
use crate::journal::feed::Position;
use crate::outbound::{Fault, Reach};
use crate::refusal::Refusal;
use crate::terms::term;

term! {
    /// Whether a webhook is served.
    WebhookStatus {
        /// Changes are sent.
        Active = "ACTIVE" "运行中",
        /// Nothing is sent; resuming goes on where it stopped.
        Paused = "PAUSED" "已暂停",
        /// Nothing is sent any more.
        Removed = "REMOVED" "已移除",
    }
}

term! {
    /// Why a webhook was paused.
    PauseReason {
        /// Somebody paused it.
        Requested = "REQUESTED" "人工暂停",
        /// It had failed for too long.
        Failing = "FAILING" "持续失败",
        /// Its address answered 410.
        Gone = "GONE" "地址已停用",
    }
}

term! {
    /// What became of a message so far.
    MessageStatus {
        /// It is to be sent, for the first time or again.
        Waiting = "WAITING" "待投递",
        /// The receiver answered with a status of 200 to 299.
        Received = "RECEIVED" "已送达",
    }
}

term! {
    /// Why an attempt failed.
    AttemptFailure {
        /// The address is private, reserved or of this machine.
        AddressRefused = "ADDRESS_REFUSED" "地址不允许访问",
        /// No connection, or none that could be trusted.
        Unreachable = "UNREACHABLE" "无法连接",
        /// No answer within 15 seconds.
        TimedOut = "TIMED_OUT" "响应超时",
        /// The answer was a redirect, which is not followed.
        Redirected = "REDIRECTED" "返回跳转",
        /// The answer was another status than 200 to 299.
        Status = "STATUS" "返回错误状态",
    }
}

const LONGEST_URL: usize = 2000;
/// What comes before the secret where people copy it.
pub const SECRET_PREFIX: &str = "whsec_";
/// Minutes between attempts, the last one from then on.
const PAUSES: [f64; 9] = [0.1, 0.5, 2.0, 10.0, 30.0, 60.0, 180.0, 360.0, 720.0];
/// What a receiver may ask for at most when it asks to be left alone.
const LONGEST_REST: TimeDelta = TimeDelta::hours(1);

/// An address that messages may be sent to, as far as it can be told before its name is resolved.
pub fn check_url(text: &str, reach: &Reach) -> Result<Url, Refusal> {
    let wrong = |zh: &str, en: &str| Refusal::invalid("url", zh, en);
    let (zh, en) = ("请填写完整网址，形如 https://app.example.cn/hooks", "The address reads https://app.example.cn/hooks");
    let url: Url = text.trim().parse().map_err(|_| wrong(zh, en))?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if text.len() > LONGEST_URL || !["https", "http"].contains(&url.scheme()) || url.host_str().is_none() || !plain {
        return Err(wrong(zh, en));
    }
    if !reach.may_call(&url) {
        let (zh, en) = (
            "该地址不允许访问：须为公网 https 地址，内网地址需由运维人员在 ALLIANCE_WEBHOOK_NETWORKS 中放行",
            "This address is not called: use https on a public address; an operator can open inner networks by ALLIANCE_WEBHOOK_NETWORKS",
        );
        return Err(wrong(zh, en));
    }
    Ok(url)
}

/// How long to wait after so many failures in a row, spread by up to a tenth so that many do not come at once.
pub fn pause(failures: i32, spread: f64, asked: Option<std::time::Duration>) -> TimeDelta {
    let place = usize::try_from(failures.max(1) - 1).unwrap_or_default().min(PAUSES.len() - 1);
    let own = TimeDelta::milliseconds((PAUSES[place] * 60_000.0 * (1.0 + spread / 10.0)) as i64);
    let asked = asked.and_then(|asked| TimeDelta::from_std(asked).ok()).unwrap_or_default();
    own.max(asked.min(LONGEST_REST))
}

/// What an answer, or its absence, says of an attempt.
pub fn judge(answer: Result<u16, Fault>) -> Result<(), AttemptFailure> {
    match answer {
        Ok(200..=299) => Ok(()),
        Ok(300..=399) => Err(AttemptFailure::Redirected),
        Ok(_) => Err(AttemptFailure::Status),
        Err(Fault::Refused) => Err(AttemptFailure::AddressRefused),
        Err(Fault::TimedOut) => Err(AttemptFailure::TimedOut),
        Err(Fault::Unreachable) => Err(AttemptFailure::Unreachable),
    }
}

/// The body of a message: the same at every attempt.
pub fn body(message: &message::Model) -> String {
    let data = match message.change_id {
        Some(_) => json!({
            "id": message.public_id(),
            "cursor": Position::new(message.tx, message.seq).cursor(),
            "nodeId": message.node,
        }),
        None => json!({ "webhook": message.node }),
    };
    json!({ "type": message.kind_code(), "timestamp": message.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true), "data": data })
        .to_string()
}

/// The signature of a message at an attempt, one for each secret that is in force: `v1,…`.
pub fn sign(secrets: &[Vec<u8>], id: &str, at: DateTime<Utc>, body: &str) -> String {
    let signature = |secret: &Vec<u8>| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length will do");
        mac.update(format!("{id}.{}.{body}", at.timestamp()).as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    };
    secrets.iter().map(signature).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_half_a_day_and_a_receiver_may_ask_for_up_to_an_hour() {
        let minutes = |failures| pause(failures, 0.0, None).num_seconds();
        assert_eq!([1, 2, 3, 4, 9, 10, 1000].map(minutes), [6, 30, 120, 600, 43_200, 43_200, 43_200]);
        assert_eq!(pause(1, 1.0, None), TimeDelta::milliseconds(6600));
        let asked = |seconds| pause(1, 0.0, Some(std::time::Duration::from_secs(seconds))).num_seconds();
        assert_eq!([0, 90, 86_400].map(asked), [6, 90, 3600]);
    }

    #[test]
    fn only_a_success_counts_as_received() {
        assert_eq!([200, 204, 299].map(|status| judge(Ok(status))), [Ok(()); 3]);
        assert_eq!([301, 307].map(|status| judge(Ok(status))), [Err(AttemptFailure::Redirected); 2]);
        assert_eq!([199, 400, 410, 500].map(|status| judge(Ok(status))), [Err(AttemptFailure::Status); 4]);
    }

    /// The example of the specification's own libraries.
    #[test]
    fn a_message_is_signed_as_standard_webhooks_has_it() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let signed = sign(&[secret.clone(), secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, r#"{"test": 2432232314}"#);
        let one = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signed, format!("{one} {one}"));
    }

    #[test]
    fn an_address_is_a_whole_one_that_may_be_called() {
        let reach = Reach::new(&["127.0.0.0/8".parse().unwrap()]);
        for right in ["https://app.example.cn/hooks?of=alliance", " https://app.example.cn ", "http://127.0.0.1:9000/"] {
            assert!(check_url(right, &reach).is_ok(), "{right}");
        }
        let long = format!("https://a.cn/{}", "a".repeat(LONGEST_URL));
        for wrong in ["", "app.example.cn", "ftp://a.cn/", "https://user:word@a.cn/", "https://a.cn/#x", "https://10.0.0.1/", &long] {
            assert!(check_url(wrong, &reach).is_err(), "{wrong}");
        }
    }
}
