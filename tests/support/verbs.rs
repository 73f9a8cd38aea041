//! Every mutation of the exchange as one method: what a person does, in the words of the story.

use serde_json::{Value, json};

use super::actor::Actor;
use super::answer::{Attempt, Id};
use super::changed;

const AREA: &str = "id code name level validFrom validTo parent { id name }";
const UNIT: &str = "id name kind creditCode memberships { id status } pairedAreas { id name } viewerCan { action allowed code }";
const ALLIANCE: &str = "id name model host { id name } viewerCan { action allowed code }";
const MEMBERSHIP: &str = "id status since until unit { id name } alliance { id name } viewerCan { action allowed code }";
const PLEDGE: &str = "id unit { id name } form category title description measure total available held given status validUntil confirmedOn \
                      viewerCan { action allowed code }";
const NEED: &str = "id community { id code name } category form title description measure wanted unmatched promised delivered accepted \
                    urgency dueOn status directedUntil escalatedTo { id name } createdAt viewerCan { action allowed code }";
const MATCH: &str = "id need { id title } pledge { id title } unit { id name } community { id code name } initiatedBy measure quantity \
                     outstanding delivered accepted returned plan promisedOn status reason deliveries { id quantity accepted status } \
                     evaluations { id by grade comment releasedAt } viewerCan { action allowed code }";
const DELIVERY: &str = "id match { id } quantity accepted deliveredOn status viewerCan { action allowed code }";
const EVALUATION: &str = "id by grade comment releasedAt";
const CONTRIBUTION: &str =
    "id unit { id name } community { id code name } form value hours recordedOn reverses { id } viewerCan { action allowed code }";

const VENUE: &str = "id name kind area { id name } zones { id name } services { id name fee } closedOn viewerCan { action allowed code }";
const ZONE: &str = "id name kind capacity bufferBefore bufferAfter approval venue { id } hours { weekday opens closes } closedOn \
                    viewerCan { action allowed code }";
const SERVICE: &str = "id name kind fee endedOn venue { id } viewerCan { action allowed code }";
const CO_BUILDING: &str = "id status value since until form unit { name } venue { id } reason viewerCan { action allowed code }";
const CALENDAR: &str = "id address zone { id } revokedAt";
const CLIENT: &str = "id name scopes origins expiresOn lastUsedAt revokedAt registeredOnly credentials { isKey expiresAt } \
                      operations { totalCount nodes { id name document registeredAt } }";
const WEBHOOK: &str = "id url kinds status pausedBecause cursor failingSince lastReceivedAt";
const MESSAGE: &str = "id messageId kind nodeId status attempts lastStatus lastFailure nextAttemptAt receivedAt";
const ROBOT: &str = "id name kinds digestAt status pausedBecause failingSince lastFailure lastReceivedAt area { id name }";
const COMPLAINT: &str = "id kind words status answer handler { id name } viewerCan { action allowed code }";
const BOOKING: &str = "id zone { id } startsAt endsAt status purpose headcount unit { name } community { name } reason activity promoted \
                       heldUntil series { id } viewerCan { action allowed code }";
const RESERVATION: &str = "id zone { id } community { name } startsAt endsAt priceBand price places sponsored toPay status reason \
                           viewerCan { action allowed code }";
const SERIES: &str = "id rule skipped { startsAt endsAt } bookings { id startsAt status }";

/// The type behind a global id, and what is asked of it.
pub fn selection(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "area" => ("GovernanceArea", AREA),
        "unit" => ("MemberUnit", UNIT),
        "alliance" => ("Alliance", ALLIANCE),
        "membership" => ("Membership", MEMBERSHIP),
        "pledge" => ("ResourcePledge", PLEDGE),
        "need" => ("CommunityNeed", NEED),
        "match" => ("Match", MATCH),
        "delivery" => ("Delivery", DELIVERY),
        "evaluation" => ("Evaluation", EVALUATION),
        "contribution" => ("Contribution", CONTRIBUTION),
        "venue" => ("Venue", VENUE),
        "zone" => ("FunctionZone", ZONE),
        "service" => ("VenueService", SERVICE),
        "cobuilding" => ("VenueCoBuilding", CO_BUILDING),
        "calendar" => ("BookingCalendar", CALENDAR),
        "client" => ("PartnerClient", CLIENT),
        "webhook" => ("Webhook", WEBHOOK),
        "message" => ("WebhookMessage", MESSAGE),
        "robot" => ("Robot", ROBOT),
        "complaint" => ("Complaint", COMPLAINT),
        "reservation" => ("Reservation", RESERVATION),
        "booking" => ("Booking", BOOKING),
        "series" => ("BookingSeries", SERIES),
        _ => panic!("{kind} is no kind of object that stories ask for"),
    }
}

