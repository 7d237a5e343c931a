"""Every failure of the database, at every address: 503 with its name, with Retry-After, and without secrets."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.routing import Mount, Route
from tests.flows.flow import Flow, run
from tests.flows.writing import ALL, hand, observation
from tests.laws import pairs

import sickbay
from sickbay.settings import database
from sickbay.settings.database import DiskFull, Locked, Unavailable, UnknownOutcome
from sickbay.storage.interface import ResourceSpace

SOURCES = Path(sickbay.__file__).parent
SECRET = "postgresql://me:s3cret@db/sickbay"
READS = ("get", "find", "count_family", "read", "version", "history", "search", "count", "labels", "has_resources")
WRITES = ("transaction", "purge", "trim_journal")
HTML, JSON = {"Accept": "text/html"}, {"Accept": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def kinds(parent: type[Unavailable] = Unavailable) -> Iterator[type[Unavailable]]:
    yield parent
    for kind in parent.__subclasses__():
        if kind.__module__ == database.__name__:
            yield from kinds(kind)


KINDS = tuple(kinds())


def fail(flow: Flow, monkeypatch: pytest.MonkeyPatch, kind: type[Unavailable], methods: tuple[str, ...]) -> None:
    """From now on, these methods of the store raise this error."""

    async def failing(*arguments: Any, **named: Any) -> Any:
        raise kind(f"PostgreSQL at {SECRET} failed")

    for method in methods:
        monkeypatch.setattr(flow.sandbox.runtime.store, method, failing)


def check(response: httpx2.Response, kind: type[Unavailable]) -> None:
    if response.status_code == 507:  # a snapshot needs space, so trying again doesn't help
        assert kind is DiskFull
        assert response.url.path.startswith("/admin/snapshots")
        return
    assert response.status_code == 503, (response.url, response.status_code, response.text)
    assert response.headers["retry-after"] == str(kind.retry_after), response.url
    assert "s3cret" not in response.text
    assert "postgresql" not in response.text
    assert (kind.title in response.text) or (kind.detail in response.text), response.text


@pytest.mark.parametrize("kind", KINDS)
def test_each_failure_is_named_in_every_kind_of_response(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Unavailable], caplog: pytest.LogCaptureFixture
) -> None:
    async def steps(flow: Flow) -> None:
        token = (await flow.complete_launch())["access_token"]
        fhir = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
        fail(flow, monkeypatch, kind, (*READS, *WRITES))
        http = flow.http
        for response in (
            await http.get("/general/r4/Patient/p-0001", headers=fhir),
            await http.get("/general/r4/Observation?code=x", headers=fhir),
            await http.post("/general/r4/Observation", headers=fhir, json=observation()),
        ):
            check(response, kind)
            assert response.json()["issue"][0]["diagnostics"] == kind.detail
            assert response.headers["access-control-allow-origin"] == "*"
        sent = await http.post("/general/oauth/token", headers=FORM, content="grant_type=authorization_code&client_id=a&code=b")
        assert sent.json()["error"] == "temporarily_unavailable"
        assert kind.title in sent.json()["error_description"]
        assert sent.headers["access-control-allow-origin"] == "*"
        problem = await http.get("/admin/apps", headers=JSON)
        assert (problem.json()["title"], problem.json()["detail"]) == (kind.title, kind.detail)
        for response in (
            sent,
            problem,
            await http.get("/admin/apps", headers=HTML),
            await http.get("/developer/apps/x", headers=HTML),
            await http.get("/developer", headers=HTML),
            await http.get("/readyz"),
        ):
            check(response, kind)
        assert "failed" in caplog.text

    run(steps, tmp_path, patients=3)


def addresses(flow: Flow) -> Iterator[tuple[str, str]]:
    """Each method and address of the route table, and of the FHIR APIs."""
    app = flow.http._transport.app  # type: ignore[attr-defined]
    for route in app.routes:
        if isinstance(route, Mount):
            continue
        assert isinstance(route, Route)
        path = re.sub(r"\{(\w+)(:\w+)?\}", lambda match: {"rest": "x"}.get(match[1], "x"), route.path)
        yield from ((method, path) for method in sorted(route.methods or ()) if method != "HEAD")
    for served in (endpoint for endpoints in app.bases.endpoints.values() for endpoint in endpoints):
        yield from (
            (method, served.path + path)
            for method, path in (
                ("GET", "/Patient/x"),
                ("GET", "/Patient?name=x"),
                ("GET", "/Patient/x/_history"),
                ("GET", "/metadata"),
                ("POST", "/Patient"),
                ("POST", ""),
                ("GET", "/Patient/$export"),
            )
        )


@pytest.mark.parametrize(("kind", "accept"), pairs([DiskFull, UnknownOutcome, Locked], [HTML, JSON]))
def test_no_address_answers_500_or_503_without_retry_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Unavailable], accept: dict[str, str]
) -> None:
    async def steps(flow: Flow) -> None:
        token = (await flow.complete_launch())["access_token"]
        every, failed = list(addresses(flow)), 0
        fail(flow, monkeypatch, kind, (*READS, *WRITES))
        for method, path in every:
            headers = accept | {"Authorization": f"Bearer {token}"} | (FORM if method == "POST" else {})
            response = await flow.http.request(method, path, headers=headers, content="a=b" if method == "POST" else None)
            if response.status_code >= 500:
                check(response, kind)
                failed += 1
        assert failed > len(every) / 3

    run(steps, tmp_path, patients=3)


@pytest.mark.parametrize("methods", [WRITES, ("read",)], ids=["writes fail", "the second read fails"])
def test_a_batch_gives_each_entry_its_own_response(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, methods: tuple[str, ...]
) -> None:
    """The first entry is done before the database fails, so it would be wrong to say that nothing was changed."""

    async def steps(flow: Flow) -> None:
        fhir = (await hand(flow, ALL)).headers
        await flow.sandbox.filling.ensure(ResourceSpace("general", "r4"))
        entries = [{"request": {"method": "GET", "url": "Patient/p-0001"}} for _ in range(2)]
        entries.insert(1, {"request": {"method": "POST", "url": "Observation"}, "resource": observation()})
        batch = {"resourceType": "Bundle", "type": "batch", "entry": entries}
        store, count = flow.sandbox.runtime.store, 0
        for name in methods:
            original = getattr(store, name)

            async def failing(*arguments: Any, original: Any = original, **named: Any) -> Any:
                nonlocal count
                count += 1
                if count > 1 or methods is WRITES:
                    raise Locked("locked")
                return await original(*arguments, **named)

            monkeypatch.setattr(store, name, failing)
        response = await flow.http.post("/general/r4", headers=fhir, json=batch)
        assert response.status_code == 200, response.text
        statuses = [entry["response"]["status"][:3] for entry in response.json()["entry"]]
        assert statuses == (["200", "503", "200"] if methods is WRITES else ["200", "201", "503"])
        failed = statuses.index("503")
        failure = response.json()["entry"][failed]["response"]["outcome"]["issue"][0]
        assert failure["diagnostics"] == Locked.detail

    run(steps, tmp_path, patients=3)


def test_a_batch_whose_first_entry_fails_is_unavailable_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps(flow: Flow) -> None:
        fhir = (await hand(flow, ALL)).headers
        await flow.sandbox.filling.ensure(ResourceSpace("general", "r4"))
        entry = {"request": {"method": "POST", "url": "Observation"}, "resource": observation()}
        fail(flow, monkeypatch, DiskFull, ("transaction",))
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
        check(await flow.http.post("/general/r4", headers=fhir, json=bundle), DiskFull)

    run(steps, tmp_path, patients=3)


SENT_503 = {
    ("agents/tools/faults.py", "_check_kind"),  # an example of a fault that an agent can ask for
    ("cli/connection.py", "Connection._close_for_shutdown"),  # tests/cli/test_grace.py
    ("cli/connection.py", "TEXTS"),
    ("cli/header_limits.py", "Heads._reject"),  # adds Retry-After
    ("cli/traffic.py", "Traffic.take"),  # tests/cli/test_limits.py
    ("cli/traffic.py", "refuse_as_busy"),  # adds Retry-After
    ("faults/responses.py", "apply_to_response"),  # a fault that was asked for
    ("web/middleware/failures.py", "FhirFailures._respond_to_failure"),  # the FHIR APIs, above
    ("web/middleware/failures.py", "page_error"),  # pages and other addresses, above
    ("web/middleware/page_headers.py", "PageHeaders.__call__.add_headers"),  # adds Retry-After to each that has none
    ("web/error_responses.py", "oauth_error"),
    ("web/exchanges/stream.py", "EventStream._refuse_too_many"),  # tests/flows/test_live_exchanges.py
    ("web/fhir/interactions/batch.py", "_run_entries"),  # an entry of a Bundle, which has no headers
    ("web/fhir/interactions/batch.py", "_BatchLimits.refuse_if_reached"),  # inside a Bundle
    ("web/mcp.py", "handle_mcp"),  # tests/flows/test_agents_by_http.py
    ("web/portal/doctor.py", "_show_not_finished"),  # adds Retry-After; tests/web/portal/test_doctor_process.py
    ("web/population_pending.py", "population_pending_page"),  # tests/flows/test_population_pending.py
}
"""Where the code says 503, and what proves that Retry-After is sent."""


def test_503_is_sent_only_where_retry_after_is_proven() -> None:
    """A new place needs a proof, and a line above."""
    found = set[tuple[str, str]]()
    for path in SOURCES.rglob("*.py"):
        if path.is_relative_to(SOURCES / "diagnosis"):  # texts about other servers
            continue
        for names, node in _with_names(ast.parse(path.read_text()), ()):
            if isinstance(node, ast.Constant) and node.value == 503:
                found.add((str(path.relative_to(SOURCES)), ".".join(names)))
    assert found == SENT_503


def _with_names(node: ast.AST, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], ast.AST]]:
    """Every node with the names of the classes, functions and constants around it."""
    own = getattr(node, "name", None) if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) else None
    if not names and isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        own = node.targets[0].id
    inner = (*names, own) if own else names
    yield inner, node
    for child in ast.iter_child_nodes(node):
        yield from _with_names(child, inner)
