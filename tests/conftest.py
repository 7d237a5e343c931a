"""Fixtures for all tests (shared folder, browser, running Sickbay), and the check that no required test is skipped."""

from __future__ import annotations

import asyncio
import atexit
import gc
import os
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from socketserver import BaseServer
from tempfile import mkdtemp
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, NoReturn

import apsw
import httpx2
import pytest
from hypothesis import HealthCheck, settings
from tests import plain_sources as plain_sources
from tests import run_folder
from tests.browsers import Browsers, find_browser, fresh_page
from tests.cli import forking
from tests.compiling import compile_tests
from tests.laws import LEAST_EXAMPLES, LONG_EXAMPLES, LONG_PROFILE
from tests.patients import create_patients
from tests.postgres import ENGINES, Server, programs, server
from tests.reports import pytest_runtest_protocol as pytest_runtest_protocol

from sickbay.protocol import jose
from sickbay.storage.sqlite import connection, reader, store
from sickbay.testing import server as testing_server
from sickbay.testing.server import PROXIES, serving

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

UNTIMED: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow],
}  # a busy machine must not fail a test
settings.register_profile("sickbay", max_examples=LEAST_EXAMPLES, **UNTIMED)
settings.register_profile(LONG_PROFILE, max_examples=LONG_EXAMPLES, **UNTIMED)
settings.load_profile("sickbay")


def connect_in_haste(path: Path | str, **options: Any) -> apsw.Connection:
    """Open the database of a sandbox in this process. It needn't survive a power failure."""
    return connection.connect(path, **options | {"durable": False})


reader.connect = store.connect = connect_in_haste  # type: ignore[attr-defined]

PATIENCE_SECONDS = 60.0
for operation in ("connect", "read", "write", "pool"):  # a busy machine must not fail a test that sets no time limit
    setattr(httpx2._config.DEFAULT_TIMEOUT_CONFIG, operation, PATIENCE_SECONDS)

if find_spec("sniffio") is None:  # httpx2 looks for it at each request, and that takes a tenth of the request
    sys.modules["sniffio"] = None  # type: ignore[assignment]

BaseServer.serve_forever.__defaults__ = (0.02,)  # otherwise a server that is stopped notices it only half a second later

KEYS_IN_USE = 16
"""No sandbox has as many keys at the same time."""
generate_key = jose.generate
_keys: deque[str] = deque(maxlen=KEYS_IN_USE)
_taking_a_key = Lock()
SANDBOXES = ("sickbay.", "concurrent.futures.")
"""The modules that call for a sandbox: its own, and that of the threads in which it has keys generated."""


def reuse_keys(size: int = 2048) -> str:
    """The key that a sandbox got longest ago, because to generate one takes longer than the other steps of a launch.

    A test itself gets a new key, so that a foreign key is never one of a sandbox.
    """
    caller = sys._getframe(1).f_globals["__name__"]
    if size != 2048 or not caller.startswith(SANDBOXES):
        return generate_key(size)
    with _taking_a_key:
        _keys.append(_keys[0] if len(_keys) == KEYS_IN_USE else generate_key())
        return _keys[-1]


jose.generate = reuse_keys

start_process = testing_server._start_process


def start_server(command: Sequence[str], environment: Mapping[str, str], errors: IO[str]) -> subprocess.Popen[str]:
    """Fork it from a process that has imported the command, if that makes no difference. The imports take a second."""
    changed = {name for name in environment.keys() | os.environ.keys() if environment.get(name) != os.environ.get(name)}
    if [*command[:3]] == [sys.executable, "-m", "sickbay"] and all(map(forking.is_read_late, changed.difference(PROXIES))):
        imported = forking.server_with_workers() if "--workers" in command else forking.server()
        return imported.serve(command, environment, errors)
    return start_process(command, environment, errors)


testing_server._start_process = start_server

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell starts background jobs so, and the tested processes inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # under nohup: a function that does nothing isn't inherited
    signal.signal(signal.SIGHUP, lambda number, frame: None)

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("SICKBAY_SHARED") or ROOT.parent / "shared")
REQUIRED = frozenset(name for name in os.environ.get("SICKBAY_REQUIRE", "").split(",") if name)
os.environ["PYTHONPATH"] = str(ROOT / "src")  # the processes that tests start read these sources too
RUN = None if "PYTEST_XDIST_WORKER" in os.environ else run_folder.begin()
"""Of the process that starts the workers. They inherit its place, and that of the cache: each population is created once."""
if RUN is not None:
    os.environ["XDG_CACHE_HOME"] = mkdtemp(prefix="cache-")
os.environ["XDG_DATA_HOME"] = mkdtemp(prefix="home-")  # not the servers of the person who runs the tests
MADE = run_folder.MadeFolders()
MADE.watch(pytest.TempPathFactory)


def skip_or_fail(need: str, why: str) -> NoReturn:
    """Skips the test. If SICKBAY_REQUIRE names the need, the skip becomes a failure."""
    pytest.skip(f"needs {need}: {why}")


