//! Which issuers are believed, and which roles their claims give: the file that `ALLIANCE_ISSUERS` names.

use std::path::Path;
use std::sync::Arc;

use axum::http::Uri;
use sea_orm::ActiveEnum;
use serde::Deserialize;

use crate::auth::Role;
use crate::ids::{GlobalId, NodeKind};

const MOST_ISSUERS: usize = 20;
const MOST_RULES: usize = 200;
const LONGEST_URL: usize = 300;

/// The issuers of one file.
#[derive(Clone, Debug)]
pub struct Issuers(Arc<[IssuerSettings]>);

#[derive(Clone, Debug)]
pub struct IssuerSettings {
    /// As its tokens and its discovery document write it.
    pub issuer: String,
    pub audience: String,
    pub subject_claim: String,
    pub name_claim: String,
    pub rules: Vec<Rule>,
}

/// Who bears a claim has a role somewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub claim: String,
    pub test: Test,
    pub role: Role,
    pub place: PlaceOf,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    Equals(Scalar),
    Contains(Scalar),
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    Flag(bool),
    Number(i64),
    Text(String),
}

/// Where a role is: always the same place, or the one that another claim names.
#[derive(Clone, Debug, PartialEq)]
pub enum PlaceOf {
    Area(String),
    AreaIn(String),
    Unit(String),
    UnitIn(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    issuer: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    issuer: String,
    audience: String,
    subject_claim: Option<String>,
    name_claim: Option<String>,
    #[serde(default)]
    roles: Vec<RuleEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    claim: String,
    equals: Option<Scalar>,
    contains: Option<Scalar>,
    role: String,
    area: Option<String>,
    area_claim: Option<String>,
    unit: Option<String>,
    unit_claim: Option<String>,
}

fn told<T>(zh: impl std::fmt::Display, en: impl std::fmt::Display) -> Result<T, String> {
    Err(format!("{zh} / {en}"))
}

impl Issuers {
    /// Reads the file that a setting names.
    pub fn file(path: &str) -> Result<Issuers, String> {
        match std::fs::read_to_string(Path::new(path)) {
            Ok(text) => Issuers::parse(&text),
            Err(error) => told("无法读取该文件", format!("the file cannot be read: {error}")),
        }
    }

    pub fn parse(text: &str) -> Result<Issuers, String> {
        let file: File = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
                return told(format!("第 {line} 行有误"), format!("line {line}: {}", error.message()));
            }
        };
        if file.issuer.is_empty() || file.issuer.len() > MOST_ISSUERS {
            return told(format!("请写 1 至 {MOST_ISSUERS} 个 [[issuer]]"), format!("write 1 to {MOST_ISSUERS} [[issuer]]"));
        }
        let issuers = file.issuer.into_iter().map(Entry::checked).collect::<Result<Vec<_>, String>>()?;
        for (place, issuer) in issuers.iter().enumerate() {
            if issuers[..place].iter().any(|other| other.issuer == issuer.issuer) {
                return told(format!("{} 重复出现", issuer.issuer), format!("{} is there twice", issuer.issuer));
            }
        }
        Ok(Issuers(issuers.into()))
    }

    pub fn iter(&self) -> impl Iterator<Item = &IssuerSettings> {
        self.0.iter()
    }
}

