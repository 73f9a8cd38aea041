//! A text as it is meant, however it is written, each character knowing its place in the original.

use super::{Span, Trait};
use crate::lang::half_width;

pub struct Letters {
    chars: Vec<char>,
    places: Vec<usize>,
}

/// Written between characters so that machines do not see what stands there.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{202A}'..='\u{202E}' | '\u{FEFF}' | '\u{AD}' | '\u{FE00}'..='\u{FE0F}' | '\u{20E3}')
}

/// The number that a single sign stands for, such as ⑩.
fn sign(c: char) -> Option<u32> {
    let code = u32::from(c);
    Some(match code {
        0x2460..=0x2473 => code - 0x2460 + 1,
        0x2474..=0x2487 => code - 0x2474 + 1,
        0x2488..=0x249B => code - 0x2488 + 1,
        0x24EB..=0x24F4 => code - 0x24EB + 11,
        0x24F5..=0x24FE => code - 0x24F5 + 1,
        0x2776..=0x277F => code - 0x2776 + 1,
        0x2780..=0x2789 => code - 0x2780 + 1,
        0x278A..=0x2793 => code - 0x278A + 1,
        0x3220..=0x3229 => code - 0x3220 + 1,
        0x3280..=0x3289 => code - 0x3280 + 1,
        0x1D7CE..=0x1D7FF => (code - 0x1D7CE) % 10,
        0x2080..=0x2089 => code - 0x2080,
        0x2074..=0x2079 => code - 0x2070,
        0x24EA | 0x24FF | 0x2070 => 0,
        0xB9 => 1,
        0xB2 => 2,
        0xB3 => 3,
        _ => return None,
    })
}

fn plain(c: char) -> char {
    match u32::from(c) {
        0x3000 | 0xA0 | 0x2000..=0x200A | 0x202F | 0x205F => ' ',
        0xFF01..=0xFF5E => half_width(c).to_ascii_lowercase(),
        code @ 0x24B6..=0x24CF => char::from_u32(code - 0x24B6 + 0x61).unwrap_or(c),
        code @ 0x24D0..=0x24E9 => char::from_u32(code - 0x24D0 + 0x61).unwrap_or(c),
        0x2010..=0x2015 | 0x2212 | 0xFE63 | 0x2500 | 0x2501 => '-',
        0xB7 | 0x2022 | 0x30FB | 0x2027 | 0x2219 | 0x22C5 | 0x25CF | 0x25E6 | 0x2E31 => '·',
        _ => c.to_lowercase().next().unwrap_or(c),
    }
}

