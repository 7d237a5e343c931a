"""Resource types that this server doesn't serve yet: it would accept them and never act on them."""

from __future__ import annotations

from functools import cache

from sickbay.fhir.search.parameters import resource_types

NOT_SERVED = frozenset({"Subscription", "SubscriptionStatus", "SubscriptionTopic"})
"""Nothing is sent to a subscriber. What an older Sickbay stored can be read, searched and deleted."""


@cache
def served_types(version: str) -> tuple[str, ...]:
    """The types that the capability statement lists, sorted."""
    return tuple(one for one in resource_types(version) if one not in NOT_SERVED)
