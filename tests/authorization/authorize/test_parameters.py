"""What stays known of a request when it is mended: the same client and launch, or one that is known besides."""

from __future__ import annotations

from dataclasses import replace

from tests.authorization import samples
from tests.authorization.samples import asking, known

from sickbay.authorization.authorize.parameters import known_for, pkce_mode
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client
from sickbay.kernel.checks import UNKNOWN

LIVE = replace(samples.LAUNCH, timeline="timeline-2")
OTHER = Client("other")
KNOWN = known(live_launch="fresh", live=LIVE, neighbours=(OTHER,), seen=frozenset({("state", "a")}))


def after(**changes: str | None) -> AuthorizeContext:
    return known_for(KNOWN, asking(), asking(**changes))


def test_what_was_not_mended_stays_known() -> None:
    kept = after(scope="launch openid")
    assert (kept.client, kept.launch) == (samples.CLIENT, samples.LAUNCH)
    assert kept.seen == frozenset()


def test_another_client_is_one_of_its_neighbours_or_unknown() -> None:
    assert after(client_id="other").client == OTHER
    assert after(client_id="stranger").client is UNKNOWN


def test_another_launch_is_the_one_that_lives_or_none() -> None:
    assert after(launch="fresh").launch == LIVE
    assert after(launch="stale").launch is None
    assert after(launch=None).launch is None


def test_the_mode_of_pkce_is_the_tenants_then_the_apps_then_if_sent() -> None:
    off = known(server=samples.server(pkce="off"))
    assert pkce_mode(off) == "off"
    assert pkce_mode(known(client=replace(samples.CLIENT, pkce="if-sent"))) == "if-sent"
    assert pkce_mode(known()) == "required"
    assert pkce_mode(AuthorizeContext()) == "if-sent"
