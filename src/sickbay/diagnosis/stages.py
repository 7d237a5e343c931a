"""The stages of a flow: the only list of their names.

A stage whose requests are examined as part of another stage has no examiner of its own. A rule belongs to the stage whose
folder it is in. Exchanges, filters and metrics have these names, and pages have their titles.
"""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar, cast

from msgspec import Struct

from sickbay.diagnosis import examiners
from sickbay.kernel.checks import RefusalType

if TYPE_CHECKING:
    from sickbay.authorization import contexts, requests
    from sickbay.diagnosis.examiner import Examiner

R = TypeVar("R")
K = TypeVar("K")
Delivery: TypeAlias = Literal["redirect", "page", "json", "fhir"]
"""How a refusal is returned: as a redirect or else a page, always as a page, as OAuth's JSON, or as an OperationOutcome."""
Party: TypeAlias = Literal["browser", "app", "auth", "fhir"]
"""An end of an arrow in a timeline. `auth` and `fhir` are the authorization server and the FHIR server of Sickbay."""


class Stage(Struct, Generic[R, K], frozen=True, eq=False, dict=True):
    """One stage of a flow. Its rules and cases are in the folder with its name.

    name:        the name in storage, in filters and in metrics, and of the folder of its rules and cases.
    title:       the name on pages.
    part_of:     the name of the stage whose requests it is about; "" if it has requests of its own.
    recorded:    whether exchanges have this stage, so that they can be filtered by it.
    sender, receiver, sentence: its arrow in a timeline. Without a sentence, the arrow has the title.
    delivery:    how a refusal is returned.
    outcome:     what a refusal comes to, if no endpoint of OAuth or FHIR returns it.
    is_examined: whether `examiners` has a file with its name, which examines its requests.
    examined_by: what examines its requests instead.
    """

    name: str
    title: str
    part_of: str = ""
    recorded: bool = True
    sender: Party = "app"
    receiver: Party = "auth"
    sentence: str = ""
    delivery: Delivery = "json"
    outcome: str = ""
    is_examined: bool = False
    examined_by: Examiner[R, K] | None = None

    def import_module(self) -> ModuleType:
        """The module that examines its requests. It is only imported when it is needed, because a text needs few of them."""
        return import_module(f"{examiners.__name__}.{self.name if self.is_examined else 'nothing'}")

    @cached_property
    def examiner(self) -> Examiner[R, K]:
        return self.examined_by or cast("Examiner[R, K]", self.import_module().EXAMINER)

    def outcome_of(self, refusal: RefusalType) -> str:
        """The response to this refusal in the standard dialect, as a rule states it."""
        if self.outcome:
            return self.outcome
        if self.delivery == "redirect":
            return refusal.error if refusal.redirectable else f"{refusal.error}, on a page"
        if self.delivery == "page":
            return f"{refusal.status}, on a page"
        is_issue_type = self.delivery == "fhir" and "_" not in refusal.error
        return str(refusal.status) if is_issue_type else f"{refusal.status} {refusal.error}"


REGISTRATION: Stage[requests.RegistrationRequest, Any] = Stage(
    "registration", "Registration", outcome="422; the app isn't registered", is_examined=True
)
LAUNCH: Stage[requests.UrlRequest, Any] = Stage(
    "launch",
    "Launch",
    sender="browser",
    receiver="app",
    sentence="The EHR launches your app",
    outcome="the app can't start",
    is_examined=True,
)
DISCOVERY: Stage[Any, Any] = Stage("discovery", "Discovery", receiver="fhir", sentence="Your app looks up the endpoints")
AUTHORIZE: Stage[requests.AuthorizeRequest, contexts.AuthorizeContext] = Stage(
    "authorize",
    "Authorization request",
    sender="browser",
    sentence="Your app requests an authorization code",
    delivery="redirect",
    is_examined=True,
)
LOGIN: Stage[requests.LoginRequest, contexts.LoginContext] = Stage(
    "login",
    "Sign-in and consent",
    sender="browser",
    sentence="The user signs in, chooses or consents",
    delivery="redirect",
    is_examined=True,
)
REDIRECT: Stage[requests.UrlRequest, Any] = Stage(
    "redirect",
    "Authorization response",
    sender="auth",
    receiver="browser",
    sentence="The response goes to your app",
    outcome="the app refuses",
    recorded=False,
    is_examined=True,
)
TOKEN: Stage[requests.TokenRequest, contexts.TokenContext] = Stage(
    "token", "Token request", sentence="Your app exchanges the code for a token", is_examined=True
)
CLIENT_AUTHENTICATION: Stage[Any, Any] = Stage("client_authentication", "Token request", part_of="token", recorded=False)
PKCE: Stage[Any, Any] = Stage("pkce", "Token request", part_of="token", recorded=False)
REFRESH: Stage[Any, Any] = Stage("refresh", "Token refresh", part_of="token", sentence="Your app refreshes its token")
BACKEND: Stage[Any, Any] = Stage("backend", "Token request", part_of="token", sentence="Your app requests a token")
SCRIPT: Stage[requests.TokenRequest, contexts.TokenContext] = Stage("script", "Token for a script", recorded=False)
ID_TOKEN: Stage[Any, Any] = Stage("id_token", "ID token", recorded=False)
ACCESS: Stage[requests.AccessRequest, contexts.AccessContext] = Stage(
    "access", "FHIR request", receiver="fhir", delivery="fhir", is_examined=True
)
SEARCH: Stage[Any, Any] = Stage(
    "search", "FHIR search", part_of="access", receiver="fhir", sentence="Your app searches data", delivery="fhir"
)
APP_STATE: Stage[Any, Any] = Stage("app_state", "App state", part_of="access", receiver="fhir", delivery="fhir", recorded=False)
INTROSPECTION: Stage[requests.TokenRequest, contexts.SubjectContext] = Stage(
    "introspection", "Token introspection", is_examined=True
)
REVOCATION: Stage[requests.TokenRequest, contexts.SubjectContext] = Stage("revocation", "Token revocation", is_examined=True)
USERINFO: Stage[requests.AccessRequest, contexts.AccessContext] = Stage("userinfo", "UserInfo request", is_examined=True)
LOGOUT: Stage[requests.LogoutRequest, contexts.LogoutContext] = Stage("logout", "Sign-out", delivery="page", is_examined=True)
BROWSER: Stage[Any, Any] = Stage("browser", "Browser", sender="browser")
CLOCK: Stage[Any, Any] = Stage("clock", "Clock", recorded=False)
ANSWER: Stage[Any, Any] = Stage("answer", "Error response", recorded=False)
SILENCE: Stage[Any, Any] = Stage("silence", "Missing request", recorded=False)
THROTTLE: Stage[None, None] = Stage("throttle", "Rate limit", recorded=False)
REQUEST: Stage[None, None] = Stage("request", "Request")

STAGES: dict[str, Stage[Any, Any]] = {stage.name: stage for stage in list(globals().values()) if isinstance(stage, Stage)}
FHIR_STAGES = frozenset(name for name, stage in STAGES.items() if stage.delivery == "fhir")


def find_stage(name: str) -> Stage[Any, Any]:
    """The stage with this name; REQUEST for a name that isn't one, which a newer Sickbay may have stored."""
    return STAGES.get(name, REQUEST)


def load_examiners() -> None:
    """Imports what examines requests, so that the first request of a stage isn't slow."""
    for stage in STAGES.values():
        assert stage.examiner
