"""Rules about parameter names, stray characters in values, and parameters that don't belong in this request.

They come last, so that they correct what the app sent and not an example that replaced it.
"""

import re
from typing import TypeVar

from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.login.prompt import PROMPTS
from sickbay.authorization.requests import AuthorizeRequest, LogoutRequest, TokenRequest
from sickbay.diagnosis import corrections, placeholders
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.diagnosis.rules.authorize.transport import names_of
from sickbay.diagnosis.values import first_stray_character, strip_stray_characters
from sickbay.kernel.checks import Facts

P = TypeVar("P", AuthorizeRequest, TokenRequest, LogoutRequest)
S = TypeVar("S", AuthorizeRequest, TokenRequest)
OTHER_NAMES = {"scopes": "scope", "redirecturl": "redirect_uri", "callbackurl": "redirect_uri"}
AFTER_LOGOUT = dict.fromkeys(("redirecturi", "redirecturl", "returnto", "postlogoutredirecturl"), "post_logout_redirect_uri")


def _map_spellings(request: AuthorizeRequest | TokenRequest | LogoutRequest) -> dict[str, str]:
    """Maps the letters of a name, or of a common other name, to the parameter."""
    others = AFTER_LOGOUT | {"idtoken": "id_token_hint"} if isinstance(request, LogoutRequest) else OTHER_NAMES
    return {_keep_letters(name): name for name in names_of(request)} | others


def _keep_letters(name: str) -> str:
    return re.sub(r"^amp;|[^a-z]", "", name.lower())


_ALL = re.compile(r"(\w+)\s*[:=]\s*([^\s&][^&]*)")
"""Name and value in one string: the separator was a colon, or was encoded."""


def _split_name(name: str, value: str) -> tuple[str, str]:
    whole = None if value else _ALL.fullmatch(name)
    return (whole[1], whole[2]) if whole else (name, value)


def _find_misnamed_parameters(request: AuthorizeRequest | TokenRequest | LogoutRequest, context: object) -> Facts | None:
    right = names_of(request)
    if all(name in right for name, _ in request.parameters):
        return None
    alike = _map_spellings(request)
    sent = {name: alike.get(_keep_letters(_split_name(name, value)[0]), "") for name, value in request.parameters}
    wrong = {
        name: right_name
        for name, right_name in sent.items()
        if right_name and name not in right and right_name not in request.parameters
    }
    expected = list(dict.fromkeys(wrong.values()))
    renaming = [f"`{name}` to `{right_name}`" for name, right_name in wrong.items()]
    facts = {"names": list(wrong), "expected": expected, "received": list(wrong), "brings": expected}
    return {**facts, "renaming": renaming} if wrong else None


def _rename_parameters(request: P, facts: Facts) -> P:
    """Joins a list that was sent as several parameters: `scope[0]`, `scope[1]`."""
    alike = _map_spellings(request)
    values_by_name: dict[str, list[str]] = {}
    for name, value in request.parameters:
        if name in facts["received"]:
            bare, text = _split_name(name, value)
            values_by_name.setdefault(alike[_keep_letters(bare)], []).append(text.strip() if bare != bare.strip() else text)
    changes = [(name, " ".join(values) if name == "scope" else values[0]) for name, values in values_by_name.items()]
    return corrections.set_parameters(request, *changes, *((name, None) for name in facts["received"]))


BARE = ("response_type", "redirect_uri", "aud", "resource", "launch", "code_challenge", "code_challenge_method")
"""Their values never start or end with spaces or quotation marks. `client_id` has its own rule, client-id-whitespace."""


BARE_OF_TOKEN = ("grant_type", "redirect_uri", "code_verifier", "refresh_token", "client_assertion", "client_assertion_type")
"""`code` and `client_secret` have their own rules: code-mangled and client-secret-padded."""
SECRET = ("code_verifier", "refresh_token", "client_assertion")


def _find_stray_characters(request: AuthorizeRequest | TokenRequest, context: object) -> Facts | None:
    names = BARE if isinstance(request, AuthorizeRequest) else BARE_OF_TOKEN
    values = {name: request.parameters.get(name) or "" for name in names}
    stray = {name: value for name, value in values.items() if value and strip_stray_characters(value) not in ("", value)}
    if not stray:
        return None
    shown = {name: "(a secret)" if name in SECRET else value for name, value in stray.items()}
    right = ["only the value" if name in SECRET else strip_stray_characters(value) for name, value in stray.items()]
    what = first_stray_character(next(iter(stray.values())))
    return {"names": list(stray), "received": list(shown.values()), "expected": right, "what": what}


def _strip_stray_characters(request: S, facts: Facts) -> S:
    return corrections.set_parameters(
        request, *((name, strip_stray_characters(request.parameters.get(name) or "")) for name in facts["names"])
    )


def _add_new_challenge(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """The verifier has leaked, so the app needs a new one and with it a new challenge."""
    challenge = ("code_challenge", placeholders.PLACEHOLDER_CHALLENGE)
    return corrections.set_parameters(request, ("code_verifier", None), challenge, ("code_challenge_method", "S256"))


def _has_no_prompt(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    sent = (request.parameters.get("prompt") or "").split() if context.smart else []
    unknown = [value for value in sent if value not in PROMPTS]
    return {"received": unknown, "expected": None} if unknown else None


def _known_prompts(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    known_values = [value for value in (request.parameters.get("prompt") or "").split() if value in PROMPTS]
    return corrections.set_parameters(request, ("prompt", " ".join(known_values) or None))


FUNCTIONS: RuleFunctions = {
    "parameter-name-wrong": {"advises": _find_misnamed_parameters, "repair": _rename_parameters},
    "value-has-stray-characters": {"advises": _find_stray_characters, "repair": _strip_stray_characters},
    "code-verifier-in-url": {"advises": lambda request, context: {"received": "(a secret)"}, "repair": _add_new_challenge},
    "prompt-unknown": {"advises": _has_no_prompt, "repair": _known_prompts},
}
