use super::phrases::*;
use super::*;
use std::collections::HashSet;

const KINDS: [UnitKind; 11] = [
    UnitKind::PartyGovernmentOrgan,
    UnitKind::PublicInstitution,
    UnitKind::StateEnterprise,
    UnitKind::PrivateEnterprise,
    UnitKind::SocialOrganisation,
    UnitKind::School,
    UnitKind::Medical,
    UnitKind::Financial,
    UnitKind::Garrison,
    UnitKind::PropertyCompany,
    UnitKind::Other,
];

fn all_distinct<'a>(items: impl Iterator<Item = &'a str>) {
    let mut seen = HashSet::new();
    for item in items {
        assert!(seen.insert(item), "twice: {item}");
    }
}

fn phrase_lists() -> Vec<(&'static [&'static str], usize)> {
    let mut lists = vec![
        (PLANS, 15),
        (DELIVERY_NOTES, 15),
        (UNIT_REFUSALS, 4),
        (COMMUNITY_REFUSALS, 4),
        (NEED_RETURNS, 4),
        (PLEDGE_RETURNS, 4),
        (NEED_WITHDRAWALS, 4),
        (PLEDGE_WITHDRAWALS, 4),
        (UNIT_CANCELS, 4),
        (COMMUNITY_CANCELS, 4),
        (CLOSE_REASONS, 8),
        (DELIVERY_REFUSALS, 8),
        (REQUEST_PURPOSES, 12),
        (ALLIANCE_MODELS, 8),
    ];
    for grade in EVALUATIONS {
        lists.extend([(grade.by_community, 8), (grade.by_unit, 8)]);
    }
    lists
}

fn every_text() -> Vec<&'static str> {
    let mut texts: Vec<&str> = STREETS.iter().flat_map(|s| s.communities).map(|c| c.name).collect();
    texts.extend(UNITS.iter().map(|u| u.name));
    texts.extend(PLEDGES.iter().flat_map(|p| [p.title, p.description, p.measure]));
    texts.extend(NEEDS.iter().flat_map(|n| [n.title, n.description, n.measure]));
    texts.extend(phrase_lists().into_iter().flat_map(|(list, _)| list));
    texts
}

#[test]
fn counts_are_exact() {
    assert_eq!(STREETS.len(), 12);
    assert_eq!(STREETS.iter().map(|s| s.communities.len()).sum::<usize>(), 64);
    assert_eq!(UNITS.len(), 243);
    assert!(PLEDGES.len() >= 90 && NEEDS.len() >= 90);
}

#[test]
fn names_and_codes_are_distinct() {
    all_distinct(STREETS.iter().map(|s| s.name));
    all_distinct(STREETS.iter().map(|s| s.code));
    all_distinct(STREETS.iter().flat_map(|s| s.communities).map(|c| c.name));
    all_distinct(UNITS.iter().map(|u| u.name));
    all_distinct(PLEDGES.iter().map(|p| p.title));
    all_distinct(NEEDS.iter().map(|n| n.title));
    all_distinct(PLEDGES.iter().map(|p| p.description).chain(NEEDS.iter().map(|n| n.description)));
    for street in STREETS {
        all_distinct(street.communities.iter().map(|c| c.code));
        for code in street.communities.iter().map(|c| c.code).chain([street.code]) {
            assert!(code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()), "{code}");
        }
    }
    for unit in UNITS {
        assert!(unit.home.is_empty() || STREETS.iter().any(|s| s.code == unit.home), "{}", unit.name);
    }
}

#[test]
fn every_kind_and_every_unit_can_give() {
    for kind in KINDS {
        assert!(UNITS.iter().any(|u| u.kind == kind), "{kind:?}");
        assert!(PLEDGES.iter().filter(|p| p.kinds.contains(&kind)).count() >= 5, "{kind:?}");
    }
    for unit in UNITS {
        let suited = PLEDGES.iter().filter(|p| p.suits(unit)).count();
        let least = if RESTRICTED.iter().any(|(name, _)| *name == unit.name) { 1 } else { 5 };
        assert!(suited >= least, "{}: {suited}", unit.name);
    }
    for pledge in PLEDGES {
        assert!(UNITS.iter().any(|u| pledge.suits(u)), "nobody pledges {}", pledge.title);
        for word in pledge.only {
            let named = UNITS.iter().any(|u| pledge.kinds.contains(&u.kind) && u.name.contains(word));
            assert!(named, "{}: no unit is named {word}", pledge.title);
        }
    }
    for (name, titles) in RESTRICTED {
        let unit = UNITS.iter().find(|u| u.name == *name).expect("a unit of the table");
        for title in *titles {
            assert!(PLEDGES.iter().any(|p| p.title == *title && p.suits(unit)), "{name}: {title}");
        }
    }
}

