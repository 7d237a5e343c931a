"""The text of a fault doesn't run in Sickbay's origin, because students may set faults too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.flows import class_room
from tests.flows.flow import Flow
from tests.flows.shared_app import SharedApp, open_shared_app

from sickbay.faults.kinds import list_kinds
from sickbay.services.injection import setting
from sickbay.web.portal import app_faults

SCRIPT = "<script>fetch('/admin/apps')</script>"
MEMBERS: dict[str, dict[str, Any]] = {
    "status": {"status": 503},
    "delay": {"seconds": 0},
    "slow": {"bytes_per_second": 10_000_000},
    "truncate": {"bytes": 500},
    "body": {"body": SCRIPT, "content_type": "text/html"},
    "content-type": {"content_type": "text/html"},
    "member": {"set": {"title": SCRIPT}},
    "discovery": {"value": "other-endpoints"},
    "huge-page": {"entries": 5},
    "export": {"value": "fails"},
    "refresh": {"value": "refused"},
}
ELSEWHERE = frozenset(
    (
        *("reset", "authorize-error", "state", "iss", "code", "scope", "no-refresh-token", "no-patient", "other-patient"),
        *("expires-in", "dead-token", "id-token", "id-token-signature", "id-token-alg", "id-token-kid", "rotate-keys"),
    )
)
"""Kinds that send no response, and those that change a grant or a redirect, where no text of a fault is shown."""
JSON = ("application/json", "application/fhir+json")
REQUESTS = (
    ("GET", "/general/oauth/authorize?client_id=%3Cscript%3E", ""),
    ("GET", "/general/oauth/token?client_id=%3Cscript%3E", ""),
    ("POST", "/general/oauth/token", "grant_type=refresh_token&refresh_token=%3Cscript%3E"),
    ("POST", "/general/oauth/introspect", "token=%3Cscript%3E"),
    ("GET", "/general/r4/metadata", ""),
    ("GET", "/general/r4/.well-known/smart-configuration", ""),
    ("GET", "/general/r4/Patient/%3Cscript%3E", ""),
    ("GET", "/general/r4/Patient?name=%3Cscript%3E", ""),
)


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    with open_shared_app(
        tmp_path_factory.mktemp("injected"), patients=1, class_mode=True, admin_token=class_room.TOKEN
    ) as opened:
        yield opened


def test_every_kind_that_changes_a_whole_response_is_tried() -> None:
    simple = {name for name, kind in list_kinds().items() if not any(member.required for member in kind.members.values())}
    assert list_kinds().keys() == MEMBERS.keys() | ELSEWHERE | simple


@pytest.mark.parametrize("kind", sorted(list_kinds().keys() - ELSEWHERE))
def test_no_response_with_a_fault_runs_a_script_in_our_origin(shared_app: SharedApp, kind: str) -> None:
    async def steps(flow: Flow) -> None:
        await setting.add_faults(flow.sandbox.runtime, [{"kind": kind, **MEMBERS.get(kind, {})}])
        try:
            for method, path, body in REQUESTS:
                headers = {"Accept": "text/html,*/*", "Accept-Encoding": "identity"}
                if body:
                    headers["Content-Type"] = "application/x-www-form-urlencoded"
                request = flow.http.build_request(method, path, content=body, headers=headers)
                answer = await flow.http.send(request, stream=True)  # a fault may say a wrong encoding
                await answer.aclose()
                policy = answer.headers.get("content-security-policy", "")
                is_own_page = policy.startswith("default-src 'none'; script-src 'self'")
                is_json = answer.headers["content-type"].partition(";")[0] in JSON
                assert is_json or is_own_page or policy == "sandbox; default-src 'none'", (kind, path, answer.headers)
                assert answer.headers["x-content-type-options"] == "nosniff", (kind, path)
        finally:
            await setting.remove_faults(flow.sandbox.runtime, None)

    shared_app.do(steps)


@pytest.mark.parametrize("type", ["text/html\r\nSet-Cookie: a=b", "text/html\nx", "é", "a\x00b", "\u2028", "\x7f"])
@pytest.mark.parametrize("kind", ["body", "content-type"])
def test_a_media_type_is_one_line_of_printable_ascii(shared_app: SharedApp, kind: str, type: str) -> None:
    async def steps(flow: Flow) -> None:
        with pytest.raises(setting.WrongFault, match="content_type must have only printable ASCII characters"):
            await setting.add_faults(flow.sandbox.runtime, [{"kind": kind, **MEMBERS[kind], "content_type": type}])

    shared_app.do(steps)


def test_a_student_cannot_use_up_the_faults_of_the_class(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        await class_room.join(flow, "Ada")
        apps = [await class_room.register(flow, f"App {number}") for number in range(5)]
        for app, kind, status in (
            (0, "smart-launcher", 303),
            (1, "smart-launcher", 422),
            (0, "html", 422),  # the app has more than three
            (1, "flaky", 303),
            (2, "flaky", 303),
            (3, "html", 303),
            (3, "flaky", 422),
            (3, "overload", 303),
            (4, "html", 422),
        ):
            answer = await class_room.post(flow, f"/developer/apps/{apps[app]}/faults", kind=kind)
            assert answer.status_code == status, (app, kind)
        assert len(flow.sandbox.runtime.faults) == app_faults.FAULTS_PER_STUDENT
        ended = flow.sandbox.runtime.faults[-1].id
        assert (await class_room.post(flow, f"/developer/apps/{apps[3]}/faults", end=ended)).status_code == 303
        await setting.remove_faults(flow.sandbox.runtime, None)

    shared_app.do(steps, shared_app.flow())
