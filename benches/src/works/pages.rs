//! Works that read rows: pages, one object, and what hangs on them.

use serde_json::{Value, json};

use super::{Caller, Work, global, list, question, thousandths};
use crate::floor::Question;
use crate::floor::Value::{Key, Text};
use crate::process::Peer;
use crate::subjects::Subjects;

const CATEGORIES: [&str; 8] = ["ELDERLY", "LEGAL", "HEALTH", "CULTURE_SPORT", "SAFETY", "CHILDREN", "ENVIRONMENT", "GOVERNANCE"];

pub fn needs(of: &Subjects) -> Work {
    let ours = "query($area: ID!, $category: [NeedCategory!]) { needs(filter: { area: $area, category: $category }, first: 20) { nodes {
        id title measure wanted community { name parent { name } } matches(first: 10) { nodes { id status quantity unit { name } } }
        viewerCan { action allowed } } } }";
    let theirs = "query($area: UUID!, $category: String!) { allNeeds(condition: { districtId: $area, category: $category }, first: 20, orderBy: ID_DESC) {
        nodes { id title measure wanted community: areaByCommunityId { name parent: areaByParentId { name } }
        matches: matchesByNeedId(first: 10, orderBy: ID_DESC) { nodes { id status quantity unit: unitByUnitId { name } } } } } }";
    Work {
        name: "needs, three levels",
        caller: Caller::District,
        alliance: CATEGORIES
            .map(|category| question(ours, json!({ "area": global("area", of.district), "category": [category] })))
            .to_vec(),
        floor: CATEGORIES.map(|category| Question::text("needs", [Key(of.district), Text(category.to_owned())])).to_vec(),
        postgraphile: Some(CATEGORIES.map(|category| question(theirs, json!({ "area": of.district, "category": category }))).to_vec()),
        shape: |peer, answer| {
            let nodes = match peer {
                Peer::Alliance => list(&answer["data"]["needs"]["nodes"]),
                Peer::Floor => list(&answer),
                Peer::Postgraphile => list(&answer["data"]["allNeeds"]["nodes"]),
            };
            let one = |need: Value| {
                let matches = if peer == Peer::Floor { list(&need["matches"]) } else { list(&need["matches"]["nodes"]) };
                let matches = matches.into_iter().map(|one| {
                    json!({ "id": one["id"], "status": one["status"], "quantity": thousandths(peer, &one["quantity"]), "unit": one["unit"] })
                });
                json!({ "id": need["id"], "title": need["title"], "measure": need["measure"], "wanted": thousandths(peer, &need["wanted"]),
                    "community": need["community"], "matches": matches.collect::<Vec<_>>() })
            };
            nodes.into_iter().map(one).collect()
        },
    }
}

pub fn public(of: &Subjects) -> Work {
    let ours = "query($area: ID!, $category: [NeedCategory!]) { needs(filter: { area: $area, category: $category }, first: 20) { nodes {
        id title measure wanted community { name parent { name } } } } }";
    Work {
        name: "public page, still held",
        caller: Caller::Holder,
        alliance: CATEGORIES
            .map(|category| question(ours, json!({ "area": global("area", of.district), "category": [category] })))
            .to_vec(),
        floor: CATEGORIES.map(|category| Question::text("public", [Key(of.district), Text(category.to_owned())])).to_vec(),
        postgraphile: None,
        shape: |peer, answer| {
            let nodes = if peer == Peer::Alliance { list(&answer["data"]["needs"]["nodes"]) } else { list(&answer) };
            let one = |need: Value| {
                json!({ "id": need["id"], "title": need["title"], "measure": need["measure"], "wanted": thousandths(peer, &need["wanted"]),
                    "community": need["community"] })
            };
            nodes.into_iter().map(one).collect()
        },
    }
}

