//! Every object that has a global id, and how it is fetched by it.

use async_graphql::{Context, ID, Interface, Object, Result};

use super::request;
use crate::areas::graphql::{AreaKey, GovernanceArea};
use crate::bookings::graphql::{Booking, BookingCalendar, BookingKey, BookingSeries, CalendarKey, SeriesKey};
use crate::clients::graphql::{ClientKey, PartnerClient};
use crate::complaints::graphql::{Complaint, ComplaintKey};
use crate::contributions::graphql::{Contribution, ContributionKey};
use crate::error::AppError;
use crate::ids::{GlobalId, NodeKind};
use crate::matches::graphql::{Delivery, DeliveryKey, Evaluation, EvaluationKey, Match, MatchKey, Picture, PictureKey};
use crate::needs::graphql::{CommunityNeed, NeedKey};
use crate::resources::graphql::{PledgeKey, ResourcePledge};
use crate::robots::graphql::{Robot, RobotKey};
use crate::sittings::graphql::{Reservation, ReservationKey};
use crate::units::graphql::{Alliance, AllianceKey, MemberUnit, Membership, MembershipKey, UnitKey};
use crate::venues::graphql::{CoBuildingKey, FunctionZone, ServiceKey, Venue, VenueCoBuilding, VenueKey, VenueService, ZoneKey};
use crate::webhooks::graphql::{MessageKey, Webhook, WebhookKey, WebhookMessage};

/// Everything that has a global id.
#[derive(Interface, Clone)]
#[graphql(field(name = "id", ty = "ID", desc = "The global id: typed, opaque, never reused."))]
pub enum Node {
    GovernanceArea(GovernanceArea),
    Alliance(Alliance),
    Membership(Membership),
    MemberUnit(MemberUnit),
    ResourcePledge(ResourcePledge),
    CommunityNeed(CommunityNeed),
    Match(Match),
    Delivery(Delivery),
    Picture(Picture),
    Evaluation(Evaluation),
    Contribution(Contribution),
    Venue(Venue),
    FunctionZone(FunctionZone),
    VenueService(VenueService),
    VenueCoBuilding(VenueCoBuilding),
    Reservation(Reservation),
    Booking(Booking),
    BookingSeries(BookingSeries),
    BookingCalendar(BookingCalendar),
    PartnerClient(PartnerClient),
    Webhook(Webhook),
    WebhookMessage(WebhookMessage),
    Robot(Robot),
    Complaint(Complaint),
}

