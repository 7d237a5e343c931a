"""The pytest plugin. It imports nothing else and changes nothing until a test asks for the fixture `sickbay`."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .finding import Running, ServerChoice
    from .sandbox_client import SandboxClient
    from .server import Live

LATEST = "_sickbay"
"""The attribute of a test item that holds its SandboxClient, for the report of a failure."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("sickbay", "Sickbay, an EHR for the tests of SMART on FHIR apps")
    group.addoption(
        "--sickbay-command", metavar="COMMAND", help="the command of the Sickbay to start, such as /opt/sickbay/bin/sickbay"
    )
    group.addoption("--sickbay-url", metavar="URL", help="use the Sickbay that runs at this address, and start none")
    group.addoption(
        "--sickbay-reset", action="store_true", help="let the tests delete the data of the Sickbay at --sickbay-url"
    )
    group.addoption(
        "--sickbay-start-timeout", metavar="SECONDS", type=float, help="how long Sickbay may take to start (default: 180)"
    )
    group.addoption("--sickbay-exchanges", metavar="FOLDER", help="keep the exchanges of failed tests here, as HAR and HTML")
    parser.addini("sickbay_options", "options of `sickbay serve` for the tests, such as --patients 10", type="args", default=[])
    parser.addini("sickbay_command", "as --sickbay-command", default="")
    parser.addini("sickbay_url", "as --sickbay-url", default="")
    parser.addini("sickbay_start_timeout", "as --sickbay-start-timeout", default="")


@pytest.fixture(scope="session")
def sickbay_server(request: pytest.FixtureRequest) -> Iterator[Live | Running]:
    """One Sickbay for the session, and one for each worker of pytest-xdist. It stores nothing."""
    from .finding import find_sickbay
    from .sandbox_client import SickbayError, create_patients

    problem = ""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(find_sickbay(_server_choice(request.config), os.environ))
            create_patients(server.line, server.admin_token)
            yield server
        except (SickbayError, RuntimeError) as error:
            problem = str(error)
    if problem:  # outside of `except`, so that pytest shows nothing else
        pytest.fail(problem, pytrace=False)


def _server_choice(config: pytest.Config) -> ServerChoice:
    from .finding import ServerChoice
    from .sandbox_client import SickbayError
    from .server import START_SECONDS

    seconds = config.getoption("--sickbay-start-timeout") or config.getini("sickbay_start_timeout") or START_SECONDS
    try:
        return ServerChoice(
            url=config.getoption("--sickbay-url") or config.getini("sickbay_url"),
            command=config.getoption("--sickbay-command") or config.getini("sickbay_command"),
            arguments=config.getini("sickbay_options"),
            start_seconds=float(seconds),
            may_reset=config.getoption("--sickbay-reset"),
        )
    except ValueError:
        raise SickbayError(f"sickbay_start_timeout must be a number of seconds, not {seconds}.") from None


@pytest.fixture
def sickbay(request: pytest.FixtureRequest, sickbay_server: Live | Running) -> SandboxClient:
    """Sickbay in its initial state: no other test's apps, launches, tokens, changes or clock."""
    from .sandbox_client import SandboxClient, SickbayError

    client, problem = SandboxClient(sickbay_server.line, sickbay_server.admin_token), ""
    try:
        client.reset()
    except SickbayError as error:
        problem = f"{error}{sickbay_server.ending()}"
    if problem:
        pytest.fail(problem, pytrace=False)
    client.saved_pages = _folder_of_pages(request)
    setattr(request.node, LATEST, client)
    return client


def _folder_of_pages(request: pytest.FixtureRequest) -> Path:
    """Where the pages of failures are kept: --sickbay-exchanges, or pytest's cache, or the folder of its temporary files."""
    if given := request.config.getoption("--sickbay-exchanges"):
        return Path(str(given))
    if request.config.pluginmanager.has_plugin("cacheprovider"):
        return request.config.cache.mkdir("sickbay")
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    return factory.getbasetemp() / "sickbay"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to a failed test what Sickbay refused and why, and what it waits for."""
    report = yield
    client: SandboxClient | None = getattr(item, LATEST, None)
    if client is not None and call.when == "call" and report.failed:
        from .failure_report import describe_waiting_launches, explain_refusals, write_har

        if text := explain_refusals(client, str(call.excinfo.value) if call.excinfo else ""):
            report.sections.append(("Sickbay refused", text))
        if text := describe_waiting_launches(client):
            report.sections.append(("Sickbay waits", text))
        if (folder := item.config.getoption("--sickbay-exchanges")) and (
            kept := write_har(client, Path(str(folder)), item.nodeid)
        ):
            report.sections.append(("Sickbay's exchanges", kept))
    return report
