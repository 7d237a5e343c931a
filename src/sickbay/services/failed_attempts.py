"""Counts failed attempts to sign in or to authenticate, for all workers together. Only failures are written. If a sender has
too many, the settings say until when it may have to wait. Every worker
has read the settings before it checks, so a check reads nothing while no sender has to wait.
"""

from __future__ import annotations

from sickbay.services import runtime_settings
from sickbay.services.context import Runtime
from sickbay.services.throttle import WINDOW, Throttled, ThrottleKey
from sickbay.storage.counts import Failures


async def check_throttle(runtime: Runtime, key: ThrottleKey) -> None:
    """Raises Throttled if there were too many failures under this key."""
    if seconds := await seconds_to_wait(runtime, key):
        raise Throttled(seconds, key)


async def seconds_to_wait(runtime: Runtime, key: ThrottleKey) -> int:
    """Returns the seconds until an attempt under this key is allowed; 0 if it is allowed now."""
    now = runtime.now()
    if not runtime.throttle.is_active(now):
        return 0
    record = await runtime.store.get("failure", key.digest(runtime.keys.refresh))
    return runtime.throttle.wait(key.kind, Failures(record.revision, record.at), now) if record else 0


async def count_failure(runtime: Runtime, key: ThrottleKey) -> None:
    """Counts a failure. Raises Throttled if there are now too many: other attempts may have failed at the same time."""
    limit, now = runtime.throttle.limit(key.kind), runtime.now()
    if not limit:
        return
    failures = await runtime.store.count_failure(key.digest(runtime.keys.refresh), key.tenant, now, WINDOW)
    if failures.number >= limit:
        await runtime_settings.announce_throttling(runtime, failures.since + WINDOW)
    if failures.number > limit:
        raise Throttled(runtime.throttle.wait(key.kind, failures, now), key)
