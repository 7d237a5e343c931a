"""Short pages: not found (404), wrong method (405), continue in a tab, signed out, and the like."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote

from msgspec import Struct

from sickbay.kernel import english
from sickbay.sandbox.population_progress import PopulationProgress
from sickbay.web.pages.parts import Link


class NoticeView(Struct, frozen=True, kw_only=True):
    """title starts with the result. code is shown in monospace. primary is the main action; new_tab opens it in a new tab.
    tab and edit always open in a new tab.

    bar: how much of a task is done, and its total. live: the fragment with the current state of the task; "" if it has none.
    """

    title: str
    text: str
    code: str = ""
    hint: str = ""
    primary: Link | None = None
    others: tuple[Link, ...] = ()
    tab: Link | None = None
    edit: Link | None = None
    new_tab: bool = False
    near: tuple[Link, ...] = ()
    """Addresses that exist near a wrong one."""
    bar: tuple[int, int] | None = None
    live: str = ""
    search: str | None = None
    """Words for a search that the page offers; None for no search."""


GONE: Final[Mapping[str, str]] = {
    "/exchanges/": "Exchanges are deleted after a while, and when Sickbay is reset.",
    "/timelines/": "Launches are deleted after a while, and when Sickbay is reset.",
    "/developer/apps/": "The app isn’t registered, or it was removed.",
    "/developer/hospitals/": "No hospital has this name.",
    "/developer/class/": "No student has this ID, or the student was removed.",
}
"""Maps the start of an address to the reason why its page may not exist."""
_WORD: Final = re.compile(r"[^\W_]{2,}")
SEARCH_CHARACTERS: Final = 80

SMALLER_POPULATION = 500
"""Number of patients above which the page says how to have fewer."""


MEANWHILE: Final = Link("Read how to launch an app meanwhile", "/docs/how-to/first-launch.html")


def show_population_progress(
    hospital: str, version: str, progress: PopulationProgress | None, here: str, live: str = ""
) -> NoticeView:
    """The page that waits for sample patients, or for the appointments of a new day if there is no progress. here: its path."""
    primary = Link("Check again", here)
    first = f"This is the first use of {hospital} with FHIR {version}"
    if progress is None:
        text = f"{first} today. It takes a few seconds. You’ll continue automatically."
        return NoticeView(title="Adding today’s appointments…", text=text, primary=primary, live=live)
    fewer = (
        " A smaller population is ready sooner: `sickbay serve --patients 50`." if progress.total > SMALLER_POPULATION else ""
    )
    return NoticeView(
        title=f"Creating sample patients ({progress.done:,} of {progress.total:,})…",
        text=f"{first}. {_describe_time_left(progress)} You’ll continue automatically.",
        hint=f"Only stored patients are counted.{fewer}",
        primary=primary,
        others=(MEANWHILE,),
        bar=(progress.done, progress.total),
        live=live,
    )


def _describe_time_left(progress: PopulationProgress) -> str:
    if progress.seconds is None:
        return "How long it takes isn’t known yet."
    return f"{english.describe_duration(progress.seconds).capitalize()} left."


def make_not_found(path: str, meant: str = "", near: Sequence[str] = ()) -> NoticeView:
    """meant: a sentence that names the address that was probably meant. near: paths that exist near this one."""
    hint = meant or ("" if near else next((text for start, text in GONE.items() if path.startswith(start)), ""))
    return NoticeView(
        title="Page not found",
        text=f"Sickbay has no page at this address. {hint}".rstrip(),
        code=path,
        primary=Link("Go to the start page", "/"),
        others=(Link("View recent exchanges", "/exchanges"),),
        near=tuple(Link(address, address) for address in near),
        search=" ".join(_WORD.findall(unquote(path)[:SEARCH_CHARACTERS])),
    )


def make_no_record(ehr: str) -> NoticeView:
    """The page for an unknown patient or one the user may not see; it doesn't reveal which."""
    return NoticeView(
        title="Patient not found",
        text="No patient has this ID, or you don’t have access to the record.",
        primary=Link("View your patients", f"{ehr}/patients"),
    )


def make_no_app(ehr: str) -> NoticeView:
    return NoticeView(
        title="The app wasn’t launched",
        text="Either no app of this hospital has this ID and a launch URI, or you don’t have access to this patient.",
        primary=Link("View your patients", f"{ehr}/patients"),
    )


def make_other_method(path: str, method: str, allowed: str) -> NoticeView:
    return NoticeView(
        title=f"{method} isn’t supported here",
        text=f"This address supports {allowed}.",
        code=path,
        primary=Link("Go to the start page", "/"),
    )


def continue_in_tab(href: str, app: str, exchange: str = "") -> NoticeView:
    return NoticeView(
        title="Continue in a tab",
        text=f"This browser didn’t send Sickbay’s cookie in this frame, so {app or 'the app'} can’t sign you in here. "
        "Continue in a separate tab.",
        code="cookie-samesite-iframe",
        primary=Link("Continue in a tab", href),
        others=(Link("View details", exchange),) if exchange else (),
        new_tab=True,
    )


def make_signed_out(hospital: str, sign_in: str) -> NoticeView:
    return NoticeView(
        title="You’re signed out",
        text=f"At {hospital}, apps with online_access lose access now. Apps with offline_access keep it.",
        primary=Link("Sign in again", sign_in),
    )
