//! Verbs of units, alliances, memberships and pairings.
