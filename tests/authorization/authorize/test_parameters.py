"""What is still known of a corrected request: the same client and launch, or others that were loaded too."""

from __future__ import annotations

from msgspec import structs
from tests.authorization import samples
from tests.authorization.samples import sample_context, sample_request

from sickbay.authorization.authorize.parameters import context_for, pkce_mode
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client
from sickbay.kernel.checks import UNKNOWN

LIVE = structs.replace(samples.LAUNCH, timeline="timeline-2")
OTHER = Client("other")
KNOWN = sample_context(live_launch="fresh", live=LIVE, newest_clients=(OTHER,), seen=frozenset({("state", "a")}))


def after(**changes: str | None) -> AuthorizeContext:
    return context_for(KNOWN, sample_request(), sample_request(**changes))


def test_what_was_not_corrected_is_still_known() -> None:
    context = after(scope="launch openid")
    assert (context.client, context.launch) == (samples.CLIENT, samples.LAUNCH)
    assert context.seen == frozenset()


def test_another_client_is_a_likely_client_or_unknown() -> None:
    assert after(client_id="other").client == OTHER
    assert after(client_id="stranger").client is UNKNOWN


def test_another_launch_is_the_live_one_or_none() -> None:
    assert after(launch="fresh").launch == LIVE
    assert after(launch="stale").launch is None
    assert after(launch=None).launch is None


def test_a_corrected_request_came_to_the_wrong_address_only_if_its_address_is_the_same() -> None:
    wrong, sent = sample_context(misdirected=True), sample_request()
    moved = structs.replace(sent, url=sent.url.replace("/authorize", "/elsewhere"))
    assert context_for(wrong, sent, sample_request()).misdirected is True
    assert context_for(wrong, sent, moved).misdirected is False
    assert context_for(sample_context(), sent, sample_request()).misdirected is False


def test_the_pkce_mode_is_the_tenants_or_the_apps_or_if_sent() -> None:
    off = sample_context(server=samples.server(pkce="off"))
    assert pkce_mode(off) == "off"
    assert pkce_mode(sample_context(client=structs.replace(samples.CLIENT, pkce="if-sent"))) == "if-sent"
    assert pkce_mode(sample_context()) == "required"
    assert pkce_mode(AuthorizeContext()) == "if-sent"
