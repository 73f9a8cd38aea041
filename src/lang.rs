//! The two languages: 简体中文 first, English second.

/// The language of messages; codes and enum values never change with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    #[default]
    Zh,
    En,
}

/// The plain character for one of full width, as keyboards for Chinese write it.
pub fn half_width(c: char) -> char {
    match u32::from(c) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

impl Lang {
    /// The first of the languages that `Accept-Language` prefers; Chinese where it names neither.
    pub fn accepted(header: &str) -> Lang {
        let mut best = (0.0, Lang::Zh);
        for entry in header.split(',').take(20) {
            let (tag, parameters) = entry.split_once(';').unwrap_or((entry, ""));
            let quality = match parameters.trim().strip_prefix("q=") {
                Some(text) => text.parse::<f32>().unwrap_or(0.0),
                None => 1.0,
            };
            let lang = match tag.trim().split('-').next().map(str::to_ascii_lowercase).as_deref() {
                Some("zh") => Lang::Zh,
                Some("en") => Lang::En,
                _ => continue,
            };
            if quality > best.0 {
                best = (quality, lang);
            }
        }
        best.1
    }

    pub fn pick<T>(self, zh: T, en: T) -> T {
        match self {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_unless_english_is_preferred() {
        for header in ["", "fr", "zh-CN,en;q=0.9", "en;q=0.2, zh-Hans;q=0.7", "*"] {
            assert_eq!(Lang::accepted(header), Lang::Zh, "{header}");
        }
        for header in ["en", "en-GB,zh;q=0.5", "fr, en;q=0.1", "zh;q=0.1,EN-us;q=0.2"] {
            assert_eq!(Lang::accepted(header), Lang::En, "{header}");
        }
    }
}
