"""Timelines: the exchanges of one launch that a reader may see, at most one page of them.

An exchange is in the timeline of a grant if it names the app that the grant was issued to (the services ensure that). Naming
an app proves nothing, so the public sees an exchange in a timeline, and the timeline's id in an exchange, only if the request
also proved that it came from the app (`proven`). The administrator sees all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sickbay.authorization import access, authorize, client_assertion, client_authentication, pkce, refresh, revocation, token
from sickbay.authorization.authorize import launch
from sickbay.authorization.refusals.login import COOKIE_SAMESITE_IFRAME
from sickbay.services.context import Runtime
from sickbay.services.journal import exchange_record
from sickbay.services.journal.journal import Journal
from sickbay.storage.interface import Record

FIRST, LAST = 20, 80
"""Exchanges shown of a longer timeline: the first ones and the newest."""
COUNTED = 10_000
"""The maximum to which the other exchanges are counted."""
PROOFS = frozenset(
    check.name
    for check in (
        # authorization request: the response goes to the app itself, and the launch code was issued to that app
        authorize.GATE,
        launch.launch_code_was_issued_here,
        launch.launch_code_is_this_apps,
        # token endpoint, introspection, revocation: the client's credentials, and a grant that was issued to this client
        client_authentication.client_is_registered,
        client_authentication.credentials_are_sent,
        client_authentication.method_is_the_registered_one,
        client_authentication.secret_is_right,
        client_assertion.signature_is_right,
        client_assertion.assertion_is_used_once,
        token.code_is_known,
        token.code_is_of_this_client,
        token.code_is_fresh,
        token.code_is_unused,
        pkce.verifier_is_sent,
        pkce.verifier_fits_the_challenge,
        refresh.refresh_token_is_known,
        refresh.refresh_token_is_of_this_client,
        refresh.refresh_token_is_not_revoked,
        refresh.refresh_token_is_fresh,
        refresh.refresh_token_is_the_current_one,
        revocation.token_is_of_this_client,
        # FHIR: the bearer of a valid token
        access.token_is_sent,
        access.token_is_bearer,
        access.token_is_known,
        access.token_is_not_revoked,
        access.token_has_its_client_and_user,
        access.token_is_fresh,
        access.token_is_of_this_issuer,
    )
)
"""Checks that must have passed, if they ran, before a refused request counts as coming from the app that it names."""
UNPROVEN = frozenset((COOKIE_SAMESITE_IFRAME.name,))
"""Refusals of requests that came without the browser's session, and so without any proof."""


MEMBERS = ("id", "at", "tenant", "app", "launch", "stage", "checks", "findings", "decided", "scopes", "refresh")
"""Members of an exchange that a timeline shows, besides the method, the URL and the status."""


class Timeline(NamedTuple):
    """exchanges: oldest first. left_out: how many between the first and the newest ones aren't shown."""

    exchanges: list[dict[str, Any]]
    left_out: int = 0


def proven(entry: Mapping[str, Any]) -> bool:
    """Whether the request proved that it came from the app in whose timeline it is."""
    if entry.get("decided") in UNPROVEN:
        return False
    proofs = [check for check in entry.get("checks") or () if check["name"] in PROOFS]
    return all(check["outcome"] == "passed" for check in proofs)


async def read(runtime: Runtime, journal: Journal, id: str, *, full: bool) -> Timeline:
    """At most FIRST + LAST exchanges: all of them for a full reader, only proven ones for others."""
    await journal.flush()
    newest = await runtime.store.find("exchange", family=id, limit=FIRST + LAST)
    records, left_out = newest[::-1], 0
    if len(newest) == FIRST + LAST:
        oldest = await runtime.store.find("exchange", family=id, limit=FIRST, oldest=True)
        shown = {record.key: record for record in (*oldest, *newest[LAST - 1 :: -1])}
        count = await runtime.store.count_family("exchange", id, COUNTED)
        records, left_out = list(shown.values()), max(0, count - len(shown))
    entries = [await _line(runtime, record) for record in records]
    entries.sort(key=lambda entry: float(entry["at"]))
    return Timeline([entry for entry in entries if full or proven(entry)], left_out)


async def _line(runtime: Runtime, record: Record) -> dict[str, Any]:
    """One exchange without headers and bodies."""
    entry = await exchange_record.whole(runtime, record, False)
    members = {name: entry[name] for name in MEMBERS if name in entry}
    sent, response = entry["request"], entry["response"]
    request = {"method": sent["method"], "url": sent["url"]}
    return members | {"request": request, "response": {"status": response["status"]}}
