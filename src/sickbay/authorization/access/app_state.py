"""State that an app stores for itself (SMART 2.2, Persisting App State): Basic resources at an endpoint next to the FHIR base.

A request's `base` is the FHIR base for which the token must be valid; `path` is what follows the endpoint.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from sickbay.authorization import access
from sickbay.authorization.access import scope as access_scope
from sickbay.authorization.access.bearer import AccessCheck
from sickbay.authorization.access.content_types import content_type_is_a_fhir_format
from sickbay.authorization.access.writes import (
    body_is_a_resource_of_the_type_in_the_url,
    if_match_has_the_stored_version_if_sent,
    resource_is_valid,
)
from sickbay.authorization.access.writes import id_in_the_body_equals_id_in_the_url as has_the_id
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, AppState, User
from sickbay.authorization.refusals import app_state as refusals
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.body import Body
from sickbay.fhir.visibility import filters_of
from sickbay.kernel.checks import Refusal
from sickbay.protocol import scopes
from sickbay.protocol.scopes import ResourceScope

PATH = "/app-state"
"""Path below the tenant's URL."""
VERSION = "r4"
CAPABILITY = "smart-app-state"
LIMIT = 262_144
"""Maximum size of a state in bytes; the specification lets an app rely on this much."""
SUBJECTS = ("Patient", "Practitioner", "PractitionerRole", "RelatedPerson", "Person")
LETTERS = {"create": "c", "update": "u", "delete": "d", "search-type": "s"}
"""The supported interactions and the scope letter that each needs."""
ASKED = ("code", "subject", "subject:missing")
Fault: TypeAlias = tuple[str, str]
"""The element's path and the message."""


@check()
def app_state_is_small_enough(request: AccessRequest, context: AccessContext) -> Refusal | None:
    content_length = request.headers.get("content-length", "")
    size = max(
        len(request.body.encode()),
        int(content_length) if content_length.isascii() and content_length.isdigit() and len(content_length) < 19 else 0,
    )
    return refusals.APP_STATE_TOO_LARGE(received=size, expected=LIMIT) if size > LIMIT else None


@check(requires=("body",), after=(body_is_a_resource_of_the_type_in_the_url,))
def app_state_conforms_to_its_profile(request: AccessRequest, context: AccessContext) -> Refusal | None:
    faults = _profile_problems(request, _get_body(context))
    if not faults:
        return None
    facts = {"count": len(faults), "names": [path for path, _ in faults], "said": " ".join(message for _, message in faults)}
    return refusals.APP_STATE_NOT_IN_PROFILE.with_facts(facts)


def _profile_problems(request: AccessRequest, body: Body) -> list[Fault]:
    faults = _server_assigned_problems(request, body) if request.interaction == "create" else []
    system, code = read_code(body.resource)
    if not (system and code):
        message = "It needs exactly one code.coding with a system and a code, so that the app can find it again."
        faults.append(("Basic.code.coding", message))
    if find_subject(body.resource, request.base) == "":
        types = f"{', '.join(SUBJECTS[:-1])} or {SUBJECTS[-1]}"
        message = f"Its subject must be the absolute URL of a {types} below {request.base}."
        faults.append(("Basic.subject.reference", message))
    if not all(_is_text(extension) for extension in _list_or_empty(body.resource.get("extension"))):
        faults.append(("Basic.extension", "Its extensions may only have a valueString."))
    return faults


def _server_assigned_problems(request: AccessRequest, body: Body) -> list[Fault]:
    """Returns faults for elements that only the server may set."""
    faults: list[Fault] = []
    meta = body.resource.get("meta")
    if body.id is not None:
        faults.append(("Basic.id", "Send it without an id: the server assigns one."))
    if isinstance(meta, dict) and "versionId" in meta:
        faults.append(("Basic.meta.versionId", "Send it without meta.versionId: the server assigns versions."))
    if "if-none-exist" in request.headers:
        faults.append(("If-None-Exist", "Conditional create isn't supported for app state: search for it first."))
    return faults


def read_code(resource: dict[str, Any]) -> tuple[str, str]:
    """Returns the system and code of the resource's only coding; ("", "") if it doesn't have exactly one."""
    code = resource.get("code")
    codings = _list_or_empty(code.get("coding")) if isinstance(code, dict) else []
    if len(codings) != 1 or not isinstance(codings[0], dict):
        return "", ""
    return _text_or_empty(codings[0].get("system")), _text_or_empty(codings[0].get("code"))


def find_subject(resource: dict[str, Any], base: str) -> str | None:
    """Returns the subject as Type/id; None if there is no subject, "" if it can't be one."""
    if "subject" not in resource:
        return None
    reference = resource["subject"]
    return read_reference(_text_or_empty(reference.get("reference")), base) if isinstance(reference, dict) else ""


def read_reference(address: str, base: str) -> str:
    """Returns the Type/id of an absolute URL on this base; "" if it isn't of a type that can be a subject."""
    type, _, id = address.removeprefix(f"{base}/").partition("/")
    return f"{type}/{id}" if type in SUBJECTS and id and "/" not in id and address.startswith(f"{base}/") else ""


def _is_text(extension: Any) -> bool:
    return isinstance(extension, dict) and {"url", "valueString"} <= extension.keys() <= {"id", "url", "valueString"}


