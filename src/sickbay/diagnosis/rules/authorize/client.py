"""Rules about `client_id`: missing, unknown, or not active yet."""

import re
from datetime import UTC, datetime

from sickbay.authorization.contexts import AuthorizeContext, TokenContext
from sickbay.authorization.likely_clients import NEIGHBOURS
from sickbay.authorization.models import Client
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis import corrections, placeholders
from sickbay.diagnosis.guesses import MASKED
from sickbay.diagnosis.lists import LISTS
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.diagnosis.values import describe_placeholder, first_stray_character, is_masked, strip_stray_characters
from sickbay.kernel.checks import Facts
from sickbay.kernel.similar_names import find_closest

_SAMPLE = re.compile("|".join(LISTS["sample_client_ids"]), re.I | re.S)
"""Not `my-app`, which apps are registered as."""
_BRACKETS = (("<", ">"), ("[", "]"), ("{", "}"))


def _is_sample(text: str) -> bool:
    around = ((text.find(opener), text.rfind(closer)) for opener, closer in _BRACKETS)
    has_brackets = any(0 <= start < end for start, end in around)
    return has_brackets or "xxxx" in text.lower() or _SAMPLE.fullmatch(text) is not None


_LONGEST_ID = 128
"""Characters of a client_id that is compared with the registered ones."""


def _add_only_app(facts: Facts) -> Facts:
    """Adds the registered ID that is meant, if there is only one."""
    if facts.get("nearest"):
        return facts
    others = list(facts.get("others") or ())
    return _add_placeholder({**facts, "nearest": others[0] if len(others) == 1 else None})


def _add_placeholder(facts: Facts) -> Facts:
    """If several apps are registered and none is closer than the others, adds their names and a placeholder."""
    if facts.get("nearest") or len(facts.get("others") or ()) < 2:
        return facts
    named = list(facts.get("others_named") or facts["others"])
    more = len(facts["others"]) - len(named)
    rest = " and others" if len(facts["others"]) >= NEIGHBOURS else f" and {more} more" if more > 0 else ""
    listed = f"{', '.join(named)}{rest}"
    return {**facts, "registered_here": f"Registered here: {listed}.", "nearest": placeholders.PLACEHOLDER_CLIENT_ID}


def _client_is_active_later(facts: Facts) -> Facts | None:
    live_at = facts.get("live_at")
    return {**facts, "expected": _clock_time(live_at)} if isinstance(live_at, int) else None


def _clock_time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S UTC")


def _has_stray_characters(facts: Facts) -> Facts | None:
    received = str(facts["received"])
    bare_id = strip_stray_characters(received)
    if bare_id == received or bare_id not in facts["others"]:
        return None
    return {**facts, "expected": bare_id, "what": first_stray_character(received)}


def _client_id_is_placeholder(facts: Facts) -> Facts | None:
    received = str(facts["received"]).strip()
    what = describe_placeholder(received) or ("sample text that wasn't replaced" if _is_sample(received) else None)
    return {**_add_only_app(facts), "what": what} if what else None


def _is_sample_text(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    """Recognises sample text even if no registration is known. It may have been masked before it was pasted."""
    received = request.parameters.get("client_id") or ""
    facts = _client_id_is_placeholder({"received": received})
    return {**facts, **MASKED} if facts and is_masked(received) else facts


def _hint_at_nearest_app(facts: Facts) -> Facts:
    if facts.get("nearest"):
        by_uri = facts.get("by") == "redirect_uri"
        how = "The request's `redirect_uri` belongs to" if by_uri else f"`{facts['received']}` is the app ID or the name of"
        return {**facts, "hint": f"{how} the app whose `client_id` is `{facts['nearest']}`."}
    others = [str(other) for other in facts.get("others") or ()]
    received = str(facts["received"])
    same = next((other for other in others if other.lower() == received.lower()), None)
    close = same or find_closest(received, others, longest=_LONGEST_ID)
    hint = f"The closest registered ID is `{close}`." if close else "No registered ID is similar."
    return _add_placeholder({**facts, "nearest": close, "hint": hint})


def _find_pending_change(request: object, context: AuthorizeContext | TokenContext) -> Facts | None:
    if context.live_at is None or not isinstance(context.client, Client):
        return None
    return {"received": context.client.client_id, "expected": _clock_time(context.live_at)}


FUNCTIONS: RuleFunctions = {
    "client-id-missing": {
        "recognises": _add_only_app,
        "repair": corrections.set_client_id("nearest"),
        "insert_placeholder": corrections.set_placeholder("client_id"),
    },
    "client-not-live-yet": {"recognises": _client_is_active_later},
    "client-id-whitespace": {"recognises": _has_stray_characters, "repair": corrections.set_client_id("expected")},
    "client-id-placeholder": {
        "recognises": _client_id_is_placeholder,
        "advises": _is_sample_text,
        "repair": corrections.set_client_id("nearest"),
    },
    "client-id-unknown": {"recognises": _hint_at_nearest_app, "repair": corrections.set_client_id("nearest")},
    "client-change-not-live-yet": {"advises": _find_pending_change},
}
