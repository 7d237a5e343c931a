"""The sentences that say what was last seen of a launch, and what is missing since. Their words are in wording.md."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from sickbay.diagnosis.rule_file import read_sections
from sickbay.diagnosis.silence.progress import LaunchStatus
from sickbay.diagnosis.silence.trail import Event, PageName
from sickbay.kernel import english


class Sentences(NamedTuple):
    """waiting: the headline while the step may still come. missing: the headline afterwards. seen: what happened last, and what
    didn't since. ago: the same with the seconds, for a report.
    """

    waiting: str
    missing: str
    seen: str
    ago: str


PAGES: Final[dict[PageName, str]] = {
    "sign-in": "sign-in page",
    "patient": "patient picker",
    "encounter": "visit picker",
    "context": "context picker",
    "consent": "consent page",
}


@cache
def _load_texts() -> dict[str, dict[str, str]]:
    """For each awaited step the templates of its sentences."""
    return read_sections(Path(__file__).with_suffix(".md"))


def choose_sentences(found: LaunchStatus, app: str = "", where: str = "") -> Sentences | None:
    """What to say about the awaited step; None if nothing is awaited. where: the address that the browser was sent to."""
    if found.awaited is None or found.since is None:
        return None
    texts, last = _load_texts()[found.awaited], _last_step(found.awaited, found.since)
    name, event = app or "your app", found.since
    facts = {
        "name": name,
        "Name": name[:1].upper() + name[1:],
        "where": f"to {where} " if where else "to the app ",
        "at": _clock_time(event.clock or event.at),
        "expires": _clock_time(event.expires),
        "page": PAGES[event.page] if event.page else "page",
        "ago": f"{found.seconds:.0f} s",
    }
    templates = (texts.get(f"{last} {kind}") or texts[kind] for kind in Sentences._fields)
    return Sentences(*(template.format_map(facts) for template in templates))


def _last_step(awaited: str, since: Event) -> str:
    if since.step == "launch":
        return "script" if since.by_script else "launch"
    return "token" if since.step == "refresh" and awaited != "again" else since.step


def _clock_time(at: float) -> str:
    return english.format_clock(english.parse_datetime(at), seconds=True)
