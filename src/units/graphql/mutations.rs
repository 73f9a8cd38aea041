//! What can be done with units, alliances, memberships and pairings.

use async_graphql::{Context, ID, Object, Result};

use super::alliances::{Alliance, AllianceKey, Membership, MembershipKey};
use super::inputs::{
    AddUnitInput, ApplyToAllianceInput, EndPairingInput, FoundAllianceInput, InviteUnitInput, PairUnitInput, UpdateAllianceInput,
    UpdateUnitInput,
};
use super::units::{MemberUnit, UnitKey};
use crate::calendar::shanghai_day;
use crate::date::day;
use crate::graphql::{key, mutate, payload, request};
use crate::ids::NodeKind;
use crate::matches::standing;
use crate::units::actions;

payload!(AddUnitPayload, MemberUnit, UnitKey, "addUnit");
payload!(UpdateUnitPayload, MemberUnit, UnitKey, "updateUnit");
payload!(FoundAlliancePayload, Alliance, AllianceKey, "foundAlliance");
payload!(UpdateAlliancePayload, Alliance, AllianceKey, "updateAlliance");
payload!(SuspendMembershipPayload, Membership, MembershipKey, "suspendMembership");
payload!(ResumeMembershipPayload, Membership, MembershipKey, "resumeMembership");
payload!(LeaveAlliancePayload, Membership, MembershipKey, "leaveAlliance");
payload!(InviteUnitPayload, Membership, MembershipKey, "inviteUnit");
payload!(ApplyToAlliancePayload, Membership, MembershipKey, "applyToAlliance");
payload!(AdmitMembershipPayload, Membership, MembershipKey, "admitMembership");
payload!(PairUnitPayload, MemberUnit, UnitKey, "pairUnit");
payload!(EndPairingPayload, MemberUnit, UnitKey, "endPairing");

#[derive(Default)]
pub struct UnitMutation;

#[Object]
impl UnitMutation {
    /// Adds a member unit to a district.
    async fn add_unit(&self, ctx: &Context<'_>, #[graphql(desc = "The new unit.")] input: AddUnitInput) -> Result<AddUnitPayload> {
        let new = input.read()?;
        let outcome = mutate(ctx, |work| {
            let new = new.clone();
            async move { actions::add_unit(&work, &new).await }
        });
        AddUnitPayload::of(ctx, outcome.await?).await
    }

