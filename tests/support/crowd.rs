//! Many people at one moment: what became of each, in one word, and chance that can be told again.

use std::collections::BTreeMap;

use serde_json::Value;

use super::answer::Attempt;

/// How many come at once where the story does not say.
pub const CROWD: usize = 32;

impl Attempt {
    /// What became of it: `DONE`, the code of the refusal or the code of the error. A fault of the service ends the story.
    #[track_caller]
    pub fn outcome(&self) -> &str {
        let payload = &self.answer.data()[self.verb];
        let code = match (&payload["result"], &payload["refusals"][0]["code"], self.answer.errors()) {
            (Value::Object(_), Value::Null, []) => "DONE",
            (Value::Null, Value::String(code), []) => code,
            (_, _, [error]) => error["extensions"]["code"].as_str().unwrap_or("no code"),
            _ => panic!("{} is neither done nor refused: {}", self.verb, self.answer),
        };
        assert_ne!(code, "INTERNAL", "{}: {}", self.verb, self.answer);
        code
    }
}

/// How often each thing became of them.
pub fn tally(attempts: &[Attempt]) -> BTreeMap<&str, usize> {
    attempts.iter().fold(BTreeMap::new(), |mut tally, attempt| {
        *tally.entry(attempt.outcome()).or_insert(0) += 1;
        tally
    })
}

/// Chance from a seed, which a failing story prints.
pub struct Dice(u64);

impl Dice {
    pub fn new() -> Dice {
        let seed = match std::env::var("ALLIANCE_TEST_SEED") {
            Ok(seed) => seed.parse().expect("a seed is a number"),
            Err(_) => rand::random(),
        };
        eprintln!("ALLIANCE_TEST_SEED={seed}");
        Dice(seed)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % sides as u64).expect("below a usize")
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}
