"""Rules about authorization requests whose pages no one answered."""

from __future__ import annotations

from collections.abc import Callable

from sickbay.diagnosis import specs
from sickbay.diagnosis.silence.declare import silence_rule
from sickbay.diagnosis.silence.progress import Silence
from sickbay.diagnosis.silence.trail import PageName
from sickbay.diagnosis.silence.wording import PAGES
from sickbay.kernel.checks import Facts


def _not_opened(silence: Silence) -> Facts | None:
    return {} if silence.since.step != "page" else None


def _recognise_page(*pages: PageName) -> Callable[[Silence], Facts | None]:
    def recognise(silence: Silence) -> Facts | None:
        page = silence.since.page
        return {"page": PAGES[page]} if page in pages else None

    return recognise


RULES = (
    silence_rule(
        "login",
        "sign-in-page-not-opened",
        title="No browser opened the page that asks the user",
        why="The response to the authorization request redirects to a page of Sickbay. Clients that don't follow redirects, "
        "or send the request with `fetch`, never show it.",
        fix="Open the authorization URL as a page: set `window.location`, or open the system's browser. A test can follow the "
        "redirect with cookies, or set `auto_approve` for the app.",
        recognise=_not_opened,
        spec=specs.SMART_AUTHORIZE,
    ),
    silence_rule(
        "login",
        "sign-in-page-left",
        title="The user left the sign-in page",
        why="The {page} was shown, and no one signed in.",
        fix="Sign in with one of the users that the page lists. A test that can't do that should set `auto_approve` for the "
        "app.",
        recognise=_recognise_page("sign-in"),
        spec=specs.SMART_AUTHORIZE,
    ),
    silence_rule(
        "login",
        "context-page-left",
        title="The user left the {page} without choosing",
        why="The user is signed in. The app requested a context that the launch doesn't have, so Sickbay asks for it.",
        fix="Choose one, or launch the app from a chart, which provides the patient and the visit. A test can set them in "
        "`auto_approve` or in `POST /admin/launches`.",
        recognise=_recognise_page("patient", "encounter", "context"),
        spec=specs.SMART_CONTEXT,
    ),
    silence_rule(
        "login",
        "consent-page-left",
        title="The user left the consent page without an answer",
        why="The user is signed in, and neither allowed nor denied access.",
        fix="Allow or deny access on that page. A test that can't do that should set `auto_approve` for the app.",
        recognise=_recognise_page("consent"),
        spec=specs.SMART_AUTHORIZE,
    ),
)
