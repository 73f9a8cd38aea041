use super::PledgeStatus::*;
use super::*;
use crate::refusal::RefusalCode;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn today() -> NaiveDate {
    day("2025-03-03")
}

fn pledge(status: PledgeStatus) -> Model {
    Model {
        id: Uuid::from_u128(1),
        district_id: Uuid::from_u128(2),
        unit_id: Uuid::from_u128(3),
        form: ResourceForm::Goods,
        category: NeedCategory::HardshipAndEmployment,
        title: "爱心大米".to_owned(),
        description: None,
        measure: "袋".to_owned(),
        total: Some(50_000),
        available: Some(50_000),
        held: 0,
        given: 0,
        per_session: None,
        weekly_hours: None,
        audience: None,
        conditions: None,
        status,
        reason: None,
        stale: false,
        serves_all: true,
        valid_until: Some(day("2025-12-31")),
        confirmed_on: day("2025-03-01"),
        submitted_by: Some(Uuid::from_u128(4)),
        created_at: chrono::DateTime::UNIX_EPOCH,
    }
}

fn code<T: std::fmt::Debug>(outcome: Result<T, Refusal>) -> RefusalCode {
    outcome.unwrap_err().reason.code()
}

#[test]
fn each_step_leads_on_from_its_states_alone() {
    let all = [Draft, Submitted, Returned, Listed, Paused, Exhausted, Expired, Withdrawn];
    let list = Step::List { by: None };
    let submit = Step::Submit { review: true, changed: true };
    let table: [(Step, &[PledgeStatus], PledgeStatus); 6] = [
        (submit, &[Draft, Returned], Submitted),
        (list, &[Submitted], Listed),
        (Step::Return, &[Submitted], Returned),
        (Step::Pause, &[Listed], Paused),
        (Step::Resume, &[Paused], Listed),
        (Step::Withdraw, &[Draft, Submitted, Returned, Listed, Paused, Exhausted, Expired], Withdrawn),
    ];
    for (taken, from, to) in table {
        for status in all {
            let outcome = step(&pledge(status), taken, today());
            if from.contains(&status) {
                assert_eq!(outcome, Ok(Some(to)), "{taken:?} from {status:?}");
            } else if status == to && taken != submit {
                assert_eq!(outcome, Ok(None), "{taken:?} again");
            } else {
                assert_eq!(code(outcome), RefusalCode::WrongState, "{taken:?} from {status:?}");
            }
        }
    }
}

#[test]
fn the_same_submission_again_is_done_already_and_without_review_it_is_listed() {
    let again = |changed| Step::Submit { review: true, changed };
    assert_eq!(step(&pledge(Submitted), again(false), today()), Ok(None));
    assert_eq!(code(step(&pledge(Submitted), again(true), today())), RefusalCode::WrongState);
    let unreviewed = Step::Submit { review: false, changed: true };
    assert_eq!(step(&pledge(Returned), unreviewed, today()), Ok(Some(Listed)));
}

#[test]
fn who_submitted_it_cannot_list_it() {
    let submitted = pledge(Submitted);
    let list = |by| step(&submitted, Step::List { by }, today());
    assert_eq!(code(list(submitted.submitted_by)), RefusalCode::SecondPersonRequired);
    assert_eq!(list(Some(Uuid::from_u128(5))), Ok(Some(Listed)));
    let unsigned = Model { submitted_by: None, ..submitted.clone() };
    assert_eq!(step(&unsigned, Step::List { by: None }, today()), Ok(Some(Listed)));
}

#[test]
fn nothing_goes_on_the_list_after_its_last_day_and_what_is_used_up_resumes_as_exhausted() {
    let over = Model { valid_until: Some(day("2025-03-02")), ..pledge(Paused) };
    assert_eq!(code(step(&over, Step::Resume, today())), RefusalCode::Lapsed);
    let empty = Model { available: Some(0), held: 50_000, ..pledge(Paused) };
    assert_eq!(step(&empty, Step::Resume, today()), Ok(Some(Exhausted)));
}

