"""What an app may keep here of its own (SMART 2.2, Persisting App State): Basic resources at an endpoint beside the FHIR base.

A request's `base` is the FHIR base for which the token must be good; `path` is what follows the endpoint.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from sickbay.authorization import access, search
from sickbay.authorization.access import AccessCheck
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, AppState, User
from sickbay.authorization.refusals import app_state as refusals
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.writes import body_has_the_id_of_its_address as has_the_id
from sickbay.authorization.writes import body_is_such_a_resource, resource_is_valid, version_is_the_one_named
from sickbay.fhir.body import Body
from sickbay.kernel.checks import Refusal, check
from sickbay.protocol import scopes
from sickbay.protocol.scopes import ResourceScope

PATH = "/app-state"
"""Below the tenant's address."""
VERSION = "r4"
CAPABILITY = "smart-app-state"
LIMIT = 262_144
"""Bytes of one state: what the specification lets an app count on."""
SUBJECTS = ("Patient", "Practitioner", "PractitionerRole", "RelatedPerson", "Person")
LETTERS = {"create": "c", "update": "u", "delete": "d", "search-type": "s"}
"""The interactions that there are."""
ASKED = ("code", "subject", "subject:missing")
Fault: TypeAlias = tuple[str, str]
"""Where, and what of it."""


@check()
def state_is_small_enough(request: AccessRequest, known: AccessContext) -> Refusal | None:
    told = request.headers.get("content-length", "")
    size = max(len(request.body.encode()), int(told) if told.isascii() and told.isdigit() and len(told) < 19 else 0)
    return refusals.APP_STATE_TOO_LARGE(received=size, expected=LIMIT) if size > LIMIT else None


@check(requires=("body",), after=(body_is_such_a_resource,))
def state_keeps_to_the_profile(request: AccessRequest, known: AccessContext) -> Refusal | None:
    faults = _faults(request, _body(known))
    if not faults:
        return None
    facts = {
        "count": len(faults),
        "names": [place for place, _ in faults],
        "said": " ".join(said for _, said in faults),
    }
    return refusals.APP_STATE_NOT_IN_PROFILE.with_facts(facts)


def _faults(request: AccessRequest, body: Body) -> list[Fault]:
    found = _of_the_server(request, body) if request.interaction == "create" else []
    system, code = coded(body.resource)
    if not (system and code):
        said = "It needs exactly one code.coding, with a system and a code: by them the app finds it again."
        found.append(("Basic.code.coding", said))
    if subject(body.resource, request.base) == "":
        types = f"{', '.join(SUBJECTS[:-1])} or {SUBJECTS[-1]}"
        said = f"Its subject must be the absolute address of a {types} below {request.base}."
        found.append(("Basic.subject.reference", said))
    if not all(_is_text(one) for one in _list(body.resource.get("extension"))):
        found.append(("Basic.extension", "An extension of it may hold a valueString and nothing else."))
    return found


def _of_the_server(request: AccessRequest, body: Body) -> list[Fault]:
    """What only the server may say."""
    found: list[Fault] = []
    meta = body.resource.get("meta")
    if body.id is not None:
        found.append(("Basic.id", "It must come without an id: the server gives it one."))
    if isinstance(meta, dict) and "versionId" in meta:
        found.append(("Basic.meta.versionId", "It must come without meta.versionId: the server counts versions."))
    if "if-none-exist" in request.headers:
        found.append(("If-None-Exist", "A state is created without a condition: search for it first."))
    return found


def coded(resource: dict[str, Any]) -> tuple[str, str]:
    """System and code of the one coding; ("", "") where there is not exactly one."""
    code = resource.get("code")
    held = _list(code.get("coding")) if isinstance(code, dict) else []
    if len(held) != 1 or not isinstance(held[0], dict):
        return "", ""
    return _text(held[0].get("system")), _text(held[0].get("code"))


def subject(resource: dict[str, Any], base: str) -> str | None:
    """Type/id of its subject; None where it has none, "" where it may not be one."""
    if "subject" not in resource:
        return None
    given = resource["subject"]
    return referred(_text(given.get("reference")), base) if isinstance(given, dict) else ""


def referred(address: str, base: str) -> str:
    """Type/id of an absolute address on this base; "" where it is none of a type that may be a subject."""
    type, _, id = address.removeprefix(f"{base}/").partition("/")
    return f"{type}/{id}" if type in SUBJECTS and id and "/" not in id and address.startswith(f"{base}/") else ""


def _is_text(extension: Any) -> bool:
    return isinstance(extension, dict) and {"url", "valueString"} <= extension.keys() <= {"id", "url", "valueString"}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


@check(requires=("body", "token", "user"), after=(access.scope_covers_the_request, state_keeps_to_the_profile))
def state_is_within_reach(request: AccessRequest, known: AccessContext) -> Refusal | None:
    """Of the patient at hand, of the person who signed in, or of nobody; and of a code that the scopes let through."""
    token, body = known.token, _body(known)
    assert isinstance(token, AccessToken)
    (system, code), about = coded(body.resource), subject(body.resource, request.base)
    if covers(token, known.user, LETTERS[request.interaction], AppState(system, code, about)):
        return None
    own = [f"Patient/{token.patient}"] if token.patient else []
    own += [known.user.fhir_user] if isinstance(known.user, User) else []
    facts = {
        "received": about or "the app as a whole",
        "code": f"{system}|{code}",
        "expected": " or ".join(own) or "nobody",
        "held": tuple(one.text for one in scopes.resources(token.scope)),
    }
    return refusals.APP_STATE_OTHER_SUBJECT.with_facts(facts)