impl Actor {
    /// Sends one mutation; `arguments` are declared by their GraphQL types.
    pub async fn tries(&self, verb: &'static str, arguments: &[(&str, &str, Value)], result: &str) -> Attempt {
        let declared: Vec<_> = arguments.iter().map(|(name, of, _)| format!("${name}: {of}")).collect();
        let given: Vec<_> = arguments.iter().map(|(name, ..)| format!("{name}: ${name}")).collect();
        let variables: Value = arguments.iter().map(|(name, _, value)| ((*name).to_owned(), value.clone())).collect();
        let document = format!(
            "mutation({}) {{ {verb}({}) {{ result {{ __typename {result} }} \
             refusals {{ code message path related {{ id }} freeTimes {{ startsAt endsAt }} }} warnings {{ code message path related {{ id }} }} }} }}",
            declared.join(", "),
            given.join(", ")
        );
        Attempt { verb, answer: self.run(&document, variables).await }
    }

    async fn input(&self, verb: &'static str, input: Value, result: &str) -> Attempt {
        let of = format!("{}{}Input!", verb[..1].to_uppercase(), &verb[1..]);
        self.tries(verb, &[("input", &of, input)], result).await
    }

    async fn on(&self, verb: &'static str, id: impl Id, result: &str) -> Attempt {
        self.tries(verb, &[("id", "ID!", json!(id.id()))], result).await
    }

    async fn because(&self, verb: &'static str, id: impl Id, reason: &str, result: &str) -> Attempt {
        let arguments = [("id", "ID!", json!(id.id())), ("reason", "String!", json!(reason))];
        self.tries(verb, &arguments, result).await
    }
}

/// Defines the methods: `input` takes the input object, `on` an object, `because` an object and a reason.
macro_rules! verbs {
    ($($method:ident = $verb:literal $shape:ident $result:ident;)+) => {
        impl Actor { $(verbs!(@$shape $method $verb $result);)+ }
    };
    (@input $method:ident $verb:literal $result:ident) => {
        pub async fn $method(&self, input: Value) -> Attempt {
            self.input($verb, input, $result).await
        }
    };
    (@on $method:ident $verb:literal $result:ident) => {
        pub async fn $method(&self, id: impl Id) -> Attempt {
            self.on($verb, id, $result).await
        }
    };
    (@because $method:ident $verb:literal $result:ident) => {
        pub async fn $method(&self, id: impl Id, reason: &str) -> Attempt {
            self.because($verb, id, reason, $result).await
        }
    };
}

verbs! {
    add_area = "addArea" input AREA;
    split_area = "splitArea" input AREA;

    register_client = "registerClient" input CLIENT;
    update_client = "updateClient" input CLIENT;
    rotate_client = "rotateClientCredential" input CLIENT;
    revoke_client = "revokeClient" on CLIENT;
    register_operations = "registerOperations" input CLIENT;

    register_webhook = "registerWebhook" input WEBHOOK;
    update_webhook = "updateWebhook" input WEBHOOK;
    pause_webhook = "pauseWebhook" on WEBHOOK;
    resume_webhook = "resumeWebhook" on WEBHOOK;
    remove_webhook = "removeWebhook" on WEBHOOK;
    test_webhook = "testWebhook" on MESSAGE;
    replay_webhook_message = "replayWebhookMessage" on MESSAGE;

    add_robot = "addRobot" input ROBOT;
    update_robot = "updateRobot" input ROBOT;
    pause_robot = "pauseRobot" on ROBOT;
    resume_robot = "resumeRobot" on ROBOT;
    test_robot = "testRobot" on ROBOT;
    remove_robot = "removeRobot" on ROBOT;

    add_unit = "addUnit" input UNIT;
    found_alliance = "foundAlliance" input ALLIANCE;
    invite_unit = "inviteUnit" input MEMBERSHIP;
    admit = "admitMembership" on MEMBERSHIP;
    suspend = "suspendMembership" because MEMBERSHIP;
    resume_membership = "resumeMembership" on MEMBERSHIP;
    apply = "applyToAlliance" input MEMBERSHIP;
    leave = "leaveAlliance" because MEMBERSHIP;
    pair_unit = "pairUnit" input UNIT;

    pledge_resource = "pledgeResource" input PLEDGE;
    list_pledge = "listPledge" on PLEDGE;
    return_pledge = "returnPledge" because PLEDGE;
    pause_pledge = "pausePledge" on PLEDGE;
    resume_pledge = "resumePledge" on PLEDGE;
    renew_pledge = "renewPledge" on PLEDGE;
    withdraw_pledge = "withdrawPledge" because PLEDGE;

    post_need = "postNeed" input NEED;
    update_need = "updateNeed" input NEED;
    submit_need = "submitNeed" on NEED;
    publish = "publishNeed" on NEED;
    return_need = "returnNeed" because NEED;
    withdraw_need = "withdrawNeed" because NEED;
    close_need = "closeNeed" because NEED;

    claim_need = "claimNeed" input MATCH;
    request_pledge = "requestPledge" input MATCH;
    confirm = "confirmMatch" on MATCH;
    reject = "rejectMatch" because MATCH;
    cancel = "cancelMatch" because MATCH;
    transfer_match = "transferMatch" input MATCH;
    report_delivery = "reportDelivery" input DELIVERY;
    accept_delivery = "acceptDelivery" input DELIVERY;
    refuse = "refuseDelivery" because DELIVERY;
    remove_picture = "removePicture" on DELIVERY;
    evaluate_match = "evaluateMatch" input EVALUATION;
    reverse_contribution = "reverseContribution" because CONTRIBUTION;

    answer_complaint = "answerComplaint" input COMPLAINT;
    transfer_complaint = "transferComplaint" input COMPLAINT;

    add_venue = "addVenue" input VENUE;
    change_venue = "changeVenue" input VENUE;
    close_venue = "closeVenue" on VENUE;
    add_zone = "addZone" input ZONE;
    change_zone = "changeZone" input ZONE;
    close_zone = "closeZone" on ZONE;
    add_service = "addService" input SERVICE;
    end_service = "endService" on SERVICE;

    propose_co_building = "proposeCoBuilding" input CO_BUILDING;
    agree_co_building = "agreeCoBuilding" on CO_BUILDING;
    decline_co_building = "declineCoBuilding" because CO_BUILDING;
    start_co_building = "startCoBuilding" on CO_BUILDING;
    put_co_building_in_use = "putCoBuildingInUse" on CO_BUILDING;
    end_co_building = "endCoBuilding" because CO_BUILDING;

    plan_sittings = "planSittings" input ZONE;
    reserve_places = "reservePlaces" input RESERVATION;
    cancel_reservation = "cancelReservation" because RESERVATION;

    book_promised_time = "bookPromisedTime" input BOOKING;
    book_zone = "bookZone" input BOOKING;
    book_series = "bookSeries" input SERIES;
    approve_booking = "approveBooking" on BOOKING;
    reject_booking = "rejectBooking" because BOOKING;
    cancel_booking = "cancelBooking" because BOOKING;
    cancel_series = "cancelSeries" because SERIES;
    revoke_calendar = "revokeCalendar" on CALENDAR;
    take_up_booking = "takeUpBooking" on BOOKING;
    complete_booking = "completeBooking" on BOOKING;
    mark_no_show = "markNoShow" on BOOKING;
}

