//! Names of people, weighed by what they are made of and by what stands around them.

use jieba_rs::Jieba;

use super::letters::{Letters, is_han, is_stop};
use super::words::{
    ADMIRED, AFTER, BEFORE, COMMON_SURNAMES, DOUBLE_SURNAMES, DOUBTFUL_SURNAMES, FOR, FOREIGN, GIVEN, KNOWN, NAMED, NEEDS, NOT_GIVEN,
    ORDINARY, PEOPLES, ROLES, SELDOM_SURNAMES, SURNAMES, TELLING, THINGS, TITLES,
};
use super::{Span, Trait};

/// From this weight on it is a name.
const ENOUGH: i32 = 6;

/// Said of somebody's household, which only a person has.
const HOUSEHOLD: &[&str] = &["家孩子", "家的孩子", "家老人", "家里"];

/// A word as the dictionary cuts it.
struct Word {
    from: usize,
    to: usize,
    tag: String,
    /// It is in the dictionary, not guessed.
    listed: bool,
}

struct Reading<'a> {
    text: &'a Letters,
    words: Vec<Word>,
    dictionary: &'a Jieba,
}

impl Word {
    fn covers(&self, at: usize) -> bool {
        self.from < at && at < self.to
    }
}

pub fn names(text: &Letters, dictionary: &Jieba) -> Vec<Span> {
    let whole = text.text(0, text.len());
    let words = dictionary.tag(&whole, true).into_iter();
    let words =
        words.map(|tag| Word { from: tag.start, to: tag.end, tag: tag.tag.to_owned(), listed: dictionary.has_word(tag.word) }).collect();
    let reading = Reading { text, words, dictionary };
    let mut names = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if let Some(to) = reading.hero(at) {
            at = to;
            continue;
        }
        match reading.dotted(at).or_else(|| reading.surnamed(at)).or_else(|| reading.foreign(at)) {
            Some(to) => {
                names.push(text.span(Trait::Name, at, to));
                at = to;
            }
            None => at += 1,
        }
    }
    names
}

