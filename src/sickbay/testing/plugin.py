"""The pytest plugin. It imports nothing and changes nothing until a test asks for the fixture `sickbay`."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sickbay.testing.sandbox_client import SandboxClient
    from sickbay.testing.server import Live

LATEST = "_sickbay"
"""The attribute of a test item that holds its SandboxClient, for the report of a failure."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("sickbay", "Sickbay, an EHR for the tests of SMART on FHIR apps")
    group.addoption("--sickbay-exchanges", metavar="FOLDER", help="keep the exchanges of failed tests here, as HAR and HTML")
    parser.addini("sickbay_options", "options of `sickbay serve` for the tests, such as --patients 10", type="args", default=[])


@pytest.fixture(scope="session")
def sickbay_server(request: pytest.FixtureRequest) -> Iterator[Live]:
    """One Sickbay for the session, and one for each worker of pytest-xdist. It stores nothing."""
    from sickbay.testing.server import serving

    with serving("--ephemeral", *request.config.getini("sickbay_options")) as live:
        yield live


@pytest.fixture
def sickbay(request: pytest.FixtureRequest, sickbay_server: Live) -> Iterator[SandboxClient]:
    """Sickbay in its initial state: no other test's apps, launches, tokens, changes or clock."""
    from sickbay.testing.sandbox_client import SandboxClient

    with SandboxClient(sickbay_server.line) as client:
        client.reset()
        setattr(request.node, LATEST, client)
        yield client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to a failed test what Sickbay refused and why."""
    report = yield
    client: SandboxClient | None = getattr(item, LATEST, None)
    if client is not None and call.when == "call" and report.failed:
        from sickbay.testing.failure_report import diagnosis, keep

        if text := diagnosis(client):
            report.sections.append(("Sickbay refused", text))
        if folder := item.config.getoption("--sickbay-exchanges"):
            report.sections.append(("Sickbay's exchanges", keep(client, Path(str(folder)), item.nodeid)))
    return report
