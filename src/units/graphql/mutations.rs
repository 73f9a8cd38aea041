//! What can be done with units, alliances, memberships and pairings.

use async_graphql::{Context, ID, Object, Result};

use super::alliances::{Alliance, AllianceKey, Membership, MembershipKey};
use super::inputs::{
    AddUnitInput, ApplyToAllianceInput, EndPairingInput, FoundAllianceInput, InviteUnitInput, PairUnitInput, UpdateAllianceInput,
    UpdateUnitInput,
};
use super::units::{MemberUnit, UnitKey};
use crate::calendar::shanghai_day;
use crate::graphql::{key, mutate, payload, request};
use crate::ids::NodeKind;
use crate::units::actions;

payload!(AddUnitPayload, MemberUnit, UnitKey, "addUnit");
payload!(UpdateUnitPayload, MemberUnit, UnitKey, "updateUnit");
payload!(FoundAlliancePayload, Alliance, AllianceKey, "foundAlliance");
payload!(UpdateAlliancePayload, Alliance, AllianceKey, "updateAlliance");
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
        let outcome = mutate(ctx, |work| async move { actions::admit_membership(&work, id).await });
        AdmitMembershipPayload::of(ctx, outcome.await?).await
    }

    /// Pairs a unit with a community. The result is the unit.
    async fn pair_unit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The unit, the community and the first day.")] input: PairUnitInput,
    ) -> Result<PairUnitPayload> {
        let (unit, community) = (key(NodeKind::Unit, &input.unit)?, key(NodeKind::Area, &input.community)?);
        let since = input.since.unwrap_or_else(|| shanghai_day(request(ctx).now()));
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
        let on = input.on.unwrap_or_else(|| shanghai_day(request(ctx).now()));
        let outcome = mutate(ctx, |work| {
            let reason = input.reason.clone();
            async move { actions::end_pairing(&work, unit, community, on, &reason).await }
        });
        EndPairingPayload::of(ctx, outcome.await?).await
    }
}