def covers(token: AccessToken, user: object, letter: str, state: AppState) -> bool:
    """Whether a scope of the token lets this be done to a state of the token's own app."""
    held = (one for one in scopes.resources(token.scope) if letter in one.letters and one.type in ("*", "Basic"))
    return any(_is_of(one, state) and _reaches(one, token, user, state.subject) for one in held)


def _is_of(scope: ResourceScope, state: AppState) -> bool:
    """A granular scope is of the codes that it names. A filter of anything else shows no state."""
    filters = access.filters_of(scope)
    if filters is None:
        return False
    named = [one.codings for one in filters if one.parameter == "code"]
    return len(named) == len(filters) and all(
        any(code == state.code and system in (None, state.system) for system, code in one) for one in named
    )


def _reaches(scope: ResourceScope, token: AccessToken, user: object, about: str | None) -> bool:
    """patient/ reaches its patient, user/ the person, this person's patients and what is nobody's, system/ everything."""
    if scope.level == "patient":
        return bool(token.patient) and about == f"Patient/{token.patient}"
    if scope.level == "system":
        return True
    if not isinstance(user, User):
        return False
    if about is None or about == user.fhir_user:
        return True
    type, _, id = about.partition("/")
    return type == "Patient" and (user.patients == "*" or id in user.patients)


@check()
def version_is_named(request: AccessRequest, known: AccessContext) -> Refusal | None:
    sent = request.headers.get("if-match")
    return None if sent else refusals.FHIR_IF_MATCH_MISSING(received=sent)


@check(requires=("state",), after=(version_is_named,))
def state_is_there(request: AccessRequest, known: AccessContext) -> Refusal | None:
    """Another app's, one out of reach, one that was deleted and one that never was are one answer."""
    if known.state is not None:
        return None
    return refusals.APP_STATE_NOT_THERE(received=f"Basic/{request.id}")


@check(requires=("state", "body"), after=(state_is_there, state_keeps_to_the_profile))
def subject_and_code_stay(request: AccessRequest, known: AccessContext) -> Refusal | None:
    old, body = known.state, _body(known)
    assert isinstance(old, AppState)
    (system, code), about = coded(body.resource), subject(body.resource, request.base)
    if (system, code, about) == (old.system, old.code, old.subject):
        return None
    facts = {"received": _said(system, code, about), "expected": _said(old.system, old.code, old.subject)}
    return refusals.APP_STATE_MOVED.with_facts(facts)


def _said(system: str, code: str, about: str | None) -> str:
    return f"{system}|{code} of {about or 'the app as a whole'}"


@check()
def query_names_what_it_wants(request: AccessRequest, known: AccessContext) -> Refusal | None:
    """A code with its system; a subject by its absolute address, or that there is none."""
    sent = request.parameters
    odd = [name for name in sent.names() if name not in ASKED and name != "_format"]
    said = [f"{name} is not answered here." for name in odd]
    system, bar, code = (sent.get("code") or "").partition("|")
    if not (system and bar and code) or len(sent.all("code")) != 1:
        said.append("code must name one code with its system, as system|code.")
    if "subject" in sent and (len(sent.all("subject")) != 1 or not referred(sent.get("subject") or "", request.base)):
        said.append(f"subject must be one absolute address, as {request.base}/Patient/x.")
    if "subject:missing" in sent and (sent.get("subject:missing") != "true" or "subject" in sent):
        said.append("subject:missing may be true, in place of a subject.")
    facts = {"received": sent.raw or "no parameter", "said": " ".join(said)}
    return refusals.APP_STATE_QUERY_UNCLEAR.with_facts(facts) if said else None


def _body(known: AccessContext) -> Body:
    assert isinstance(known.body, Body)
    return known.body


TOKEN: tuple[AccessCheck, ...] = tuple(one for one in access.CHECKS if one is not access.scope_covers_all_types_involved)
BODY: tuple[AccessCheck, ...] = (
    state_is_small_enough,
    search.body_is_of_a_fhir_type,
    body_is_such_a_resource,
    has_the_id,
    resource_is_valid,
    state_keeps_to_the_profile,
    state_is_within_reach,
)
THERE: tuple[AccessCheck, ...] = (version_is_named, state_is_there, version_is_the_one_named)


def checks(request: AccessRequest) -> tuple[AccessCheck, ...]:
    """The token, then what is sent, then what is there. Of what there is not, the token alone."""
    match request.interaction:
        case "create":
            return (*TOKEN, *BODY)
        case "update":
            return (*TOKEN, *BODY, *THERE, subject_and_code_stay)
        case "delete":
            return (*TOKEN, *THERE)
        case "search-type":
            return (*TOKEN, query_names_what_it_wants)
        case _:
            return TOKEN