impl Entry {
    fn checked(self) -> Result<IssuerSettings, String> {
        let issuer = self.issuer;
        if !may_be_asked(&issuer, true) || issuer.contains(['?', '#']) {
            return told(
                format!("issuer“{issuer}”须为 https 地址，仅本机可用 http"),
                format!("the issuer “{issuer}” must be an https URL; http is for this machine only"),
            );
        }
        let (subject_claim, name_claim) = (self.subject_claim.unwrap_or("sub".to_owned()), self.name_claim.unwrap_or("name".to_owned()));
        for (name, value) in [("audience", &self.audience), ("subject_claim", &subject_claim), ("name_claim", &name_claim)] {
            if value.is_empty() || value.len() > LONGEST_URL {
                return told(
                    format!("{issuer} 的 {name} 须为 1 至 {LONGEST_URL} 个字符"),
                    format!("{name} of {issuer} takes 1 to {LONGEST_URL} characters"),
                );
            }
        }
        if self.roles.len() > MOST_RULES {
            return told(format!("{issuer} 的角色规则最多 {MOST_RULES} 条"), format!("at most {MOST_RULES} rules of roles for {issuer}"));
        }
        let number = |place: usize| place + 1;
        let rules = self.roles.into_iter().enumerate().map(|(place, rule)| {
            rule.checked().or_else(|(zh, en)| {
                let n = number(place);
                told(format!("{issuer} 的第 {n} 条角色规则：{zh}"), format!("rule {n} of {issuer}: {en}"))
            })
        });
        let rules = rules.collect::<Result<Vec<_>, String>>()?;
        Ok(IssuerSettings { issuer, audience: self.audience, subject_claim, name_claim, rules })
    }
}

impl RuleEntry {
    fn checked(self) -> Result<Rule, (String, String)> {
        let wrong = |zh: &str, en: &str| Err((zh.to_owned(), en.to_owned()));
        if self.claim.is_empty() {
            return wrong("缺少 claim", "claim is missing");
        }
        let test = match (self.equals, self.contains) {
            (Some(value), None) => Test::Equals(value),
            (None, Some(value)) => Test::Contains(value),
            _ => return wrong("equals 与 contains 须恰写其一", "write either equals or contains"),
        };
        let Ok(role) = Role::try_from_value(&self.role) else {
            return Err((format!("没有角色“{}”", self.role), format!("there is no role “{}”", self.role)));
        };
        let place = match (self.area, self.area_claim, self.unit, self.unit_claim) {
            (Some(area), None, None, None) => PlaceOf::Area(area),
            (None, Some(claim), None, None) => PlaceOf::AreaIn(claim),
            (None, None, Some(unit), None) => PlaceOf::Unit(unit),
            (None, None, None, Some(claim)) => PlaceOf::UnitIn(claim),
            _ => {
                return wrong("area、area_claim、unit、unit_claim 须恰写其一", "write one of area, area_claim, unit and unit_claim");
            }
        };
        let right = match &place {
            PlaceOf::Area(code) => !code.is_empty() && code.len() <= 40 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            PlaceOf::Unit(unit) => is_unit(unit),
            PlaceOf::AreaIn(claim) | PlaceOf::UnitIn(claim) => !claim.is_empty(),
        };
        if !right {
            return wrong(
                "area 须为区划代码，unit 须为统一社会信用代码或单位标识",
                "area takes the code of an area, unit a credit code or the id of a unit",
            );
        }
        let is_unit = matches!(place, PlaceOf::Unit(_) | PlaceOf::UnitIn(_));
        let fits = match role {
            Role::UnitRepresentative => is_unit,
            Role::DistrictAdmin | Role::StreetOfficer | Role::CommunitySecretary | Role::Auditor => !is_unit,
            Role::Member | Role::Partner => true,
        };
        if !fits {
            return wrong("该角色不能用于此类区划或单位", "this role is not one for such a place");
        }
        Ok(Rule { claim: self.claim, test, role, place })
    }
}

/// A credit code, or the global id of a unit.
pub fn is_unit(text: &str) -> bool {
    let is_code = text.len() == 18 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_code || GlobalId::parse(text).is_some_and(|id| id.kind == NodeKind::Unit)
}

/// Whether an address is one that an issuer's documents may be fetched from: by TLS, or on this machine where that is meant.
pub fn may_be_asked(url: &str, locally: bool) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let plain = !authority.as_str().contains('@') && !authority.host().is_empty() && url.len() <= LONGEST_URL;
    plain && (scheme == "https" || (scheme == "http" && locally && is_local(url)))
}