impl Reading<'_> {
    fn surnamed(&self, at: usize) -> Option<usize> {
        let double = DOUBLE_SURNAMES.iter().filter(|name| self.text.starts(at, name)).map(|name| name.chars().count()).max();
        let c = self.text.get(at)?;
        let single = [(SURNAMES, 3), (COMMON_SURNAMES, 2), (DOUBTFUL_SURNAMES, 1), (SELDOM_SURNAMES, -1)];
        let single = single.into_iter().find(|(surnames, _)| surnames.contains(c));
        let mut best = (ENOUGH - 1, 0);
        if let Some(length) = double {
            best = [1, 2].into_iter().map(|given| (self.weight(at, at + length, given, 4), at + length + given)).fold(best, Ord::max);
        }
        if let Some((_, single)) = single {
            // Two characters are more easily something else.
            let weights = [(1, single - i32::from(single < 3)), (2, single)];
            best =
                weights.into_iter().map(|(given, surname)| (self.weight(at, at + 1, given, surname), at + 1 + given)).fold(best, Ord::max);
        }
        (best.1 > 0).then_some(best.1)
    }

    /// How much a surname from `at` and the given name after it look like somebody's name.
    fn weight(&self, at: usize, given: usize, length: usize, surname: i32) -> i32 {
        let to = given + length;
        let text = self.text;
        let han = to <= text.len() && (at..to).all(|at| text.get(at).is_some_and(is_han));
        let titled =
            text.one_of(given, TITLES).is_some() || (given + 1..to).any(|at| text.one_of(at, TITLES).is_some_and(|title| title > 1));
        if !han || titled || self.is_quoted(at) || self.is_household(given, to) || self.is_weather(given, to) {
            return i32::MIN;
        }
        let twice = if text.get(at) == text.get(given) { -3 } else { 0 };
        let verb = text.one_of(given, NEEDS).is_some();
        let familiar = if (length == 1 || verb) && matches!(text.before(at), Some('小' | '老' | '阿' | '大')) { -6 } else { 0 };
        surname
            + twice
            + familiar
            + self.given(given, to)
            + self.cut(at, given, to)
            + self.before(at)
            + self.after(to)
            + self.known(at, to, surname)
    }

    fn given(&self, from: usize, to: usize) -> i32 {
        let is_given = |at: usize| self.text.get(at).is_some_and(|c| GIVEN.contains(c) || TELLING.contains(c));
        let double = to - from == 2 && (self.text.get(from) == self.text.get(from + 1) || (from..to).all(is_given));
        let whole = if double {
            1
        } else if to - from == 1 && !is_given(from) {
            -3
        } else {
            0
        };
        let signs: i32 = (from..to)
            .filter_map(|at| self.text.get(at).map(|c| (at, c)))
            .map(|(at, c)| match c {
                '一' | '有' | '不' | '作' | '运' => 0,
                '和' if at + 1 == to || self.text.get(at + 1) == Some('平') => 0,
                c if TELLING.contains(c) => 2,
                c if GIVEN.contains(c) => 1,
                c if NOT_GIVEN.contains(c) => -9,
                _ => -1,
            })
            .sum();
        whole + signs
    }

    /// What the cut of the dictionary says for and against a name.
    fn cut(&self, at: usize, given: usize, to: usize) -> i32 {
        let torn = |at: usize| self.words.iter().find(|word| word.covers(at)).map_or(0, |word| if word.listed { 4 } else { 1 });
        let Some(first) = self.words.iter().find(|word| word.from == at) else { return -torn(at) - torn(to) };
        let called = i32::from(first.tag.starts_with("nr"));
        if first.to == to {
            return match (called, first.listed) {
                (1, listed) => 2 + i32::from(listed),
                (_, true) if to - at > 2 && first.tag != "ns" => -6,
                (_, listed) => -3 * i32::from(listed),
            };
        }
        let begins = if first.to > to { 0 } else { i32::from(first.to == given) + called };
        begins - torn(to)
    }

    fn before(&self, at: usize) -> i32 {
        let text = self.text;
        let to = text.skip_back(at, |c| matches!(c, ':' | ' ' | '“' | '"' | '(' | ',' | '、' | '是' | '为' | '叫'));
        let ends = |at: usize, words: &[&str]| words.iter().any(|word| text.ends(at, word));
        if ends(to, NAMED) {
            5
        } else if ends(to, ROLES) || ends(at, ROLES) {
            3
        } else if ends(at, FOR) {
            2
        } else if at == 0 || text.before(at).is_some_and(|c| is_stop(c) || c == ' ') || ends(at, BEFORE) {
            1
        } else {
            0
        }
    }

    fn after(&self, to: usize) -> i32 {
        let text = self.text;
        let next = text.skip(to, 2, |c| matches!(c, ' ' | '(' | ','));
        let aged = text.number(next).is_some_and(|(_, end)| text.starts(end, "岁") || text.starts(end, "周岁") || text.starts(end, "多岁"));
        let alone = |at: usize| self.words.iter().any(|word| word.from <= at && word.to == at + 1);
        let thing = text.one_of(to, THINGS).filter(|&length| length > 1 || alone(to));
        let person = text.one_of(to, AFTER);
        if text.one_of(to, TITLES).is_some() || aged || self.sexed(next) {
            4
        } else if thing.is_some() && thing >= person {
            -5
        } else if HOUSEHOLD.iter().any(|household| text.starts(to, household)) {
            3
        } else if text.one_of(to, NEEDS).is_some() {
            2
        } else if person.is_none_or(|length| length == 1) && self.is_noun(to) {
            -4
        } else if text.get(to).is_none_or(|c| is_stop(c) || c == ' ') || person.is_some() {
            1
        } else {
            0
        }
    }

    /// A thing is said next: what stands before it is its brand.
    fn is_noun(&self, at: usize) -> bool {
        self.words.iter().any(|word| word.from == at && word.to > at + 1 && word.tag.starts_with('n') && !word.tag.starts_with("nr"))
    }

    /// A sex is said next, as in a form.
    fn sexed(&self, at: usize) -> bool {
        matches!(self.text.get(at), Some('男' | '女')) && !self.text.get(at + 1).is_some_and(|c| "儿孩婿士生同方式款鞋装童".contains(c))
    }

    fn known(&self, at: usize, to: usize, surname: i32) -> i32 {
        let covers = |word: &&str, from: usize| {
            let end = from + word.chars().count();
            self.text.starts(from, word) && end > at && (from < at || end >= to)
        };
        if KNOWN.iter().any(|word| (at.saturating_sub(2)..to).any(|from| covers(word, from))) {
            return -12;
        }
        match self.text.one_of(at, ORDINARY) {
            Some(_) if self.before(at) == 5 => 0,
            Some(length) if at + length < to => -4,
            Some(3..) => -8,
            Some(_) => -5,
            None if surname < 2 && self.text.one_of(at + 1, ORDINARY).is_some() => -3,
            None if surname < 3 && self.before(at) < 2 && self.is_end(at) => -2,
            None => 0,
        }
    }

    /// What looks like a surname ends a word, as in 身高.
    fn is_end(&self, at: usize) -> bool {
        at > 0 && self.dictionary.has_word(&self.text.text(at - 1, at + 1))
    }

    /// A family rather than one of it: 田家三口, though 家 begins given names such as 家明.
    fn is_household(&self, given: usize, to: usize) -> bool {
        const MEMBERS: &str = "一二三四五六七八九十两俩仨几全老大小父母爷娘婆姐妹兄弟哥嫂孙女儿孩屋里门院房炕水电日夫穷困只还没想要需都";
        let member = self.text.get(given + 1).is_some_and(|c| MEMBERS.contains(c) || c.is_ascii_digit());
        self.text.get(given) == Some('家') && (to == given + 1 || member)
    }

    /// A day of some weather: 雷雨天, 梅雨季.
    fn is_weather(&self, given: usize, to: usize) -> bool {
        let weather = self.text.get(given).is_some_and(|c| "雨雪风阴冷热寒雾晴暑霜旱暴沙尘伏凉冻潮".contains(c));
        weather && to == given + 2 && self.text.get(given + 1).is_some_and(|c| "天夜季时后前里中日期".contains(c))
    }

    /// A verb of admiring stands inside, so that the name begins only after it.
    fn has_verb(&self, from: usize, to: usize) -> bool {
        let text = self.text.text(from, to);
        ADMIRED.iter().any(|word| text.contains(word))
    }

    /// Where the dotted name of a book's hero ends, who is admired or read about and lives nowhere near.
    fn hero(&self, at: usize) -> Option<usize> {
        let text = self.text;
        let run = |from: usize| (from..text.len()).take_while(|&at| text.get(at).is_some_and(is_han)).count();
        let dot = at + run(at);
        let shaped = (1..=8).contains(&(dot - at)) && text.get(dot) == Some('·') && run(dot + 1) > 0;
        if !shaped || self.has_verb(at, dot) {
            return None;
        }
        let local = PEOPLES.iter().any(|name| text.near_after(at, 12, &[name]));
        let admired = !local && ADMIRED.iter().any(|word| text.ends(at, word));
        let known = FOREIGN.iter().any(|name| name.chars().count() > 1 && text.ends(dot, name) && text.starts(at, name));
        let second = self.words.iter().map(|word| word.to).find(|&to| to > dot + 1).unwrap_or(dot + 2);
        (admired || known).then_some(second)
    }

    /// Within the marks of a book's title.
    fn is_quoted(&self, at: usize) -> bool {
        let opened = (0..at).rev().find(|&at| matches!(self.text.get(at), Some('《' | '》' | '〈' | '〉')));
        opened.is_some_and(|at| matches!(self.text.get(at), Some('《' | '〈')))
    }

    /// A name with a dot in it, as peoples write it who have no surname.
    fn dotted(&self, at: usize) -> Option<usize> {
        let text = self.text;
        let run = |from: usize| (from..text.len()).take_while(|&at| text.get(at).is_some_and(is_han)).count();
        let starts = self.words.iter().any(|word| word.from == at) || BEFORE.iter().chain(ROLES).any(|word| text.ends(at, word));
        if text.before(at).is_some_and(is_han) && !starts {
            return None;
        }
        let first = run(at);
        let dot = at + first;
        let second = run(dot + 1);
        let fits = (2..=6).contains(&first) && second >= 2 && text.get(dot) == Some('·');
        if !fits || self.is_quoted(at) || self.has_verb(at, dot) || text.one_of(at, BEFORE).is_some() || text.one_of(at, ROLES).is_some() {
            return None;
        }
        let end = self.words.iter().map(|word| word.to).find(|&to| to >= dot + 3).unwrap_or(dot + 1 + second).min(dot + 7);
        let place = THINGS.iter().any(|thing| text.near_after(dot, 6, &[thing]) && thing.chars().count() > 1);
        let place = place || text.before(end).is_some_and(|c| "路街村苑园城府湾区镇".contains(c));
        (!place && text.one_of(at, FOREIGN).is_none() && text.one_of(at, KNOWN).is_none()).then_some(end)
    }

    fn foreign(&self, at: usize) -> Option<usize> {
        let mut to = at + self.text.one_of(at, PEOPLES)?;
        while let Some(length) = self.text.one_of(to, PEOPLES) {
            to += length;
        }
        (!self.is_quoted(at) && self.text.one_of(to, THINGS).is_none()).then_some(to)
    }
}
