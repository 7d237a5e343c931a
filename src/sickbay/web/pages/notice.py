"""Short pages: not found (404), wrong host (421), continue in a tab, signed out, and the like."""

from __future__ import annotations

from dataclasses import dataclass

from sickbay.web.pages.frame import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """title begins with the verdict; code is shown in mono; primary is the one thing to do; new_tab opens it apart."""

    title: str
    text: str
    code: str = ""
    primary: Link | None = None
    others: tuple[Link, ...] = ()
    new_tab: bool = False


def not_found(path: str, meant: str = "", root: str = "") -> NoticeView:
    """meant: where it is that was looked for, in a sentence."""
    said = "No page of Sickbay has this address."
    return NoticeView(
        title="Nothing is here",
        text=f"{said} {meant or 'Exchanges are kept for a while and go when Sickbay is reset.'}",
        code=path,
        primary=Link("Go to the hospitals", f"{root}/"),
        others=(Link("See the last exchanges", f"{root}/exchanges"),),
    )


def no_record(ward: str) -> NoticeView:
    """Of a patient who is not there, and of one whom this person may not see: nobody is told which."""
    return NoticeView(
        title="Nobody is here for you to see",
        text="No patient has this id, or it is nobody whose record you may open.",
        primary=Link("Go to the patients", f"{ward}/patients"),
    )


def no_app(ward: str) -> NoticeView:
    return NoticeView(
        title="The app was not launched",
        text="No app of this hospital has this id and a launch address, or the patient is nobody whose record you may open.",
        primary=Link("Go to the patients", f"{ward}/patients"),
    )


def other_method(path: str, method: str, allowed: str) -> NoticeView:
    return NoticeView(
        title=f"This address is not asked with {method}",
        text=f"It takes {allowed}. The same address with one of these methods is answered.",
        code=path,
        primary=Link("Go to the hospitals", "/"),
    )


def continue_in_tab(href: str, app: str, exchange: str = "") -> NoticeView:
    return NoticeView(
        title="Continue in a tab",
        text=f"This browser holds back our cookie inside a frame, so {app or 'the app'} can’t sign you in here. "
        "In a tab of its own it can.",
        code="cookie-samesite-iframe",
        primary=Link("Continue in a tab", href),
        others=(Link("What happened", exchange),) if exchange else (),
        new_tab=True,
    )


def signed_out(hospital: str, sign_in: str) -> NoticeView:
    return NoticeView(
        title="You are signed out",
        text=f"Apps that read with online_access at {hospital} stop now; those with offline_access go on.",
        primary=Link("Sign in again", sign_in),
    )