def judge(report: pytest.TestReport | pytest.CollectReport) -> pytest.TestReport | pytest.CollectReport:
    """Turns a skip into a failure if SICKBAY_REQUIRE is set, unless the skip is for a need that isn't required."""
    if report.outcome == "skipped" and REQUIRED and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        need = re.search(r"needs (\w+):", reason)
        if need is None or need.group(1) in REQUIRED:
            report.outcome = "failed"
            report.longrepr = f"skipped, although SICKBAY_REQUIRE is set: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport | pytest.CollectReport]:
    return judge((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.TestReport | pytest.CollectReport]:
    return judge((yield))


def pytest_sessionstart(session: pytest.Session) -> None:
    if RUN is not None and (shortage := run_folder.find_shortage(session.config.args, Path(__file__).parent)):
        pytest.exit(shortage, returncode=pytest.ExitCode.USAGE_ERROR)
    if RUN is not None and session.config.getoption("numprocesses", None):
        compile_tests(session.config, sorted(Path(__file__).parent.rglob("test_*.py")))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: pytest.ExitCode) -> None:
    """After a failure the folders of the failed tests stay."""
    if RUN is not None and exitstatus == pytest.ExitCode.TESTS_FAILED:
        atexit.unregister(RUN.remove)
        terminalreporter.line(f"The folders of the failed tests are in {RUN.path} until the next run.")


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
    """Remove the folders of a fixture after it. pytest itself removes those of `tmp_path`, except after a failure."""
    with MADE.collect() as folders:
        if fixturedef.argname != "tmp_path":
            fixturedef.addfinalizer(partial(run_folder.remove, folders))  # the first to be added is the last to be called
        return (yield)


@contextmanager
def browser_set_aside(item: pytest.Item) -> Iterator[None]:
    """Lets a test without a browser use asyncio.run, although another test of its module has used one before."""
    loop = asyncio._get_running_loop()
    if loop is None or "chromium" in getattr(item, "fixturenames", ()):
        yield
        return
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    with browser_set_aside(item):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Remove the folders that a law made for its examples, unless it failed."""
    with browser_set_aside(item), MADE.collect() as folders:
        yield
    run_folder.remove(folders)


LONG_TESTS = (
    "tests/clients/js/",
    "tests/clients/silences/",
    "tests/deploy/",
    "tests/examples/",
    "tests/flows/test_newcomer.py",
    "tests/packaging/",
    "tests/population/test_profiles.py",
    "tests/population/test_us_core_data.py",
    "tests/tools/test_contributing.py",
    "tests/web/pages/test_accessibility.py",
)
"""Files and folders with tests of more than ten seconds."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest tests first. Otherwise a worker may begin one when the others have nothing left to do."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG_TESTS))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nearly all that is made meanwhile stays, so searching it for garbage is useless. It takes a fifth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """The collected tests stay in memory until the end, so searching them for garbage again and again is useless.

    With Python's own thresholds, collections took 8 % of the time of the tests in `tests/flows`.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="module")
def new_workers() -> Iterator[None]:
    """Starts each worker of a server as Sickbay does, not as a copy of its parent. For tests of the processes themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forking, "server_with_workers", forking.server)
        yield


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Runs coroutines on asyncio, like Sickbay."""
    return "asyncio"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with facts, cases and data: SICKBAY_SHARED, or `shared` next to the repository."""
    if not (SHARED / "cases").is_dir():
        skip_or_fail("shared", f"no folder {SHARED}; set SICKBAY_SHARED")
    return SHARED


@pytest.fixture(scope="session")
def node() -> Path:
    """The folder node_modules with the clients of package.json."""
    folder = ROOT / "node_modules"
    if not folder.is_dir():
        skip_or_fail("node", "no node_modules; run make node")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """An empty PostgreSQL server, one for each test worker."""
    bin = programs()
    if bin is None:
        skip_or_fail("postgres", "no initdb on the PATH or in Debian's folder")
    with server(bin) as running:
        yield running


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Callable[[], str | None]:
    """Returns the URL of an empty database; None for SQLite."""
    if request.param == "sqlite":
        return lambda: None
    server: Server = request.getfixturevalue("postgres")
    return server.address


@pytest.fixture(scope="session")
def browsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browsers]:
    """The driver, one for each test worker."""
    if find_browser(full=True) is None:
        skip_or_fail("chromium", "no chromium on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = Browsers(driver, tmp_path_factory.mktemp("profile"))
        asyncio._set_running_loop(None)
        yield started
        asyncio._set_running_loop(started.loop)
        if started.shared:
            started.shared.close()


@pytest.fixture(scope="module")
def chromium(browsers: Browsers) -> Iterator[Callable[..., BrowserContext]]:
    """Opens a browser with another profile. Tests that use one can't use asyncio.run."""
    with browsers.in_use():
        yield browsers.open


@pytest.fixture(scope="module")
def shared_context(browsers: Browsers, chromium: Callable[[Path], BrowserContext]) -> BrowserContext:
    """The browser of this test worker. It isn't private, because a private one blocks storage in frames of another origin."""
    browsers.shared = browsers.shared or chromium(browsers.profile)
    return browsers.shared


@pytest.fixture
def page(shared_context: BrowserContext) -> Iterator[Page]:
    """A page of a browser without cookies, stored data or cached responses. Its timeout is 60 s."""
    yield from fresh_page(shared_context, 60_000)


@pytest.fixture(scope="session")
def live() -> Iterator[dict[str, Any]]:
    """The output of `serve --json` of a Sickbay with its default population, one for each test worker."""
    with serving("--ephemeral") as running:
        create_patients(running.base)
        yield running.line
