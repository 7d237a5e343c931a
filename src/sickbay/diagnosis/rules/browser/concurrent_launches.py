"""The rule about two launches that run in one browser and use each other's values."""

from sickbay.diagnosis import corrections, specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.checks import Facts


def _from_another_launch(facts: Facts) -> Facts | None:
    return facts if facts.get("other_attempt") else None


SESSION_BLEED = Rule(
    id="session-bleed",
    explains="pkce-verifier-mismatch",
    recognises=_from_another_launch,
    severity="warning",
    differs="The app works with one launch at a time, so its request and its registration are right.",
    parameter="code_verifier",
    title="`code_verifier` belongs to another launch of your app",
    why="Two launches are running, and your app probably stores both under the same key. It could show one "
    "patient's data in the other patient's chart.",
    fix="Store the verifier, issuer and token of each launch under its `state`, not under one key for all tabs.",
    spec=specs.SMART_LAUNCH,
    insert_placeholder=corrections.new_verifier,
)