pub fn pledges(of: &Subjects) -> Work {
    let ours = "query($area: ID!, $category: [NeedCategory!], $search: String!) { pledges(first: 20, filter: {
        area: $area, category: $category, availableAtLeast: \"1\", search: $search }) { nodes { id title measure available unit { name } } } }";
    let ask = |(category, word): &(String, String)| {
        question(ours, json!({ "area": global("area", of.district), "category": [category], "search": word }))
    };
    let values = |(category, word): &(String, String)| [Key(of.district), Text(category.clone()), Text(word.clone())];
    Work {
        name: "pledges by text",
        // The district sees more than the list.
        caller: Caller::Nobody,
        alliance: of.words.iter().map(ask).collect(),
        floor: of.words.iter().map(|asked| Question::text("pledges", values(asked))).collect(),
        postgraphile: None,
        shape: |peer, answer| {
            let nodes = if peer == Peer::Alliance { list(&answer["data"]["pledges"]["nodes"]) } else { list(&answer) };
            let one = |pledge: Value| {
                json!({ "id": pledge["id"], "title": pledge["title"], "measure": pledge["measure"], "unit": pledge["unit"],
                    "available": thousandths(peer, &pledge["available"]) })
            };
            nodes.into_iter().map(one).collect()
        },
    }
}

pub fn unit_year(of: &Subjects) -> Work {
    let ours = "query($id: ID!) { node(id: $id) { ... on MemberUnit { name pledges(first: 20) { nodes { title available } } } }
        matches(filter: { unit: $id }, first: 50) { nodes { quantity accepted community { name } } } }";
    let theirs = "query($id: UUID!) { unit: unitById(id: $id) { name
        pledges: pledgesByUnitId(first: 20, orderBy: ID_DESC) { nodes { title available } }
        matches: matchesByUnitId(first: 50, orderBy: ID_DESC) { nodes { quantity accepted community: areaByCommunityId { name } } } } }";
    Work {
        name: "a unit's year",
        caller: Caller::District,
        alliance: of.units.iter().map(|unit| question(ours, json!({ "id": global("unit", *unit) }))).collect(),
        floor: of.units.iter().map(|unit| Question::text("unit", [Key(*unit)])).collect(),
        postgraphile: Some(of.units.iter().map(|unit| question(theirs, json!({ "id": unit }))).collect()),
        shape: |peer, answer| {
            let (unit, pledges, matches) = match peer {
                Peer::Alliance => {
                    (&answer["data"]["node"], &answer["data"]["node"]["pledges"]["nodes"], &answer["data"]["matches"]["nodes"])
                }
                Peer::Floor => (&answer[0], &answer[0]["pledges"], &answer[0]["matches"]),
                Peer::Postgraphile => {
                    let unit = &answer["data"]["unit"];
                    (unit, &unit["pledges"]["nodes"], &unit["matches"]["nodes"])
                }
            };
            let pledge = |one: Value| json!({ "title": one["title"], "available": thousandths(peer, &one["available"]) });
            let exchange = |one: Value| json!({ "quantity": thousandths(peer, &one["quantity"]), "accepted": thousandths(peer, &one["accepted"]), "community": one["community"] });
            json!([
                unit["name"],
                list(pledges).into_iter().map(pledge).collect::<Vec<_>>(),
                list(matches).into_iter().map(exchange).collect::<Vec<_>>()
            ])
        },
    }
}

pub fn node(of: &Subjects) -> Work {
    let ours = "query($id: ID!) { node(id: $id) { ... on CommunityNeed { id title wanted community { name } } } }";
    let theirs = "query($id: UUID!) { needById(id: $id) { id title wanted community: areaByCommunityId { name } } }";
    Work {
        name: "a need by id",
        caller: Caller::District,
        alliance: of.needs.iter().map(|need| question(ours, json!({ "id": global("need", *need) }))).collect(),
        floor: of.needs.iter().map(|need| Question::text("node", [Key(*need)])).collect(),
        postgraphile: Some(of.needs.iter().map(|need| question(theirs, json!({ "id": need }))).collect()),
        shape: |peer, answer| {
            let need = match peer {
                Peer::Alliance => &answer["data"]["node"],
                Peer::Floor => &answer[0],
                Peer::Postgraphile => &answer["data"]["needById"],
            };
            json!([{ "id": need["id"], "title": need["title"], "wanted": thousandths(peer, &need["wanted"]), "community": need["community"] }])
        },
    }
}