    /// Changes a unit's entry.
    async fn update_unit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The unit and what changes.")] input: UpdateUnitInput,
    ) -> Result<UpdateUnitPayload> {
        let change = input.read()?;
        let outcome = mutate(ctx, |work| {
            let change = change.clone();
            async move { actions::update_unit(&work, &change).await }
        });
        UpdateUnitPayload::of(ctx, outcome.await?).await
    }

    /// Founds an alliance of an area.
    async fn found_alliance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new alliance.")] input: FoundAllianceInput,
    ) -> Result<FoundAlliancePayload> {
        let host = key(NodeKind::Area, &input.host)?;
        let outcome = mutate(ctx, |work| {
            let (name, model) = (input.name.clone(), input.model.clone());
            async move { actions::found_alliance(&work, host, &name, model.as_deref()).await }
        });
        FoundAlliancePayload::of(ctx, outcome.await?).await
    }

    /// Changes an alliance's name or model.
    async fn update_alliance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The alliance and what changes.")] input: UpdateAllianceInput,
    ) -> Result<UpdateAlliancePayload> {
        let change = input.read()?;
        let outcome = mutate(ctx, |work| {
            let change = change.clone();
            async move { actions::update_alliance(&work, &change).await }
        });
        UpdateAlliancePayload::of(ctx, outcome.await?).await
    }

    /// Invites a unit to an alliance, for its host; the unit accepts by `admitMembership`.
    async fn invite_unit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who invites whom to what.")] input: InviteUnitInput,
    ) -> Result<InviteUnitPayload> {
        let offer = input.read()?;
        let outcome = mutate(ctx, |work| {
            let offer = offer.clone();
            async move { actions::invite_unit(&work, &offer).await }
        });
        InviteUnitPayload::of(ctx, outcome.await?).await
    }

    /// Applies to an alliance, for a unit; the host accepts by `admitMembership`.
    async fn apply_to_alliance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who applies where for what.")] input: ApplyToAllianceInput,
    ) -> Result<ApplyToAlliancePayload> {
        let offer = input.read()?;
        let outcome = mutate(ctx, |work| {
            let offer = offer.clone();
            async move { actions::apply_to_alliance(&work, &offer).await }
        });
        ApplyToAlliancePayload::of(ctx, outcome.await?).await
    }

    /// Makes a unit an active member: the host admits one that applied, the unit accepts an invitation.
    async fn admit_membership(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The membership, APPLIED or INVITED.")] id: ID,
    ) -> Result<AdmitMembershipPayload> {
        let id = key(NodeKind::Membership, &id)?;
        let outcome = mutate(ctx, |work| async move { standing::admit(&work, id).await });
        AdmitMembershipPayload::of(ctx, outcome.await?).await
    }

    /// Suspends a member. Once none of its memberships is active, its pledges are hidden, its applications given back and its confirmed
    /// matches listed for reassignment.
    async fn suspend_membership(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The membership.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] reason: String,
    ) -> Result<SuspendMembershipPayload> {
        let id = key(NodeKind::Membership, &id)?;
        let outcome = mutate(ctx, |work| {
            let reason = reason.clone();
            async move { standing::suspend(&work, id, &reason).await }
        });
        SuspendMembershipPayload::of(ctx, outcome.await?).await
    }

    /// Takes a suspended member back; its pledges are shown again.
    async fn resume_membership(&self, ctx: &Context<'_>, #[graphql(desc = "The membership.")] id: ID) -> Result<ResumeMembershipPayload> {
        let id = key(NodeKind::Membership, &id)?;
        let outcome = mutate(ctx, |work| async move { standing::resume(&work, id).await });
        ResumeMembershipPayload::of(ctx, outcome.await?).await
    }

    /// Ends a membership: the unit leaves or turns an invitation down, or the host turns an applicant down.
    async fn leave_alliance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The membership.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] reason: String,
    ) -> Result<LeaveAlliancePayload> {
        let id = key(NodeKind::Membership, &id)?;
        let outcome = mutate(ctx, |work| {
            let reason = reason.clone();
            async move { standing::leave(&work, id, &reason).await }
        });
        LeaveAlliancePayload::of(ctx, outcome.await?).await
    }

    /// Pairs a unit with a community. The result is the unit.
    async fn pair_unit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The unit, the community and the first day.")] input: PairUnitInput,
    ) -> Result<PairUnitPayload> {
        let (unit, community) = (key(NodeKind::Unit, &input.unit)?, key(NodeKind::Area, &input.community)?);
        let since = day(input.since).unwrap_or_else(|| shanghai_day(request(ctx).now()));
        let outcome = mutate(ctx, |work| async move { actions::pair_unit(&work, unit, community, since).await });
        PairUnitPayload::of(ctx, outcome.await?).await
    }

    /// Ends the pairing of a unit with a community. The result is the unit.
    async fn end_pairing(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The unit, the community, the last day and why.")] input: EndPairingInput,
    ) -> Result<EndPairingPayload> {
        let (unit, community) = (key(NodeKind::Unit, &input.unit)?, key(NodeKind::Area, &input.community)?);
        let on = day(input.on).unwrap_or_else(|| shanghai_day(request(ctx).now()));
        let outcome = mutate(ctx, |work| {
            let reason = input.reason.clone();
            async move { actions::end_pairing(&work, unit, community, on, &reason).await }
        });
        EndPairingPayload::of(ctx, outcome.await?).await
    }
}