/// The same with the few words that most stories need.
impl Actor {
    pub async fn claim(&self, need: impl Id, unit: impl Id, quantity: &str) -> Attempt {
        let input = json!({ "need": need.id(), "unit": unit.id(), "quantity": quantity });
        self.claim_need(input).await
    }

    pub async fn claim_from(&self, pledge: impl Id, need: impl Id, unit: impl Id, quantity: &str) -> Attempt {
        let input = json!({ "pledge": pledge.id(), "need": need.id(), "unit": unit.id(), "quantity": quantity });
        self.claim_need(input).await
    }

    pub async fn request_from(&self, pledge: impl Id, community: impl Id, quantity: &str) -> Attempt {
        let input = json!({ "pledge": pledge.id(), "community": community.id(), "quantity": quantity, "purpose": "社区居民需要" });
        self.request_pledge(input).await
    }

    /// Reports what was handed over today.
    pub async fn report(&self, on: impl Id, quantity: &str) -> Attempt {
        let today = alliance::calendar::shanghai_day(self.app.clock().now());
        let input = json!({ "match": on.id(), "quantity": quantity, "deliveredOn": today });
        self.report_delivery(input).await
    }

    pub async fn accept(&self, delivery: impl Id, quantity: &str) -> Attempt {
        let input = json!({ "delivery": delivery.id(), "quantity": quantity });
        self.accept_delivery(input).await
    }

    pub async fn evaluate(&self, on: impl Id, grade: &str) -> Attempt {
        let input = json!({ "match": on.id(), "grade": grade });
        self.evaluate_match(input).await
    }

    /// Books a zone for a unit or a community on the first day of the stories, from and to a time of day; `with` overrides and adds.
    pub async fn book(&self, zone: impl Id, by: impl Id, from: &str, to: &str, with: Value) -> Attempt {
        let party = if by.id().starts_with("unit_") { "unit" } else { "community" };
        let at = |time: &str| format!("2025-03-11T{time}:00+08:00");
        let input =
            changed(json!({ "zone": zone.id(), party: by.id(), "startsAt": at(from), "endsAt": at(to), "purpose": "主题党日" }), &with);
        self.book_zone(input).await
    }

    /// Opens a calendar of a zone, or of what this actor booked.
    pub async fn open_calendar(&self, zone: Option<&str>) -> Attempt {
        self.tries("openCalendar", &[("zone", "ID", json!(zone))], CALENDAR).await
    }

    pub async fn renew_pledge_until(&self, pledge: impl Id, day: &str) -> Attempt {
        let arguments = [("id", "ID!", json!(pledge.id())), ("validUntil", "Date", json!(day))];
        self.tries("renewPledge", &arguments, PLEDGE).await
    }

    pub async fn rename_area(&self, id: impl Id, name: &str) -> Attempt {
        let arguments = [("id", "ID!", json!(id.id())), ("name", "String!", json!(name))];
        self.tries("renameArea", &arguments, AREA).await
    }

    pub async fn load_holidays(&self, district: impl Id, table: &str) -> Attempt {
        let arguments = [("district", "ID!", json!(district.id())), ("table", "String!", json!(table))];
        self.tries("loadHolidays", &arguments, AREA).await
    }
}
