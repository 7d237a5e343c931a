"""May this be written: the body first, then whether it stays within what the token may write, then the version and the match.

The body is judged before anything is looked up, so that all its faults are told at once; what depends on the store
(BEFORE_SAVING) is asked once it was read, and of what the token may see alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from sickbay.authorization.access import scope_covers_the_request, shown, token_is_known
from sickbay.authorization.known import AccessKnown
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.values import Policy, Server, Token
from sickbay.fhir import preconditions
from sickbay.fhir.body import Body
from sickbay.fhir.patch import PatchFailed
from sickbay.fhir.patching import read
from sickbay.fhir.problem import Problem
from sickbay.kernel.refusal import UNKNOWN, Check, Refusal, check
from sickbay.protocol import scopes

WriteCheck: TypeAlias = Check[AccessRequest, AccessKnown]
CHANGING = ("update", "patch")
LETTERS = {"create": "c", "update": "u", "patch": "u"}


@check(needs=("body",))
def body_is_such_a_resource(request: AccessRequest, known: AccessKnown) -> Refusal | None:
    why = _body(known).malformed
    facts = {"received": why, "expected": f"a {request.type} as JSON", "type": request.type}
    return Refusal("fhir-body-malformed", "structure", facts) if why else None


@check(needs=("body",), after=(body_is_such_a_resource,))
def body_has_the_id_of_its_address(request: AccessRequest, known: AccessKnown) -> Refusal | None:
    """Of an update (R4, 3.1.0.4). A create takes no id: what it came with is replaced."""
    sent = _body(known).id
    if request.interaction == "create" or request.id is None or sent == request.id:
        return None
    return Refusal("fhir-body-id-mismatch", "value", {"received": sent, "expected": request.id})


@check(needs=("body",), after=(body_is_such_a_resource,))
def resource_is_valid(request: AccessRequest, known: AccessKnown) -> Refusal | None:
    """Of a change it may be that nothing is wrong but references that stood there before (`searches_stood_there`)."""
    problems = _body(known).problems
    if request.interaction in CHANGING and all(one.search for one in problems):
        return None
    return _invalid(request, problems)


@check(needs=("body", "kept"))
def searches_stood_there(request: AccessRequest, known: AccessKnown) -> Refusal | None:
    """A reference that is a search stays where it was loaded so: who reads, changes something else and writes back did not
    put it there. A new one is refused as in any other write."""
    kept = known.kept if isinstance(known.kept, frozenset) else frozenset()
    return _invalid(request, [one for one in _body(known).problems if one.search and one.search not in kept])


def _invalid(request: AccessRequest, problems: Sequence[Problem]) -> Refusal | None:
    if not problems:
        return None
    first = problems[0]
    facts = {
        "type": request.type, "count": len(problems), "received": first.text, "where": [one.expression for one in problems],
        "said": " ".join(one.text for one in problems[:10]),
    }  # fmt: skip
    return Refusal("fhir-resource-invalid", "invalid", facts, 422)


@check(needs=("body", "token"), after=(token_is_known, scope_covers_the_request, body_is_such_a_resource))
def resource_stays_within_the_scope(request: AccessRequest, known: AccessKnown) -> Refusal | None:
    """What is written must be the token's own after the write too: nothing is given away, nothing put into others' charts."""
    letter = LETTERS.get(request.interaction, "u")
    token, facts = known.token, _body(known).facts
    assert isinstance(token, Token)
    policy = known.server.policy if isinstance(known.server, Server) else Policy()
    seen = shown(token, known.user, policy, known.version)
    if known.user is UNKNOWN and any(one.level == "user" for one in scopes.resources(token.scope)):
        return None  # offline it is not known whose charts this user may write
    if not request.type or seen.allows(request.type, letter, facts.patients, facts.codes):
        return None
    told = {
        "type": request.type, "received": [f"Patient/{one}" for one in facts.patients] or "no patient",
        "patient": token.patient, "expected": f"Patient/{token.patient}" if token.patient else "a patient of this user",
        "held": tuple(one.text for one in scopes.resources(token.scope)),
    }  # fmt: skip
    return Refusal("fhir-write-outside-scope", "forbidden", told, 403)


@check()
def patch_is_a_patch(request: AccessRequest, known: AccessKnown) -> Refusal | None:
    if not request.body:
        return Refusal("fhir-patch-failed", "structure", {"received": "it is empty"})
    try:
        read(known.version or "r4", request.body, request.headers.get("content-type"))
    except PatchFailed as error:
        return Refusal("fhir-patch-failed", "structure", {"received": str(error)})
    return None


@check()
def deletes_do_not_cascade(request: AccessRequest, known: AccessKnown) -> Refusal | None:
    """_cascade would delete what the request does not name."""
    name = next((one for one in request.parameters.names() if one.startswith("_cascade")), None)
    if request.method != "DELETE" or name is None:
        return None
    return Refusal(
        "fhir-delete-cascade", "forbidden", {"parameter": name, "received": request.parameters.get(name)}, 403
    )


@check(needs=("current",))
def version_is_the_one_named(request: AccessRequest, known: AccessKnown) -> Refusal | None:
    """If-Match against the version there (RFC 9110 13.1.1). Without a version there is nothing it could be."""
    sent, current = request.headers.get("if-match"), _current(known)
    if sent is None or preconditions.names(sent, current):
        return None
    expected = preconditions.etag(current) if current is not None else None
    return Refusal("fhir-version-conflict", "conflict", {"received": sent, "expected": expected}, 412)


@check(needs=("current",))
def nothing_is_there_that_must_not_be(request: AccessRequest, known: AccessKnown) -> Refusal | None:
    """If-None-Match of a write (RFC 9110 13.1.2): `*` creates, and overwrites nothing."""
    sent, current = request.headers.get("if-none-match"), _current(known)
    if sent is None or current is None or not preconditions.names(sent, current):
        return None
    facts = {"type": request.type, "received": f"If-None-Match: {sent}", "current": preconditions.etag(current)}
    return Refusal("fhir-resource-exists", "conflict", facts, 412)


@check(needs=("matches",))
def condition_matches_one(request: AccessRequest, known: AccessKnown) -> Refusal | None:
    """Of a delete several may, where the policy says so."""
    policy = known.server.policy if isinstance(known.server, Server) else Policy()
    if not isinstance(known.matches, int) or known.matches < 2:
        return None
    if request.interaction == "delete" and policy.multiple_deletes:
        return None
    facts = {"type": request.type, "received": condition(request), "interaction": request.interaction}
    return Refusal("fhir-condition-ambiguous", "multiple-matches", facts, 412)


def condition(request: AccessRequest) -> str | None:
    """The search that says which resource is meant; None where the address does."""
    if request.interaction == "create":
        return request.headers.get("if-none-exist")
    return (
        request.parameters.raw if request.id is None and request.interaction in ("update", "patch", "delete") else None
    )


def may_choose_the_id(token: object, type: str) -> bool:
    """Update-as-create: a system/ scope for the type alone, without a filter; anybody else would find out what is taken."""
    held = scopes.resources(token.scope) if isinstance(token, Token) else ()
    return any(
        one.level == "system" and "u" in one.letters and one.type in ("*", type) and "?" not in one.text for one in held
    )


def _current(known: AccessKnown) -> int | None:
    return known.current if isinstance(known.current, int) else None


def _body(known: AccessKnown) -> Body:
    assert isinstance(known.body, Body)
    return known.body


WRITING = frozenset(("create", "update", "patch", "delete"))
BODY: tuple[WriteCheck, ...] = (
    body_is_such_a_resource,
    body_has_the_id_of_its_address,
    resource_is_valid,
    resource_stays_within_the_scope,
)
BEFORE_SAVING: tuple[WriteCheck, ...] = (
    version_is_the_one_named,
    nothing_is_there_that_must_not_be,
    searches_stood_there,
    condition_matches_one,
)


def checks(request: AccessRequest) -> tuple[WriteCheck, ...]:
    """What can be said of the request alone; nothing of a read."""
    if request.interaction not in WRITING:
        return ()
    if request.interaction == "update" and request.id is None:
        return (body_is_such_a_resource, resource_is_valid)
    if request.interaction in ("create", "update"):
        return BODY
    return (patch_is_a_patch,) if request.interaction == "patch" else (deletes_do_not_cascade,)


def all_checks(request: AccessRequest) -> tuple[WriteCheck, ...]:
    """With what must be known of the store."""
    return (*checks(request), *BEFORE_SAVING) if request.interaction in WRITING else ()