def _list_or_empty(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text_or_empty(value: Any) -> str:
    return value if isinstance(value, str) else ""


@check(requires=("body", "token", "user"), after=(access_scope.scope_covers_the_request, app_state_conforms_to_its_profile))
def token_covers_the_app_state(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """The subject must be the launched patient, the signed-in user or absent, and the scopes must cover the code."""
    token, body = context.token, _get_body(context)
    assert isinstance(token, AccessToken)
    (system, code), about = read_code(body.resource), find_subject(body.resource, request.base)
    if permits_app_state(token, context.user, LETTERS[request.interaction], AppState(system, code, about)):
        return None
    own = [f"Patient/{token.patient}"] if token.patient else []
    own += [context.user.fhir_user] if isinstance(context.user, User) else []
    facts = {
        "received": about or "the app as a whole",
        "code": f"{system}|{code}",
        "expected": " or ".join(own) or "the patient or user of a token that has one",
        "held": tuple(scope.text for scope in scopes.list_resources(token.scope)),
    }
    return refusals.APP_STATE_OTHER_SUBJECT.with_facts(facts)


def permits_app_state(token: AccessToken, user: object, letter: str, state: AppState) -> bool:
    """Whether a scope of the token permits this interaction with a state of the token's own app."""
    usable = (scope for scope in scopes.list_resources(token.scope) if letter in scope.letters and scope.type in ("*", "Basic"))
    return any(_is_of(scope, state) and _scope_reaches_subject(scope, token, user, state.subject) for scope in usable)


def _is_of(scope: ResourceScope, state: AppState) -> bool:
    """A granular scope covers the codes that it names. A filter on another parameter shows no state."""
    filters = filters_of(scope)
    if filters is None:
        return False
    named = [granular.codings for granular in filters if granular.parameter == "code"]
    return len(named) == len(filters) and all(
        any(code == state.code and system in (None, state.system) for system, code in codings) for codings in named
    )


def _scope_reaches_subject(scope: ResourceScope, token: AccessToken, user: object, about: str | None) -> bool:
    """patient/ covers its patient; user/ the user, their patients and state without a subject; system/ everything."""
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
def if_match_is_sent(request: AccessRequest, context: AccessContext) -> Refusal | None:
    sent = request.headers.get("if-match")
    return None if sent else refusals.FHIR_IF_MATCH_MISSING(received=sent)


@check(requires=("state",), after=(if_match_is_sent,))
def app_state_exists(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """The response is the same whether the state is another app's, out of reach, deleted or never existed."""
    if context.state is not None:
        return None
    return refusals.APP_STATE_NOT_THERE(received=f"Basic/{request.id}")


@check(requires=("state", "body"), after=(app_state_exists, app_state_conforms_to_its_profile))
def subject_and_code_are_unchanged(request: AccessRequest, context: AccessContext) -> Refusal | None:
    old, body = context.state, _get_body(context)
    assert isinstance(old, AppState)
    (system, code), about = read_code(body.resource), find_subject(body.resource, request.base)
    if (system, code, about) == (old.system, old.code, old.subject):
        return None
    facts = {"received": _describe_state(system, code, about), "expected": _describe_state(old.system, old.code, old.subject)}
    return refusals.APP_STATE_MOVED.with_facts(facts)


def _describe_state(system: str, code: str, about: str | None) -> str:
    return f"{system}|{code} of {about or 'the app as a whole'}"


@check()
def query_has_a_code_and_no_unknown_parameter(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """A code needs its system. A subject is an absolute URL, or `subject:missing=true`."""
    sent = request.parameters
    unknown = [name for name in sent.names() if name not in ASKED and name != "_format"]
    messages = [f"{name} isn't supported here." for name in unknown]
    system, bar, code = (sent.get("code") or "").partition("|")
    if not (system and bar and code) or len(sent.all("code")) != 1:
        messages.append("code must be one code with its system, as system|code.")
    if "subject" in sent and (len(sent.all("subject")) != 1 or not read_reference(sent.get("subject") or "", request.base)):
        messages.append(f"subject must be one absolute URL, such as {request.base}/Patient/x.")
    if "subject:missing" in sent and (sent.get("subject:missing") != "true" or "subject" in sent):
        messages.append("subject:missing must be true and can't be combined with subject.")
    facts = {"received": sent.raw or "no parameter", "said": " ".join(messages)}
    return refusals.APP_STATE_QUERY_UNCLEAR.with_facts(facts) if messages else None


def _get_body(context: AccessContext) -> Body:
    assert isinstance(context.body, Body)
    return context.body


TOKEN: tuple[AccessCheck, ...] = tuple(
    access_check for access_check in access.CHECKS if access_check is not access_scope.scope_covers_all_types_involved
)
BODY: tuple[AccessCheck, ...] = (
    app_state_is_small_enough,
    content_type_is_a_fhir_format,
    body_is_a_resource_of_the_type_in_the_url,
    has_the_id,
    resource_is_valid,
    app_state_conforms_to_its_profile,
    token_covers_the_app_state,
)
THERE: tuple[AccessCheck, ...] = (if_match_is_sent, app_state_exists, if_match_has_the_stored_version_if_sent)


def checks_for(request: AccessRequest) -> tuple[AccessCheck, ...]:
    """Returns checks of the token, then of the body, then of the stored state. Other interactions check only the token."""
    match request.interaction:
        case "create":
            return (*TOKEN, *BODY)
        case "update":
            return (*TOKEN, *BODY, *THERE, subject_and_code_are_unchanged)
        case "delete":
            return (*TOKEN, *THERE)
        case "search-type":
            return (*TOKEN, query_has_a_code_and_no_unknown_parameter)
        case _:
            return TOKEN
