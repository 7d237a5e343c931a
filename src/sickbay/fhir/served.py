"""Resource types that this server doesn't serve yet: it would accept them and never act on them."""

from __future__ import annotations

from functools import cache

from sickbay.fhir.search.parameters import resource_types

NOT_SERVED = frozenset({"Subscription", "SubscriptionStatus", "SubscriptionTopic"})
"""Notifications aren't sent to subscribers. Resources stored by an older Sickbay can be read, searched and deleted."""


@cache
def served_types(version: str) -> tuple[str, ...]:
    """Returns the types that the capability statement lists, sorted."""
    return tuple(type for type in resource_types(version) if type not in NOT_SERVED)