#[test]
fn an_expired_pledge_is_renewed_with_a_new_last_day() {
    let expired = Model { valid_until: Some(day("2025-03-02")), ..pledge(Expired) };
    let refusal = renew(&expired, None, today()).unwrap_err();
    assert_eq!((refusal.reason.code(), refusal.path), (RefusalCode::InvalidInput, vec!["validUntil"]));
    assert_eq!(renew(&expired, Some(today()), today()), Ok(Some(Listed)));
    let empty = Model { available: Some(0), given: 50_000, ..expired };
    assert_eq!(renew(&empty, Some(today()), today()), Ok(Some(Exhausted)));
}

#[test]
fn a_renewal_confirms_once_a_day_and_leaves_a_paused_pledge_paused() {
    assert_eq!(renew(&pledge(Paused), None, today()), Ok(Some(Paused)));
    let confirmed = Model { confirmed_on: today(), ..pledge(Listed) };
    assert_eq!(renew(&confirmed, None, today()), Ok(None));
    assert_eq!(renew(&confirmed, Some(day("2026-01-01")), today()), Ok(Some(Listed)));
    let stale = Model { stale: true, ..confirmed };
    assert_eq!(renew(&stale, None, today()), Ok(Some(Listed)));
    for status in [Draft, Submitted, Returned, Withdrawn] {
        assert_eq!(code(renew(&pledge(status), None, today())), RefusalCode::WrongState);
    }
}

#[test]
fn deadlines_pass_the_day_after_and_expiry_comes_first() {
    let confirmed = |on: &str, status| Model { confirmed_on: day(on), ..pledge(status) };
    assert_eq!(due(&confirmed("2025-02-21", Listed), today(), 10), None);
    assert_eq!(due(&confirmed("2025-02-20", Exhausted), today(), 10), Some(Due::Hide));
    assert_eq!(due(&confirmed("2025-02-20", Paused), today(), 10), None);
    let until = |until: &str, status| Model { valid_until: Some(day(until)), ..confirmed("2025-02-20", status) };
    assert_eq!(due(&until("2025-03-03", Paused), today(), 10), None);
    assert_eq!(due(&until("2025-03-02", Paused), today(), 10), Some(Due::Expire));
    assert_eq!(due(&until("2025-03-02", Listed), today(), 10), Some(Due::Expire));
    assert_eq!(due(&until("2025-03-02", Submitted), today(), 10), None);
}

#[test]
fn only_what_is_on_the_list_can_be_requested() {
    let ask = |pledge: &Model| may_request(pledge, true, today());
    assert_eq!(ask(&pledge(Listed)), Ok(()));
    assert_eq!(code(ask(&pledge(Exhausted))), RefusalCode::NotEnoughAvailable);
    assert_eq!(code(ask(&pledge(Paused))), RefusalCode::WrongState);
    assert_eq!(code(may_request(&pledge(Listed), false, today())), RefusalCode::NotAMember);
    let stale = Model { stale: true, ..pledge(Listed) };
    assert_eq!(code(ask(&stale)), RefusalCode::WrongState);
    let over = Model { valid_until: Some(day("2025-03-02")), ..pledge(Exhausted) };
    assert_eq!(code(ask(&over)), RefusalCode::WrongState);
}

#[test]
fn a_pledge_serves_what_lies_below_the_areas_it_names() {
    let (district, street, other) = (Uuid::from_u128(10), Uuid::from_u128(11), Uuid::from_u128(12));
    let some = Model { serves_all: false, ..pledge(Listed) };
    assert!(serves(&some, &[street], &[district, street]));
    assert!(!serves(&some, &[other], &[district, street]));
    assert!(serves(&pledge(Listed), &[], &[district, street]));
}

#[test]
fn listed_and_exhausted_follow_what_is_available_and_nothing_else_does() {
    let held = moved(&pledge(Listed), -50_000, 50_000, 0);
    assert_eq!((held.available, held.held, held.status), (Some(0), 50_000, Exhausted));
    let given = moved(&held, 0, -20_000, 20_000);
    assert_eq!((given.held, given.given, given.status), (30_000, 20_000, Exhausted));
    let released = moved(&given, 30_000, -30_000, 0);
    assert_eq!((released.available, released.status), (Some(30_000), Listed));
    assert_eq!(moved(&pledge(Withdrawn), -50_000, 50_000, 0).status, Withdrawn);
    let inexhaustible = Model { total: None, available: None, ..pledge(Listed) };
    let held = moved(&inexhaustible, -1_000, 1_000, 0);
    assert_eq!((held.available, held.held, held.status), (None, 1_000, Listed));
}
