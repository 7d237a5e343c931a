"""Unmodified clients that get nothing, too little, or stop: the first cause that Sickbay shows is the true one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from tests.browsers import fresh_page
from tests.clients.client_kit import AdminClient
from tests.clients.later_server import serving_later
from tests.clients.origins import serves
from tests.clients.silences.rows import APPAUTH, EMPTY, HERE, LESS, NODE, NOTHING, Group, Silence
from tests.clients.test_smart_fetch import fetch, service
from tests.conftest import skip_or_fail
from tests.flows.later_effects import LaterEffects
from tests.flows.silences import SILENCES

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.timeout(400)  # one process of the clients runs before the first test
FOLDER = Path(__file__).parent
TRUE_SHARE = 50 / 60
LEAST_OF_A_GROUP = 6


class Score(NamedTuple):
    """One silence. true and shown: the step or stage, and the cause."""

    group: Group
    client: str
    name: str
    true: tuple[str, str]
    shown: tuple[str, str]
    saw: str

    @property
    def is_true(self) -> bool:
        return self.true == self.shown

    @property
    def is_harmful(self) -> bool:
        """Whether the reader is sent to another step than the one that failed."""
        return self.true[0] != self.shown[0]


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], LaterEffects]]:
    with serving_later(tmp_path_factory.mktemp("later")) as served:
        yield served


@pytest.fixture(scope="module")
def sickbay(later: tuple[dict[str, Any], LaterEffects]) -> AdminClient:
    return AdminClient(later[0])


def fill(value: Any, patients: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: fill(item, patients) for name, item in value.items()}
    return value.format(**patients) if isinstance(value, str) and "{" in value else value


def run_node(sickbay: AdminClient, node: Path) -> list[tuple[Silence, dict[str, Any], str]]:
    """Runs the scripts of NODE. Returns each with its app and what the client saw."""
    family = sickbay.get("r4", "Patient/p-0001")["name"][0]["family"]
    patients = {"patient": "p-0001", "other": "p-0002", "family": family.lower()}
    apps = [register(sickbay, row) for row in NODE]
    scripts = []
    for row, app in zip(NODE, apps, strict=True):
        launch = sickbay.launch(app, **fill(row.launch, patients))["launch"] if row.launch is not None else ""
        known = {name: app[name] for name in ("client_id", "client_secret", "scope") if app.get(name)}
        common = {"client": row.client, "script": row.script, "launch": launch}
        scripts.append(known | common | fill(row.more or {}, patients))
    issuer = sickbay.line["tenants"]["general"]["issuer"]
    told = {"base": sickbay.line["base"], "issuer": issuer, "fhir": sickbay.fhir("r4"), "scripts": scripts}
    process = subprocess.run(
        ["node", FOLDER / "clients.mjs"], input=json.dumps(told), capture_output=True, text=True, timeout=360, check=False
    )
    assert process.returncode == 0, process.stderr
    return list(zip(NODE, apps, json.loads(process.stdout), strict=True))


def register(sickbay: AdminClient, row: Silence) -> dict[str, Any]:
    patient = {} if row.launch == {} or "user/" in row.app["scope"] else {"patient": "p-0001"}
    return sickbay.register(**{"redirect_uris": [HERE], **sickbay.auto_approved(**patient), **row.app})


def explain_launch(sickbay: AdminClient, app: dict[str, Any]) -> tuple[str, str]:
    """The awaited step and the first cause of the app's oldest launch."""
    with sickbay.http as http:
        found = http.get(f"/admin/launches?app={app['app_id']}").json()[-1]
    return (found["waiting_for"] or {}).get("step", found["state"]), (found["causes"] or [{"id": "none"}])[0]["id"]


def explain_exchange(sickbay: AdminClient, app: dict[str, Any], stage: str) -> tuple[str, str]:
    """The stage and the first finding of the app's newest exchange of this stage."""
    stages = ("access", "search") if stage in ("access", "search") else (stage,)
    newest = next(entry for entry in sickbay.exchanges(app) if entry["stage"] in stages)
    with sickbay.http as http:
        found = http.get(f"/exchanges/{newest['id']}", headers={"Accept": "application/json"}).json()["findings"]
    return stage, found[0]["id"] if found else "none"


def score_node(sickbay: AdminClient, ran: list[tuple[Silence, dict[str, Any], str]]) -> Iterator[Score]:
    for row, app, saw in ran:
        shown = explain_launch(sickbay, app) if row.group == NOTHING else explain_exchange(sickbay, app, row.step)
        yield Score(row.group, row.client, row.script, (row.step, row.truth), shown, saw)


