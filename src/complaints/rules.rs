//! What a complaint allows, and its receipt number.

use sha2::{Digest, Sha256};

use super::entity::complaint::Model;
use crate::areas::rules::text;
use crate::refusal::{Reason, Refusal, State};
use crate::terms::term;

term! {
    /// What somebody sends.
    ComplaintKind {
        /// Something is wrong and should be put right.
        Complaint = "COMPLAINT" "投诉",
        /// Something could be better.
        Suggestion = "SUGGESTION" "建议",
    }
}

term! {
    /// Where a complaint stands.
    ComplaintStatus {
        /// Waits for the answer of an area.
        Received = "RECEIVED" "待答复",
        /// Answered.
        Answered = "ANSWERED" "已答复",
        /// Answered half a year ago: what was written is erased.
        Erased = "ERASED" "已答复，内容已清除",
    }
}

/// Characters of what somebody writes, and of an answer.
const LONGEST: usize = 1000;

pub fn check_words(field: &'static str, words: &str) -> Result<String, Refusal> {
    text(field, words, LONGEST)?.ok_or_else(|| Refusal::invalid(field, "请填写内容", "Write something"))
}

pub fn state(complaint: &Model) -> State {
    State { code: complaint.status.code(), zh: complaint.status.zh() }
}

/// Whether it can still be answered or passed on.
pub fn handle(complaint: &Model) -> Result<(), Refusal> {
    match complaint.status {
        ComplaintStatus::Received => Ok(()),
        _ => Err(Reason::WrongState { state: state(complaint) }.into()),
    }
}

/// Whether the answer can be objected to; `false` where that is done already, which it is once.
pub fn object(complaint: &Model) -> Result<bool, Refusal> {
    match (complaint.status, complaint.objection_sealed.is_some()) {
        (ComplaintStatus::Answered, false) => Ok(true),
        (ComplaintStatus::Received, true) => Ok(false),
        _ => Err(Reason::WrongState { state: state(complaint) }.into()),
    }
}

/// No I, L, O and U: nobody mistakes one character for another, or reads a word.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUPS: usize = 4;
const GROUP: usize = 4;

/// A new receipt number, 80 bits in four groups. The same from the same: so a request that is sent once more, its answer lost on the way, gets
/// the number that it had.
pub fn receipt(from: Option<&str>) -> String {
    let seed: [u8; 32] = from.map_or_else(rand::random, |from| Sha256::digest(from).into());
    let groups = seed.chunks(GROUP).take(GROUPS);
    groups.map(|group| group.iter().map(|byte| ALPHABET[usize::from(byte % 32)] as char).collect()).collect::<Vec<String>>().join("-")
}

/// The digest of a receipt number however it was written: small letters, other dashes or none, `O` for `0`.
pub fn receipt_digest(written: &str) -> Option<String> {
    let plain = written.chars().map(|c| c.to_ascii_uppercase()).filter(char::is_ascii_alphanumeric).map(|c| match c {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    });
    let plain: String = plain.take(GROUPS * GROUP + 1).collect();
    (plain.len() == GROUPS * GROUP).then(|| crate::auth::sessions::digest(&plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_number_is_read_however_it_is_written() {
        let number = receipt(Some("a key that the caller chose"));
        assert_eq!(number, receipt(Some("a key that the caller chose")));
        assert_ne!(receipt(None), receipt(None));
        assert_eq!((number.len(), number.matches('-').count()), (19, 3));
        let digest = receipt_digest(&number);
        assert!(digest.is_some());
        for written in [number.to_lowercase(), number.replace('-', ""), format!(" {} ", number.replace('-', "—")), number.replace('0', "o")]
        {
            assert_eq!(receipt_digest(&written), digest, "{written}");
        }
        for wrong in ["", "1234", "0000-0000-0000-00000"] {
            assert_eq!(receipt_digest(wrong), None, "{wrong}");
        }
    }
}