/// Fetches objects by id, in the order asked for; what does not exist and what may not be seen is `None`. One statement for each kind.
pub async fn load_nodes(ctx: &Context<'_>, ids: &[GlobalId]) -> Result<Vec<Option<Node>>> {
    let loader = &request(ctx).loader;
    macro_rules! of_kind {
        ($kind:ident, $key:path) => {{
            let keys = ids.iter().filter(|id| id.kind == NodeKind::$kind).map(|id| $key(id.key));
            loader.load_many(keys).await?
        }};
    }
    let areas = of_kind!(Area, AreaKey);
    let units = of_kind!(Unit, UnitKey);
    let alliances = of_kind!(Alliance, AllianceKey);
    let memberships = of_kind!(Membership, MembershipKey);
    let pledges = of_kind!(Pledge, PledgeKey);
    let needs = of_kind!(Need, NeedKey);
    let matches = of_kind!(Match, MatchKey);
    let deliveries = of_kind!(Delivery, DeliveryKey);
    let pictures = of_kind!(Picture, PictureKey);
    let evaluations = of_kind!(Evaluation, EvaluationKey);
    let contributions = of_kind!(Contribution, ContributionKey);
    let venues = of_kind!(Venue, VenueKey);
    let zones = of_kind!(Zone, ZoneKey);
    let services = of_kind!(Service, ServiceKey);
    let co_buildings = of_kind!(CoBuilding, CoBuildingKey);
    let reservations = of_kind!(Reservation, ReservationKey);
    let bookings = of_kind!(Booking, BookingKey);
    let series = of_kind!(Series, SeriesKey);
    let calendars = of_kind!(Calendar, CalendarKey);
    let clients = of_kind!(Client, ClientKey);
    let webhooks = of_kind!(Webhook, WebhookKey);
    let messages = of_kind!(WebhookMessage, MessageKey);
    let robots = of_kind!(Robot, RobotKey);
    let complaints = of_kind!(Complaint, ComplaintKey);
    let node = |id: &GlobalId| match id.kind {
        NodeKind::Area => areas.get(&AreaKey(id.key)).cloned().map(Node::from),
        NodeKind::Unit => units.get(&UnitKey(id.key)).cloned().map(Node::from),
        NodeKind::Alliance => alliances.get(&AllianceKey(id.key)).cloned().map(Node::from),
        NodeKind::Membership => memberships.get(&MembershipKey(id.key)).cloned().map(Node::from),
        NodeKind::Pledge => pledges.get(&PledgeKey(id.key)).cloned().map(Node::from),
        NodeKind::Need => needs.get(&NeedKey(id.key)).cloned().map(Node::from),
        NodeKind::Match => matches.get(&MatchKey(id.key)).cloned().map(Node::from),
        NodeKind::Delivery => deliveries.get(&DeliveryKey(id.key)).cloned().map(Node::from),
        NodeKind::Picture => pictures.get(&PictureKey(id.key)).cloned().map(Node::from),
        NodeKind::Evaluation => evaluations.get(&EvaluationKey(id.key)).cloned().map(Node::from),
        NodeKind::Contribution => contributions.get(&ContributionKey(id.key)).cloned().map(Node::from),
        NodeKind::Venue => venues.get(&VenueKey(id.key)).cloned().map(Node::from),
        NodeKind::Zone => zones.get(&ZoneKey(id.key)).cloned().map(Node::from),
        NodeKind::Service => services.get(&ServiceKey(id.key)).cloned().map(Node::from),
        NodeKind::CoBuilding => co_buildings.get(&CoBuildingKey(id.key)).cloned().map(Node::from),
        NodeKind::Reservation => reservations.get(&ReservationKey(id.key)).cloned().map(Node::from),
        NodeKind::Booking => bookings.get(&BookingKey(id.key)).cloned().map(Node::from),
        NodeKind::Series => series.get(&SeriesKey(id.key)).cloned().map(Node::from),
        NodeKind::Calendar => calendars.get(&CalendarKey(id.key)).cloned().map(Node::from),
        NodeKind::Client => clients.get(&ClientKey(id.key)).cloned().map(Node::from),
        NodeKind::Webhook => webhooks.get(&WebhookKey(id.key)).cloned().map(Node::from),
        NodeKind::WebhookMessage => messages.get(&MessageKey(id.key)).cloned().map(Node::from),
        NodeKind::Robot => robots.get(&RobotKey(id.key)).cloned().map(Node::from),
        NodeKind::Complaint => complaints.get(&ComplaintKey(id.key)).cloned().map(Node::from),
        NodeKind::Pairing | NodeKind::Account | NodeKind::Grant => None,
    };
    Ok(ids.iter().map(node).collect())
}

#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The object with an id; null where there is none or the viewer may not see it.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "The global id.")] id: ID) -> Result<Option<Node>> {
        let Some(id) = GlobalId::parse(&id) else { return Ok(None) };
        Ok(load_nodes(ctx, &[id]).await?.pop().flatten())
    }

    /// The objects with these ids, in their order, null in the place of each that there is not.
    async fn nodes(&self, ctx: &Context<'_>, #[graphql(desc = "The global ids, at most 100.")] ids: Vec<ID>) -> Result<Vec<Option<Node>>> {
        if ids.len() > 100 {
            return Err(AppError::BadInput { zh: "一次最多查询 100 个", en: "At most 100 ids at a time" }.into());
        }
        let parsed: Vec<Option<GlobalId>> = ids.iter().map(|id| GlobalId::parse(id)).collect();
        let known: Vec<GlobalId> = parsed.iter().flatten().copied().collect();
        let mut found = load_nodes(ctx, &known).await?.into_iter();
        Ok(parsed.into_iter().map(|id| id.and_then(|_| found.next().flatten())).collect())
    }
}
