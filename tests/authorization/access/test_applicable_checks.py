"""Running only the checks for a kind of request, after those of the token passed, gives the same result as running all."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from sickbay.authorization import access
from sickbay.authorization.access import bearer, operations, search
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Client, Policy, Server, User
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.routing import Route, route
from sickbay.fhir.search.routes import SEVERAL, find_types
from sickbay.kernel.checks import compile_checks, examine, run_checks
from sickbay.protocol.parameters import parse

NOW = 1_764_000_000
BASE = "http://localhost:7425/general/r4"
CHECKS = (*access.CHECKS, *search.CHECKS, *operations.CHECKS)
STRICT = Policy(
    requires_patient=True,
    requires_category=True,
    versioned_update=True,
    strict_cors=True,
    search_criteria=("r4 Appointment: _id | date",),
    search_alone=("r4 Appointment",),
)
TOKEN = AccessToken("app", "patient/Patient.rs user/*.cruds", BASE, NOW + 100, "f", user="anna", patient="A", issuer="iss")
KNOWN = AccessContext(
    now=NOW,
    client=Client("app", redirect_uris=("https://app.example.org/cb",)),
    token=TOKEN,
    user=User("anna", "general", "Practitioner/p", patients="*"),
    version="r4",
)

TYPES = ("Patient", "Observation", "Appointment", "Group", "Binary", "Nonsense", "patient", "undefined")
PATHS = (
    "",
    "/",
    "/metadata",
    "/$export",
    "/_search",
    "/{0}",
    "/{0}/1",
    "/{0}/null",
    "/{0}/_search",
    "/{0}/$export",
    "/{0}/1/$export",
    "/{0}/1/$everything",
    "/{0}/1/_history",
    "/{0}/1/_history/2",
    "/{0}/1/{1}",
    "/{0}/1/x/y",
    "/_history",
    "/$export/job",
    "/Patient/$validate",
    "//{0}/1",
    "/{0}/a b",
)
QUERIES = (
    "",
    "name=x",
    "_id=1",
    "_id=1&date=2026",
    "patient=1&category=x",
    "_include=Observation:encounter",
    "_has:Observation:patient:code=1",
    "access_token=t",
    "patient=undefined",
    "_outputFormat=csv",
    "_type=Device",
    "subject.name=x",
)
HEADERS = {
    "authorization": ("Bearer t", "Basic x", None),
    "content-type": ("application/json", "text/plain", "application/x-www-form-urlencoded", None),
    "origin": ("https://app.example.org", "https://elsewhere.example.org", None),
    "prefer": ("respond-async", None),
    "if-match": ('W/"1"', "1", None),
}

headers = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in HEADERS.items()})
addresses = st.builds(
    lambda path, first, second: path.format(first, second),
    st.sampled_from(PATHS),
    st.sampled_from(TYPES),
    st.sampled_from(TYPES),
)


@st.composite
def requests(draw: st.DrawFn) -> AccessRequest:
    """Builds requests as the FHIR endpoint does."""
    method = draw(st.sampled_from(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")))
    path, query = draw(addresses), draw(st.sampled_from(QUERIES))
    sent = {name: value for name, value in draw(headers).items() if value is not None}
    routed, parameters = route("r4", method, path), parse(query)
    request = AccessRequest(method, BASE, path, parameters, sent, url=f"{BASE}{path}?{query}")
    if not isinstance(routed, Route):
        return request
    several = routed.type or routed.interaction in SEVERAL
    involved = find_types("r4", routed.type, parameters.pairs) if several else ()
    return structs.replace(
        request,
        type=routed.type,
        id=routed.id,
        interaction=routed.interaction,
        letters=routed.letters,
        involved=involved if routed.interaction.startswith("search-") or routed.operation else (),
    )


@given(requests(), st.sampled_from((Policy(), STRICT)))
def test_a_check_never_refuses_other_kinds_of_requests(request: AccessRequest, policy: Policy) -> None:
    known = structs.replace(KNOWN, server=Server(issuer="iss", fhir_bases=(BASE,), policy=policy))
    others = [
        other_check for other_check in CHECKS if other_check.applies_to and request.interaction not in other_check.applies_to
    ]
    assert [other_check.name for other_check in others if other_check.decide(request, known) is not None] == []
    assert examine(compile_checks(CHECKS, request.interaction), request, known) == run_checks(CHECKS, request, known)


def test_a_read_runs_less_than_half_of_the_checks() -> None:
    """Otherwise the test above would prove little."""
    plan = compile_checks(CHECKS, "read", access.HOLDING)
    assert sum(len(group) for about, group in plan.groups if not about) < len(CHECKS) / 2


HOLDERS: dict[str, dict[str, Any]] = {
    "good": {},
    "revoked": {"revoked": True},
    "of another issuer": {"issuer": "elsewhere"},
    "without its patient": {"patient": None},
    "mixed": {"scope": "system/*.rs user/*.rs"},
    "of another base": {"base": "http://localhost:7425/other/r4"},
}


@given(requests(), st.sampled_from(sorted(HOLDERS)), st.sampled_from(("Bearer t", "Bearer  t t")), st.booleans(), st.booleans())
def test_the_validity_of_a_token_depends_only_on_the_base_and_the_header_of_a_request(
    request: AccessRequest, holder: str, header: str, has_client: bool, has_user: bool
) -> None:
    request = structs.replace(request, headers={**request.headers, "authorization": header})
    known = structs.replace(
        KNOWN,
        server=Server(issuer="iss", fhir_bases=(BASE,)),
        token=structs.replace(TOKEN, **HOLDERS[holder]),
        client=KNOWN.client if has_client else None,
        user=KNOWN.user if has_user else None,
    )
    valid = holder == "good" and header == "Bearer t" and has_client and has_user
    assert access.token_holds(request.base, header, known) is valid
    assert all(token_check.decide(request, known) is None for token_check in access.HOLDING) is valid
    if valid:
        plan = compile_checks(CHECKS, request.interaction, access.HOLDING)
        assert examine(plan, request, known) == run_checks(CHECKS, request, known)


@given(requests(), st.sampled_from((Policy(), STRICT)), st.integers(0, 10**10), st.booleans())
def test_only_the_expiry_check_reads_the_clock(request: AccessRequest, policy: Policy, now: int, sent: bool) -> None:
    """So an accepted token context stays accepted until the token expires."""
    known = structs.replace(KNOWN, server=Server(issuer="iss", fhir_bases=(BASE,), policy=policy))
    if sent:
        request = structs.replace(request, headers={**request.headers, "authorization": "Bearer t"})
    later = structs.replace(known, now=now)
    changed = {
        each_check.name for each_check in CHECKS if each_check.decide(request, known) != each_check.decide(request, later)
    }
    assert changed <= {"token_is_fresh"}
    assert bearer.token_has_not_expired.decide(request, structs.replace(known, now=TOKEN.expires_at)) is not None
