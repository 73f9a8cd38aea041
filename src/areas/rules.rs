//! What the area tree allows: which level hangs on which, what a code looks like, how a split meets its day.

use chrono::NaiveDate;

use super::entity::area::Model;
use crate::refusal::{Reason, Refusal};
use crate::terms::term;

term! {
    /// How high an area stands in the tree.
    AreaLevel {
        /// A district or county, 6 digits.
        District = "DISTRICT" "区(县)",
        /// A sub-district, town or township, 9 digits.
        Street = "STREET" "街道(镇、乡)",
        /// A community or village, 12 digits.
        Community = "COMMUNITY" "社区(村)",
        /// A housing compound of a community.
        Compound = "COMPOUND" "小区",
        /// A grid of a community or a compound.
        Grid = "GRID" "网格",
        /// A building of a compound or a grid.
        Building = "BUILDING" "楼栋",
        /// An entrance of a building.
        Entrance = "ENTRANCE" "单元",
    }
}

/// Whether an area of `level` may hang on one of `parent`; a district hangs on nothing.
pub fn fits(level: AreaLevel, parent: Option<AreaLevel>) -> bool {
    use AreaLevel::*;
    matches!(
        (level, parent),
        (District, None)
            | (Street, Some(District))
            | (Community, Some(Street))
            | (Compound, Some(Community))
            | (Grid, Some(Community | Compound))
            | (Building, Some(Compound | Grid))
            | (Entrance, Some(Building))
    )
}

/// Checks the code of an area: its parent's code with three digits of its own for streets and communities, with anything printable below.
pub fn check_code(level: AreaLevel, code: &str, parent: Option<&Model>) -> Result<(), Refusal> {
    let digits = code.len() <= 40 && code.chars().all(|c| c.is_ascii_digit());
    let right = match level {
        AreaLevel::District => digits && code.len() == 6,
        AreaLevel::Street | AreaLevel::Community => {
            digits && parent.is_some_and(|parent| code.len() == parent.code.len() + 3 && code.starts_with(&parent.code))
        }
        _ => code.len() <= 40 && parent.is_some_and(|parent| code.len() > parent.code.len() && code.starts_with(&parent.code)),
    };
    if right {
        return Ok(());
    }
    Err(Refusal::invalid(
        "code",
        "区划代码应为上级代码加本级代码：区 6 位，街道 9 位，社区 12 位",
        "A code is its parent's with its own digits behind: 6 for a district, 9 for a street, 12 for a community",
    ))
}

/// Checks that an area can end on a day: it must have begun and not ended before.
pub fn check_end(area: &Model, last: NaiveDate) -> Result<(), Refusal> {
    if area.valid_to.is_some() || last < area.valid_from {
        return Err(Refusal::from(Reason::AreaNotCurrent).at_input("on"));
    }
    Ok(())
}

/// A name of a place, unit or alliance, trimmed: 1 to 80 characters on one line.
pub fn check_name(field: &'static str, name: &str) -> Result<String, Refusal> {
    line(field, name, 80)?.ok_or_else(|| Refusal::invalid(field, "请填写名称", "A name is needed"))
}

/// That an area is in force on a day: nothing new begins in one that was redrawn.
pub fn check_current(area: &Model, field: &'static str, day: NaiveDate) -> Result<(), Refusal> {
    if area.is_current(day) { Ok(()) } else { Err(Refusal::from(Reason::AreaNotCurrent).at_input(field)) }
}

/// Whether anything is done in the name of an area of this level: below a community there are only households.
pub fn check_keeps_records(level: AreaLevel, field: &'static str) -> Result<(), Refusal> {
    match level {
        AreaLevel::District | AreaLevel::Street | AreaLevel::Community => Ok(()),
        _ => Err(Refusal::invalid(field, "请选择区、街道或社区", "Choose a district, a street or a community")),
    }
}

/// A trimmed text of at most `most` characters without control characters; nothing where it is empty.
pub fn text(field: &'static str, text: &str, most: usize) -> Result<Option<String>, Refusal> {
    // Marks that nobody sees come along when text is pasted; those that turn its direction can make it read as something else.
    let unseen =
        |c: char| matches!(c, '\u{200B}' | '\u{200E}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}');
    let text: String = text.chars().filter(|c| !unseen(*c)).collect();
    let text = text.trim();
    if text.chars().count() > most {
        return Err(Refusal::invalid(field, format!("最多 {most} 个字"), format!("At most {most} characters")));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Refusal::invalid(field, "含有不能使用的字符", "It holds characters that cannot be used"));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// The same for a text on one line.
pub fn line(field: &'static str, value: &str, most: usize) -> Result<Option<String>, Refusal> {
    let value = text(field, value, most)?;
    if value.as_ref().is_some_and(|value| value.contains('\n')) {
        return Err(Refusal::invalid(field, "此项不能换行", "It takes one line"));
    }
    Ok(value)
}

/// The same for a text that may be absent.
pub fn optional(field: &'static str, value: Option<&str>, most: usize) -> Result<Option<String>, Refusal> {
    value.map_or(Ok(None), |value| text(field, value, most))
}

/// A reason, which must say something.
pub fn check_reason(reason: &str) -> Result<String, Refusal> {
    let refusal = || Refusal::from(Reason::InvalidInput { zh: "请写明理由".to_owned(), en: "Give a reason".to_owned() }).at(&["reason"]);
    text("reason", reason, 500).map_err(|refusal| refusal.at(&["reason"]))?.ok_or_else(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_hangs_on_a_community_or_a_compound_and_a_community_only_on_a_street() {
        assert!(fits(AreaLevel::Grid, Some(AreaLevel::Compound)) && fits(AreaLevel::Grid, Some(AreaLevel::Community)));
        assert!(!fits(AreaLevel::Community, Some(AreaLevel::District)));
        assert!(!fits(AreaLevel::District, Some(AreaLevel::District)));
    }

    #[test]
    fn a_reason_of_blanks_is_none() {
        assert!(check_reason(" \n ").is_err());
        assert_eq!(check_reason(" 已解决 ").unwrap(), "已解决");
        assert!(check_reason(&"长".repeat(501)).is_err());
        assert!(check_reason("a\0b").is_err());
    }
}
