"""Rules about how parameters are written: their names, what clings to their values, what has no place here.

They come last, so that what they mend is what the app itself sent, and not an example put in its place.
"""

import re
from typing import TypeVar

from sickbay.authorization.known import AuthorizeKnown
from sickbay.authorization.login_prompt import PROMPTS
from sickbay.authorization.requests import AuthorizeRequest, LogoutRequest, TokenRequest
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.diagnosis.rules.authorize.transport import names_of
from sickbay.diagnosis.values import bare, clinging
from sickbay.kernel.refusal import Facts

P = TypeVar("P", AuthorizeRequest, TokenRequest, LogoutRequest)
S = TypeVar("S", AuthorizeRequest, TokenRequest)
OTHER_NAMES = {"scopes": "scope", "redirecturl": "redirect_uri", "callbackurl": "redirect_uri"}
AFTER_LOGOUT = dict.fromkeys(("redirecturi", "redirecturl", "returnto", "postlogoutredirecturl"), "post_logout_redirect_uri")


def _meant(request: AuthorizeRequest | TokenRequest | LogoutRequest) -> dict[str, str]:
    """Letters of a name -> the parameter, under its own name or what others call it."""
    others = AFTER_LOGOUT | {"idtoken": "id_token_hint"} if isinstance(request, LogoutRequest) else OTHER_NAMES
    return {_letters(name): name for name in names_of(request)} | others


def _letters(name: str) -> str:
    return re.sub(r"^amp;|[^a-z]", "", name.lower())


_ALL = re.compile(r"(\w+)\s*[:=]\s*([^\s&][^&]*)")
"""Name and value in one: the sign between them was a colon, or was encoded."""


def _apart(name: str, value: str) -> tuple[str, str]:
    whole = None if value else _ALL.fullmatch(name)
    return (whole[1], whole[2]) if whole else (name, value)


def _misnamed(request: AuthorizeRequest | TokenRequest | LogoutRequest, known: object) -> Facts | None:
    right = names_of(request)
    if all(name in right for name, _ in request.parameters):
        return None
    alike = _meant(request)
    sent = {name: alike.get(_letters(_apart(name, value)[0]), "") for name, value in request.parameters}
    wrong = {name: meant for name, meant in sent.items() if meant and name not in right and meant not in request.parameters}
    expected = list(dict.fromkeys(wrong.values()))
    return {"names": list(wrong), "expected": expected, "received": list(wrong), "brings": expected} if wrong else None


def _renamed(request: P, facts: Facts) -> P:
    """A list that was sent as several is one again: scope[0], scope[1]."""
    alike = _meant(request)
    meant: dict[str, list[str]] = {}
    for name, value in request.parameters:
        if name in facts["received"]:
            bare, text = _apart(name, value)
            meant.setdefault(alike[_letters(bare)], []).append(text.strip() if bare != bare.strip() else text)
    changes = [(name, " ".join(many) if name == "scope" else many[0]) for name, many in meant.items()]
    return repairs.with_parameters(request, *changes, *((name, None) for name in facts["received"]))


PARAMETER_NAME_WRONG = Rule(
    id="parameter-name-wrong",
    stage="authorize",
    at=("token", "logout"),
    severity="error",
    outcome="advice",
    advises=_misnamed,
    title="Your app sent {names}, which is no name of a parameter",
    why="Names are compared letter by letter, and are in lower case with underscores; what has another name is overlooked.",
    fix="Write {expected}.",
    spec=specs.rfc(6749, "4.1.1", "Authorization Request"),
    repair=_renamed,
    root=True,
)

BARE = ("response_type", "redirect_uri", "aud", "resource", "launch", "code_challenge", "code_challenge_method")
"""Their values have neither blanks nor quotation marks at their ends; of client_id client-id-whitespace speaks."""


BARE_OF_TOKEN = (
    "grant_type",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "client_assertion",
    "client_assertion_type",
)
"""Of code code-mangled speaks, of the secret client-secret-padded."""
SECRET = ("code_verifier", "refresh_token", "client_assertion")


def _stray(request: AuthorizeRequest | TokenRequest, known: object) -> Facts | None:
    names = BARE if isinstance(request, AuthorizeRequest) else BARE_OF_TOKEN
    values = {name: request.parameters.get(name) or "" for name in names}
    found = {name: value for name, value in values.items() if value and bare(value) not in ("", value)}
    if not found:
        return None
    shown = {name: "(a secret)" if name in SECRET else value for name, value in found.items()}
    right = ["the value alone" if name in SECRET else bare(value) for name, value in found.items()]
    what = clinging(next(iter(found.values())))
    return {"names": list(found), "received": list(shown.values()), "expected": right, "what": what}


def _stripped(request: S, facts: Facts) -> S:
    return repairs.with_parameters(request, *((name, bare(request.parameters.get(name) or "")) for name in facts["names"]))


VALUE_HAS_STRAY_CHARACTERS = Rule(
    id="value-has-stray-characters",
    stage="authorize",
    at=("token",),
    severity="error",
    outcome="advice",
    advises=_stray,
    title="The value of {names} has {what} that does not belong to it",
    why="Values are compared character by character. What clings to one comes from a template, a configuration or a paste.",
    fix="Send {expected}, and nothing before or behind it.",
    spec=specs.rfc(3986, "2", "Characters"),
    repair=_stripped,
    root=True,
)


def _verifier(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    return {"received": "(a secret)"} if request.parameters.get("code_verifier") else None


CODE_VERIFIER_IN_URL = Rule(
    id="code-verifier-in-url",
    stage="authorize",
    severity="error",
    outcome="advice",
    advises=_verifier,
    parameter="code_verifier",
    title="Your app sent its code_verifier with the authorization request",
    why="The verifier is what a thief of the code has not got; in an address it is in histories and logs, beside the code.",
    fix="Send code_challenge alone, and keep the verifier for the token request; make a new one, as this one is told.",
    spec=specs.rfc(7636, "4.3", "Client Sends the Code Challenge with the Authorization Request"),
    repair=repairs.writing("code_verifier", None),
)


def _no_prompt(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    odd = [one for one in (request.parameters.get("prompt") or "").split() if one not in PROMPTS]
    return {"received": odd, "expected": None} if odd else None


def _known_prompts(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    kept = [one for one in (request.parameters.get("prompt") or "").split() if one in PROMPTS]
    return repairs.with_parameters(request, ("prompt", " ".join(kept) or None))


PROMPT_UNKNOWN = Rule(
    id="prompt-unknown",
    stage="authorize",
    severity="warning",
    outcome="advice",
    advises=_no_prompt,
    parameter="prompt",
    title="Your app sent prompt={received}, which means nothing here",
    why="prompt is of none, login, consent and select_account, in lower case. Another is overlooked here, refused elsewhere.",
    fix="Send one of these, or leave prompt out.",
    spec=Spec("OpenID Connect Core 1.0, 3.1.2.1 Authentication Request", f"{specs.OIDC}#AuthRequest"),
    repair=_known_prompts,
)

RULES = (
    PARAMETER_NAME_WRONG,
    VALUE_HAS_STRAY_CHARACTERS,
    CODE_VERIFIER_IN_URL,
    PROMPT_UNKNOWN,
)