@pytest.fixture(scope="module")
def appauth(node: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """AppAuth as one script, made by a bundler because its modules have no extensions in their imports."""
    library = node / "@openid" / "appauth" / "built" / "src" / "index.js"
    if not library.is_file():
        skip_or_fail("node", "no @openid/appauth in node_modules; run make node")
    target = tmp_path_factory.mktemp("appauth") / "appauth.js"
    command: list[str | Path] = [node / ".bin" / "rolldown", library, "--format", "iife", "--name", "AppAuth", "--file", target]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return target.read_bytes()


def run_appauth(sickbay: AdminClient, page: Page, appauth: bytes) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Runs the app in a page once for each way to stop. Returns each with the app and the title of its page."""
    configs: dict[str, dict[str, Any]] = {}

    def answer(path: str) -> tuple[str, bytes] | None:
        folder, _, name = path.partition("?")[0].lstrip("/").rpartition("/")
        if name == "appauth.js":
            return "text/javascript", appauth
        if name == "config.js":
            return "text/javascript", f"const CONFIG = {json.dumps(configs[folder])};".encode()
        return ("text/html", (FOLDER / "appauth.html").read_bytes()) if name.endswith(".html") else None

    with serves(answer) as port:
        for stops in APPAUTH:
            id = str(uuid.uuid4())
            home = f"http://localhost:{port}/{id}"
            begins = f"http://127.0.0.1:{port}/{id}" if stops == "another host" else home
            scope = "launch openid fhirUser patient/Patient.rs"
            app = sickbay.register(
                client_id=id,
                redirect_uris=[f"{home}/index.html"],
                launch_uri=f"{begins}/launch.html",
                scope=scope,
                **sickbay.auto_approved(),
            )
            issuer = sickbay.line["tenants"]["general"]["issuer"]
            common = {"client_id": id, "redirect_uri": f"{home}/index.html", "scope": scope, "patient": "p-0001"}
            configs[id] = common | {"issuer": issuer, "aud": sickbay.fhir("r4"), "stops": stops}
            user = sickbay.clinician["username"]
            page.goto(f"{sickbay.line['base']}/general/ehr/launch?app={app['app_id']}&patient=p-0001&user={user}")
            page.wait_for_selector("html[data-done]", state="attached", timeout=60_000)
            yield stops, app, page.title()


def smart_fetch(sickbay: AdminClient, folder: Path, *arguments: str) -> tuple[dict[str, Any], list[str]]:
    """An app for smart-fetch, and the arguments of an export into a folder."""
    folder.mkdir()
    app, key = service(sickbay, folder)
    access = ("--fhir-url", sickbay.fhir("r4"), "--smart-client-id", app["client_id"], "--smart-key", str(key))
    return app, ["bulk", str(folder / "out"), *access, *arguments]


def run_bulk(sickbay: AdminClient, folder: Path) -> Iterator[tuple[str, tuple[str, str], dict[str, Any], str]]:
    """Exports a type without data, which is no silence, and kills a client that waits for its export."""
    app, arguments = smart_fetch(sickbay, folder / "empty", "--type", "Device")
    process = fetch(*arguments)
    yield "exports a type without data", ("worked", "none"), app, (process.stdout + process.stderr).strip()[-200:]
    app, arguments = smart_fetch(sickbay, folder / "killed")
    tool = Path(sys.executable).with_name("smart-fetch")
    with subprocess.Popen([tool, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as waiting:
        end = time.monotonic() + 60
        while not (sent := exports(sickbay, app)) and waiting.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        waiting.kill()
    sent = exports(sickbay, app)
    yield "was killed during its export", ("export", explain_kill(sent)), app, f"{len(sent)} responses"


def explain_kill(sent: list[dict[str, Any]]) -> str:
    """The true cause depends on how far the client came before it was killed."""
    statuses = [entry["response"]["status"] for entry in sent if "/$export/" in entry["request"]["url"]]
    if not statuses:
        return "export-not-polled"
    return "export-files-not-fetched" if 200 in statuses else "export-polling-stopped"


def exports(sickbay: AdminClient, app: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for entry in sickbay.exchanges(app) if "$export" in entry["request"]["url"]]


@pytest.fixture(scope="module")
def module_page(shared_context: BrowserContext) -> Iterator[Page]:
    yield from fresh_page(shared_context, 60_000)


@pytest.fixture(scope="module")
def scores(
    sickbay: AdminClient,
    later: tuple[dict[str, Any], LaterEffects],
    node: Path,
    appauth: bytes,
    module_page: Page,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Score]:
    ran = run_node(sickbay, node)
    pages = list(run_appauth(sickbay, module_page, appauth))
    bulk = list(run_bulk(sickbay, tmp_path_factory.mktemp("bulk")))
    later[1].later += 700
    silent = [("AppAuth", name, APPAUTH[name], app, saw) for name, app, saw in pages]
    silent += [("smart-fetch", *row) for row in bulk]
    stopped = [Score(NOTHING, client, name, true, explain_launch(sickbay, app), saw) for client, name, true, app, saw in silent]
    return [*score_node(sickbay, ran), *stopped]


def table(scores: list[Score]) -> str:
    lines = [f"{'':7}{'group':24}{'client':15}{'what it did':34}{'true cause':34}first cause shown"]
    for score in scores:
        mark = "true" if score.is_true else "HARM" if score.is_harmful else "other"
        names = f"{score.group:24}{score.client:15}{score.name:34}{score.true[1]:34}{score.shown[1]}"
        lines.append(f"{mark:7}{names}{'' if score.is_true else f'   ({score.shown[0]}; the client saw: {score.saw})'}")
    return "\n".join(lines)


def test_the_first_cause_is_the_true_one_and_none_is_harmful(scores: list[Score], capsys: pytest.CaptureFixture[str]) -> None:
    text = table(scores)
    print(text)
    assert not [score for score in scores if score.is_harmful], text
    assert sum(score.is_true for score in scores) >= TRUE_SHARE * len(scores), text


def test_each_group_has_at_least_six_silences(scores: list[Score]) -> None:
    """The scripts of broken apps are tested one by one in tests/flows/test_silences.py."""
    counted = Counter(score.group for score in scores)
    assert min(counted[group] for group in (EMPTY, LESS, NOTHING)) >= LEAST_OF_A_GROUP
    assert len(scores) + len(SILENCES) >= 60