#[test]
fn every_form_and_category_occurs_and_most_needs_can_be_met() {
    for (forms, categories) in [
        (PLEDGES.iter().map(|p| p.form).collect::<HashSet<_>>(), PLEDGES.iter().map(|p| p.category).collect::<HashSet<_>>()),
        (NEEDS.iter().map(|n| n.form).collect(), NEEDS.iter().map(|n| n.category).collect()),
    ] {
        assert_eq!((forms.len(), categories.len()), (7, 12));
    }
    let unmet: Vec<_> = NEEDS.iter().filter(|n| !PLEDGES.iter().any(|p| n.met_by(p))).map(|n| n.title).collect();
    assert!(unmet.len() * 20 <= NEEDS.len(), "{unmet:?}");
    for need in NEEDS {
        for title in need.fits {
            assert!(PLEDGES.iter().any(|p| p.title == *title && need.met_by(p)), "{}: {title}", need.title);
        }
    }
}

#[test]
fn numbers_make_sense() {
    for p in PLEDGES {
        assert!(p.total.is_none_or(|(low, high)| 0 < low && low <= high), "{}", p.title);
        assert!((p.fair_value_fen == 0) != (p.hours_per == 0), "{}: value or hours", p.title);
        assert!(p.measure != "元" || p.fair_value_fen == 100, "{}", p.title);
    }
    for n in NEEDS {
        assert!(0 < n.wanted.0 && n.wanted.0 <= n.wanted.1, "{}", n.title);
    }
}

#[test]
fn texts_keep_their_lengths_and_hold_no_identifying_data() {
    let pledges = PLEDGES.iter().map(|p| (p.title, p.description));
    for (title, description) in pledges.chain(NEEDS.iter().map(|n| (n.title, n.description))) {
        assert!((2..=40).contains(&title.chars().count()), "{title}");
        assert!((25..=120).contains(&description.chars().count()), "{title}: {}", description.chars().count());
    }
    for (list, least) in phrase_lists() {
        assert!(list.len() >= least, "{}", list[0]);
    }
    all_distinct(phrase_lists().into_iter().flat_map(|(list, _)| list).copied());
    for text in every_text() {
        assert!(!text.contains('栋') && !text.contains("单元"), "{text}");
        let longest = text.split(|c: char| !c.is_numeric()).map(|run| run.chars().count()).max();
        assert!(longest.unwrap_or(0) < 7, "{text}");
    }
}

#[test]
fn the_scenes_find_what_they_are_about() {
    use scenes::*;
    let street_of = |name| STREETS.iter().find(|s| s.communities.iter().any(|c| c.name == name)).map(|s| s.name);
    assert_eq!(street_of(TAOYUAN), Some("北门街道"));
    assert_eq!(street_of(SHUANGHUI), Some("黄土坑街道"));
    assert!(street_of(ZIWEI).is_some());
    let unit = |name| UNITS.iter().find(|u| u.name == name).expect("a unit of the table");
    for name in [SHENNONG, KUNBO, HENGRUI, "铁东区总工会", "四平植物园", "四平市第二中学", "城东乡社会福利服务中心"]
    {
        unit(name);
    }
    assert_eq!(unit(OUTSIDE_HOSPITAL).home, "");
    let pledge = |title| PLEDGES.iter().find(|p| p.title == title).expect("a pledge of the table");
    let need = |title| NEEDS.iter().find(|n| n.title == title).expect("a need of the table");
    assert!(pledge(LECTURE_PLEDGE).suits(unit(LEGAL_AID_CENTRE)) && need(LECTURE_NEED).met_by(pledge(LECTURE_PLEDGE)));
    assert!(pledge(CLINIC_PLEDGE).suits(unit(CLINIC_HOSPITAL)) && pledge(CLINIC_PLEDGE).suits(unit(OUTSIDE_HOSPITAL)));
    assert!(need(CLINIC_NEED).met_by(pledge(CLINIC_PLEDGE)) && need(RICE_NEED).met_by(pledge(RICE_PLEDGE)));
    let held = RESTRICTED.iter().find(|(name, _)| *name == PRESS_OFFICE).expect("it enforces");
    assert!(!held.1.is_empty());
}
