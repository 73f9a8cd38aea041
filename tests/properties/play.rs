//! A story by chance: who is there, what they have made so far, and what one of them tries next.

use alliance::auth::Role;

use super::Step;
use super::verb::Verb::*;
use crate::support::{Actor, Attempt, Id, TestApp, Thing, Value, World, json};

/// Somebody, and the unit and the areas that they stand for.
struct Player {
    name: &'static str,
    actor: Actor,
    stands: Vec<String>,
    reviews: bool,
}

pub struct Play<'a> {
    app: &'a TestApp,
    w: World,
    players: Vec<Player>,
    units: Vec<String>,
    made: Vec<String>,
}

impl<'a> Play<'a> {
    pub async fn new(app: &'a TestApp) -> Play<'a> {
        let w = app.world().await;
        let player = |name, actor: &Actor, stands: &[&String]| Player {
            name,
            actor: actor.clone(),
            stands: stands.iter().map(|id| (*id).clone()).collect(),
            reviews: matches!(name, "street" | "street2" | "district"),
        };
        // Stands on both sides of some matches.
        let both = app.account("both", Role::CommunitySecretary, &w.taoyuan).await;
        app.grant(app.account_of("both").await, Role::UnitRepresentative, &w.shennong).await;
        let mut players = vec![
            player("unit", &w.unit, &[&w.shennong]),
            player("legal", &w.legal, &[&w.legal_aid]),
            player("unit2", &w.unit2, &[&w.kunbo]),
            player("hospital_a", &w.hospital_a, &[&w.kangning]),
            player("secretary", &w.secretary, &[&w.taoyuan]),
            player("secretary2", &w.secretary2, &[&w.shuanghui]),
            player("street", &w.street, &[&w.taoyuan, &w.ziwei, &w.beimen]),
            player("street2", &w.street2, &[&w.shuanghui, &w.huangtukeng]),
            player("district", &w.district, &[&w.taoyuan, &w.ziwei, &w.shuanghui, &w.beimen, &w.huangtukeng]),
            player("both", &both, &[&w.taoyuan, &w.shennong]),
            player("auditor", &w.auditor, &[]),
            player("partner", &w.partner, &[]),
        ];
        players.push(player("anyone", &app.anyone(), &[]));
        let units = vec![w.shennong.clone(), w.legal_aid.clone(), w.kunbo.clone(), w.kangning.clone()];
        let mut made = Vec::new();
        for unit in &units {
            made.push(w.district.see(unit).await["memberships"][0]["id"].as_str().expect("a membership").to_owned());
        }
        let mut play = Play { app, w, players, units, made };
        play.set_out().await;
        play
    }

    /// Needs in the hall and in a window, pledges on the list, and a match under way.
    async fn set_out(&mut self) {
        let w = &self.w;
        let common = json!({ "title": "开场", "category": "ELDERLY", "form": "GOODS", "measure": "件", "wanted": "9", "submit": true });
        let with = |changes: Value| {
            let mut input = common.clone();
            for (name, value) in changes.as_object().expect("an object") {
                input[name] = value.clone();
            }
            input
        };
        let mut needs = Vec::new();
        for (actor, community) in [(&w.secretary, &w.taoyuan), (&w.street, &w.ziwei), (&w.secretary2, &w.shuanghui)] {
            let need = actor.post_need(with(json!({ "community": community }))).await.done();
            w.district.publish(&need).await.done();
            needs.push(need.id().to_owned());
        }
        let mut pledges = Vec::new();
        for (actor, unit) in [(&w.unit, &w.shennong), (&w.hospital_a, &w.kangning), (&w.unit2, &w.kunbo)] {
            let offer = json!({ "unit": unit, "title": "开场", "category": "ELDERLY", "form": "GOODS", "measure": "件", "total": "12" });
            let pledge = actor.pledge_resource(offer).await.done();
            pledges.push(w.district.list_pledge(&pledge).await.done().id().to_owned());
        }
        let claim = w.hospital_a.claim(&needs[1], &w.kangning, "3").await.done();
        w.district.confirm(&claim).await.done();
        let request = w.secretary.request_from(&pledges[0], &w.taoyuan, "2").await.done();
        self.made.extend(needs.into_iter().chain(pledges).chain([claim.id().to_owned(), request.id().to_owned()]));
    }

    /// The objects of a kind, the newest most often.
    fn one(&self, kind: &str, by: u8) -> Option<&String> {
        let all: Vec<_> = self.made.iter().filter(|id| id.starts_with(kind) && id.as_bytes()[kind.len()] == b'_').collect();
        let from = if by.is_multiple_of(4) { 0 } else { all.len().saturating_sub(4) };
        all[from..].get(usize::from(by / 4) % (all.len() - from).max(1)).copied()
    }

    /// Somebody for whom it is apt, or anybody.
    fn player(&self, step: &Step, further: u8, apt: impl Fn(&Player) -> bool) -> &Player {
        let apt: Vec<_> = self.players.iter().filter(|player| !step.apt || apt(player)).collect();
        apt[usize::from(step.who.wrapping_add(further)) % apt.len()]
    }

    pub async fn act(&mut self, step: &Step) {
        let made = match step.verb {
            Time => self.pass(step).await,
            Post | Offer => self.begin(step).await,
            _ => self.go_on(step).await,
        };
        self.made.extend(made);
        for line in self.app.contributions().await {
            if !self.made.contains(&line) {
                self.made.push(line);
            }
        }
    }

    async fn pass(&self, step: &Step) -> Option<String> {
        match step.amount {
            1..4 => self.app.pass_working_days(u32::from(step.amount)).await,
            days => self.app.pass_working_days(u32::from(days) * 2).await,
        }
        None
    }

    /// What is done on no object: a need is posted, a resource is pledged.
    async fn begin(&self, step: &Step) -> Option<String> {
        let (offers, prefix) = (step.verb == Offer, if step.verb == Offer { "unit_" } else { "area_" });
        let player = self.player(step, 0, |player| player.stands.iter().any(|id| id.starts_with(prefix)));
        let own: Vec<_> = player.stands.iter().filter(|id| id.starts_with(prefix)).collect();
        let title = format!("{} {} {}", player.name, step.what, step.other);
        let mut input =
            json!({ "title": title, "category": "ELDERLY", "form": "GOODS", "measure": if step.other < 200 { "件" } else { "袋" } });
        let quantity = (step.amount * 3).to_string();
        let of = |all: &[&String]| all[usize::from(step.other) % all.len()].clone();
        let communities = [&self.w.taoyuan, &self.w.ziwei, &self.w.shuanghui];
        let attempt = if offers {
            input["unit"] = json!(if own.is_empty() { of(&self.units.iter().collect::<Vec<_>>()) } else { of(&own) });
            input["total"] = if step.amount == 6 { Value::Null } else { json!(quantity) };
            if step.what.is_multiple_of(5) {
                input["validUntil"] =
                    json!(alliance::calendar::shanghai_day(self.app.clock().now() + chrono::Days::new(step.amount.into())));
            }
            player.actor.pledge_resource(input).await
        } else {
            let own: Vec<_> = own.iter().copied().filter(|area| communities.contains(area)).collect();
            input["community"] = json!(if own.is_empty() { of(&communities) } else { of(&own) });
            input["wanted"] = json!(quantity);
            input["submit"] = json!(!step.what.is_multiple_of(5));
            player.actor.post_need(input).await
        };
        let expected = match player.name {
            "anyone" => "UNAUTHENTICATED",
            _ if own.is_empty() => "FORBIDDEN",
            _ => "DONE",
        };
        let outcome = attempt.outcome().to_owned();
        assert!(outcome == expected || (offers && outcome == "NOT_A_MEMBER"), "{} {step:?}: {}", player.name, attempt.answer);
        (outcome == "DONE").then(|| attempt.done().id().to_owned())
    }

    /// An object, and somebody who stands on it or anybody.
    async fn choose(&self, step: &Step, kind: &str, further: u8) -> Option<(&Player, String)> {
        let id = self.one(kind, step.what.wrapping_add(further * 4))?.clone();
        let parties = match self.w.district.find(&id).await {
            Some(delivery) if kind == "delivery" => parties(&self.w.district.see(delivery["match"]["id"].as_str().expect("an id")).await),
            Some(thing) => parties(&thing),
            None => Vec::new(),
        };
        let player = self.player(step, further, |player| match step.verb {
            Claim => player.stands.iter().any(|id| id.starts_with("unit_")),
            Request => player.stands.iter().any(|id| id.starts_with("area_")),
            Publish | ReturnNeed | List | ReturnPledge | Suspend | ResumeMember => player.reviews,
            _ => player.stands.iter().any(|id| parties.contains(id)),
        });
        Some((player, id))
    }

    /// Somebody tries something on an object; what became of it is what `viewerCan` had said.
    async fn go_on(&self, step: &Step) -> Option<String> {
        let kind = match step.verb {
            Update | Submit | Publish | ReturnNeed | WithdrawNeed | Close | Claim => "need",
            List | ReturnPledge | Pause | ResumePledge | Renew | WithdrawPledge | Request => "pledge",
            Accept | Refuse => "delivery",
            Reverse => "contribution",
            Suspend | ResumeMember => "membership",
            _ => "match",
        };
        // Who acts aptly looks around for an object that lets them.
        let mut chosen = self.choose(step, kind, 0).await?;
        for further in 1..6 {
            if !step.apt || chosen.0.actor.find(&chosen.1).await.is_some_and(|thing| thing.can(step.verb.action()).is_ok()) {
                break;
            }
            chosen = self.choose(step, kind, further).await?;
        }
        let (player, id) = chosen;
        let truth = self.w.district.find(&id).await;
        let before = (player.actor.find(&id).await, self.app.count("journal").await);
        let attempt = self.attempt(step, player, &id, truth.as_ref()).await;
        let outcome = attempt.outcome().to_owned();
        let tell = || format!("{} {step:?} on {:?}: {}", player.name, truth.as_ref().map(Thing::standing), attempt.answer.body);
        let said = before.0.as_ref().map(|thing| thing.can(step.verb.action()));
        let agrees = match (&said, outcome.as_str()) {
            (Some(Ok(())), "DONE") => true,
            // Done already: it is answered with the object, and nothing changes.
            (Some(Err(code)), "DONE") => code == "WRONG_STATE" && before.1 == self.app.count("journal").await,
            (_, code) if player.name == "anyone" => code == "UNAUTHENTICATED",
            (None, code) => {
                code == "NOT_FOUND" || (step.verb == Claim && code == "FORBIDDEN") || (step.verb == Request && code == "FORBIDDEN")
            }
            (Some(Err(said)), "FORBIDDEN") => said == "NOT_PERMITTED",
            (Some(Err(said)), code) if said == code => true,
            (_, code) => step.verb.by_input().contains(&code) || self.for_another_reason(step, player, code),
        };
        assert!(agrees, "viewerCan said {said:?}: {}", tell());
        assert!(outcome != "DONE" || !player.stands.is_empty(), "who stands for nothing does nothing: {}", tell());
        (outcome == "DONE").then(|| attempt.done().id().to_owned())
    }

    /// A refusal that another object of the input is the reason of.
    fn for_another_reason(&self, step: &Step, player: &Player, code: &str) -> bool {
        match step.verb {
            // The pledge of a claim; the need or the community of a request.
            Claim => ["WRONG_STATE", "NOT_FOUND", "NOT_A_MEMBER"].contains(&code),
            Request => ["WRONG_STATE", "NOT_FOUND"].contains(&code) || (code == "FORBIDDEN" && !player.reviews),
            // The match that is handed on may have moved.
            Confirm => ["WRONG_STATE", "REPORT_PENDING"].contains(&code),
            _ => false,
        }
    }

    async fn attempt(&self, step: &Step, player: &Player, id: &str, truth: Option<&Thing>) -> Attempt {
        let actor = &player.actor;
        // As often as not all that there is.
        let all = truth.filter(|_| step.other.is_multiple_of(2)).and_then(|truth| match step.verb {
            Report => truth["outstanding"].as_str(),
            Accept => truth["quantity"].as_str(),
            _ => None,
        });
        let amount = all.filter(|all| *all != "0").map_or(step.amount.to_string(), str::to_owned);
        let why = "测试所需";
        let stands = |prefix: &str| player.stands.iter().find(|id| id.starts_with(prefix));
        match step.verb {
            Update => actor.update_need(json!({ "id": id, "wanted": (step.amount * 2).to_string() })).await,
            Submit => actor.submit_need(id).await,
            Publish => actor.publish(id).await,
            ReturnNeed => actor.return_need(id, why).await,
            WithdrawNeed => actor.withdraw_need(id, why).await,
            Close => actor.close_need(id, why).await,
            List => actor.list_pledge(id).await,
            ReturnPledge => actor.return_pledge(id, why).await,
            Pause => actor.pause_pledge(id).await,
            ResumePledge => actor.resume_pledge(id).await,
            Renew => {
                let until = alliance::calendar::shanghai_day(self.app.clock().now() + chrono::Days::new(20));
                let arguments = [("id", "ID!", json!(id)), ("validUntil", "Date", json!(until))];
                actor.tries("renewPledge", &arguments, "id").await
            }
            WithdrawPledge => actor.withdraw_pledge(id, why).await,
            Claim => {
                let unit = stands("unit_").unwrap_or(&self.units[0]);
                let pledge = step.other.is_multiple_of(3).then(|| self.one("pledge", step.other)).flatten();
                actor.claim_need(json!({ "need": id, "unit": unit, "quantity": amount, "pledge": pledge })).await
            }
            Request => {
                let communities = [&self.w.taoyuan, &self.w.ziwei, &self.w.shuanghui];
                let own = player.stands.iter().find(|id| communities.contains(id)).unwrap_or(communities[0]);
                let need = step.other.is_multiple_of(2).then(|| self.one("need", step.other)).flatten();
                let input = json!({ "pledge": id, "community": own, "quantity": amount, "purpose": why, "need": need });
                actor.request_pledge(input).await
            }
            Confirm => actor.confirm(id).await,
            Reject => actor.reject(id, why).await,
            Cancel => actor.cancel(id, why).await,
            Transfer => {
                let to = &self.units[usize::from(step.other) % self.units.len()];
                actor.transfer_match(json!({ "match": id, "toUnit": to, "reason": why })).await
            }
            Report => {
                let input =
                    json!({ "match": id, "quantity": amount, "deliveredOn": self.app.today(), "fairValue": "12.34", "hours": "1.5" });
                actor.report_delivery(input).await
            }
            Accept => actor.accept(id, &amount).await,
            Refuse => actor.refuse(id, why).await,
            Evaluate => actor.evaluate(id, "GOOD").await,
            Reverse => actor.reverse_contribution(id, why).await,
            Suspend => actor.suspend(id, why).await,
            ResumeMember => actor.resume_membership(id).await,
            Post | Offer | Time => unreachable!("on no object"),
        }
    }
}

/// The unit and the community of an object.
fn parties(thing: &Thing) -> Vec<String> {
    ["unit", "community"].iter().filter_map(|side| thing[*side]["id"].as_str()).map(str::to_owned).collect()
}
