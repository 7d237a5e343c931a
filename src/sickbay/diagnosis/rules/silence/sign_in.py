"""Rules about authorization requests whose pages no one answered."""

from collections.abc import Callable

from sickbay.diagnosis.rule import RuleFunctions
from sickbay.diagnosis.silence.declare import advise_on
from sickbay.diagnosis.silence.progress import Silence
from sickbay.diagnosis.silence.trail import PageName
from sickbay.diagnosis.silence.wording import PAGES
from sickbay.kernel.checks import Facts


def _recognise_page(*pages: PageName) -> Callable[[Silence], Facts | None]:
    def recognise(silence: Silence) -> Facts | None:
        page = silence.since.page
        return {"page": PAGES[page]} if page in pages else None

    return recognise


FUNCTIONS: RuleFunctions = {
    "sign-in-page-not-opened": {"advises": advise_on("login", lambda silence: {} if silence.since.step != "page" else None)},
    "sign-in-page-left": {"advises": advise_on("login", _recognise_page("sign-in"))},
    "context-page-left": {"advises": advise_on("login", _recognise_page("patient", "encounter", "context"))},
    "consent-page-left": {"advises": advise_on("login", _recognise_page("consent"))},
}