/// Whether an address is on this machine.
pub fn is_local(url: &str) -> bool {
    let uri = url.parse::<Uri>().ok();
    uri.and_then(|uri| uri.host().map(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[[issuer]]\nissuer = \"https://sso.example.cn\"\naudience = \"alliance\"\n";

    fn with(rule: &str) -> Result<Issuers, String> {
        Issuers::parse(&format!("{HEAD}[[issuer.roles]]\n{rule}"))
    }

    #[test]
    fn what_is_left_out_has_its_usual_value() {
        let issuers = with("claim = \"groups\"\ncontains = \"a\"\nrole = \"AUDITOR\"\narea = \"220303\"").unwrap();
        let issuer = issuers.iter().next().unwrap();
        assert_eq!((issuer.subject_claim.as_str(), issuer.name_claim.as_str(), issuer.rules.len()), ("sub", "name", 1));
        assert_eq!(issuer.rules[0].place, PlaceOf::Area("220303".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_said_in_both_languages_with_its_place() {
        for (text, said) in [
            ("", "[[issuer]]"),
            ("nonsense", "line 1"),
            ("[[issuer]]\nissuer = \"https://a.cn\"\n", "audience"),
            ("[[issuer]]\nissuer = \"https://a.cn\"\naudience = \"a\"\nsecret = \"x\"\n", "secret"),
            ("[[issuer]]\nissuer = \"http://sso.example.cn\"\naudience = \"a\"\n", "https"),
            ("[[issuer]]\nissuer = \"https://u@sso.example.cn\"\naudience = \"a\"\n", "https"),
            ("[[issuer]]\nissuer = \"https://sso.example.cn?x\"\naudience = \"a\"\n", "https"),
            ("[[issuer]]\nissuer = \"https://sso.example.cn\"\naudience = \"\"\n", "audience"),
            (&format!("{HEAD}{HEAD}"), "twice"),
        ] {
            let error = Issuers::parse(text).unwrap_err();
            assert!(error.contains(said) && error.contains(" / "), "{text}: {error}");
        }
        for (rule, said) in [
            ("claim = \"g\"\nrole = \"AUDITOR\"\narea = \"220303\"", "either equals or contains"),
            ("claim = \"g\"\nequals = 1\ncontains = 1\nrole = \"AUDITOR\"\narea = \"220303\"", "either equals or contains"),
            ("claim = \"\"\nequals = true\nrole = \"AUDITOR\"\narea = \"220303\"", "claim is missing"),
            ("claim = \"g\"\nequals = true\nrole = \"KING\"\narea = \"220303\"", "KING"),
            ("claim = \"g\"\nequals = true\nrole = \"AUDITOR\"", "write one of"),
            ("claim = \"g\"\nequals = true\nrole = \"AUDITOR\"\narea = \"2\"\narea_claim = \"a\"", "write one of"),
            ("claim = \"g\"\nequals = true\nrole = \"AUDITOR\"\nunit_claim = \"u\"", "not one for such a place"),
            ("claim = \"g\"\nequals = true\nrole = \"UNIT_REPRESENTATIVE\"\narea = \"220303\"", "not one for such a place"),
            ("claim = \"g\"\nequals = true\nrole = \"UNIT_REPRESENTATIVE\"\nunit = \"x\"", "credit code"),
        ] {
            let error = with(rule).unwrap_err();
            assert!(error.contains(said) && error.contains("第 1 条"), "{rule}: {error}");
        }
    }

    #[test]
    fn an_issuer_is_asked_by_tls_or_on_this_machine() {
        for (url, locally, may) in [
            ("https://sso.example.cn/realms/a", false, true),
            ("http://127.0.0.1:8080", true, true),
            ("http://[::1]:8080", true, true),
            ("http://127.0.0.1:8080", false, false),
            ("http://sso.example.cn", true, false),
            ("http://127.0.0.1.example.cn", true, false),
            ("ftp://sso.example.cn", true, false),
            ("/path", true, false),
        ] {
            assert_eq!(may_be_asked(url, locally), may, "{url}");
        }
    }
}