pub fn digit(c: char) -> Option<u32> {
    Some(match c {
        '0'..='9' => return c.to_digit(10),
        '〇' | '零' | '○' | '洞' => 0,
        '一' | '壹' | '幺' | '弌' => 1,
        '二' | '两' | '贰' | '貳' => 2,
        '三' | '叁' | '參' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' | '陸' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

pub fn is_han(c: char) -> bool {
    matches!(u32::from(c), 0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x20000..=0x3134F)
}

/// Ends what is being said.
pub fn is_stop(c: char) -> bool {
    matches!(
        c,
        ',' | '。'
            | ';'
            | '!'
            | '?'
            | '、'
            | '\n'
            | '.'
            | ':'
            | '('
            | ')'
            | '|'
            | '/'
            | '【'
            | '】'
            | '['
            | ']'
            | '“'
            | '”'
            | '"'
            | '…'
            | '～'
            | '~'
    )
}

impl Letters {
    pub fn of(text: &str) -> Self {
        let mut letters = Self { chars: Vec::new(), places: Vec::new() };
        for (place, c) in text.chars().enumerate().filter(|(_, c)| !is_unseen(*c)) {
            match sign(c) {
                Some(number) => number.to_string().chars().for_each(|c| letters.push(c, place)),
                None => letters.push(plain(c), place),
            }
        }
        letters.mend();
        letters.without_pictures()
    }

    /// Without pictures inside of words: `威❤信`.
    fn without_pictures(&self) -> Self {
        let mut letters = Self { chars: Vec::new(), places: Vec::new() };
        let han = |at: Option<usize>| at.and_then(|at| self.get(at)).is_some_and(is_han);
        for (at, &c) in self.chars.iter().enumerate() {
            let picture = matches!(u32::from(c), 0x2600..=0x27BF | 0x1F300..=0x1FAFF | 0x2B00..=0x2BFF) && !matches!(c, '☎' | '✆');
            if !(picture && han(at.checked_sub(1)) && han(Some(at + 1))) {
                letters.push(c, self.places[at]);
            }
        }
        letters
    }

    fn push(&mut self, c: char, place: usize) {
        self.chars.push(c);
        self.places.push(place);
    }

    /// Letters that stand in for digits between digits.
    fn mend(&mut self) {
        for at in 1..self.len().saturating_sub(1) {
            if self.chars[at - 1].is_ascii_digit() && self.chars[at + 1].is_ascii_digit() {
                match self.chars[at] {
                    'o' => self.chars[at] = '0',
                    'l' | 'i' => self.chars[at] = '1',
                    _ => {}
                }
            }
        }
    }

    /// Without what is put between the characters of a word: `王 秀 英` is one name.
    pub fn joined(&self) -> Self {
        let mut letters = Self { chars: Vec::new(), places: Vec::new() };
        let han = |at: Option<usize>| at.and_then(|at| self.get(at)).is_some_and(is_han);
        for at in 0..self.len() {
            let between = matches!(self.chars[at], ' ' | '.' | '-' | '*' | '_' | '+' | '·') && han(at.checked_sub(1)) && han(Some(at + 1));
            let single = !han(at.checked_sub(2)) || !han(Some(at + 2));
            if !(between && single) {
                letters.push(self.chars[at], self.places[at]);
            }
        }
        letters
    }

    pub fn len(&self) -> usize {
        self.chars.len()
    }

    pub fn get(&self, at: usize) -> Option<char> {
        self.chars.get(at).copied()
    }

    pub fn before(&self, at: usize) -> Option<char> {
        at.checked_sub(1).and_then(|at| self.get(at))
    }

    pub fn digit(&self, at: usize) -> Option<u32> {
        self.get(at).and_then(digit)
    }

    pub fn is_alphanumeric(&self, at: usize) -> bool {
        self.get(at).is_some_and(|c| c.is_ascii_alphanumeric())
    }

    pub fn text(&self, from: usize, to: usize) -> String {
        self.chars[from.min(self.len())..to.min(self.len())].iter().collect()
    }

    pub fn starts(&self, at: usize, word: &str) -> bool {
        word.chars().enumerate().all(|(offset, c)| self.get(at + offset) == Some(c))
    }

    pub fn ends(&self, at: usize, word: &str) -> bool {
        at.checked_sub(word.chars().count()).is_some_and(|from| self.starts(from, word))
    }

    /// The length of the longest of the words that stands here.
    pub fn one_of(&self, at: usize, words: &[&str]) -> Option<usize> {
        words.iter().filter(|word| self.starts(at, word)).map(|word| word.chars().count()).max()
    }

    /// Whether one of the words stands among the characters just before.
    pub fn near_before(&self, at: usize, reach: usize, words: &[&str]) -> bool {
        let near = self.text(at.saturating_sub(reach), at);
        words.iter().any(|word| near.contains(word))
    }

    pub fn near_after(&self, at: usize, reach: usize, words: &[&str]) -> bool {
        let near = self.text(at, at + reach);
        words.iter().any(|word| near.contains(word))
    }

    pub fn skip(&self, at: usize, most: usize, gap: impl Fn(char) -> bool) -> usize {
        (at..at + most).find(|&at| !self.get(at).is_some_and(&gap)).unwrap_or(at + most)
    }

    pub fn skip_back(&self, at: usize, gap: impl Fn(char) -> bool) -> usize {
        (0..at).rev().find(|&at| !self.chars.get(at).copied().is_some_and(&gap)).map_or(0, |at| at + 1)
    }

    pub fn span(&self, kind: Trait, from: usize, to: usize) -> Span {
        Span { kind, from: self.places[from], to: self.places[to - 1] + 1 }
    }

    /// A number as it is spoken or written, such as 128 or 一百二十八.
    pub fn number(&self, at: usize) -> Option<(u32, usize)> {
        let (mut value, mut last, mut to) = (0u32, None::<u32>, at);
        while let Some(c) = self.get(to) {
            let unit = match c {
                '十' | '拾' => 10,
                '百' | '佰' => 100,
                '廿' => {
                    value = value.saturating_add(20);
                    to += 1;
                    continue;
                }
                _ => 0,
            };
            if unit > 0 {
                value = value.saturating_add(last.take().unwrap_or(1).saturating_mul(unit));
            } else if let Some(digit) = digit(c) {
                last = Some(last.unwrap_or(0).saturating_mul(10).saturating_add(digit));
            } else {
                break;
            }
            to += 1;
        }
        (to > at).then_some((value.saturating_add(last.unwrap_or(0)), to))
    }
}
