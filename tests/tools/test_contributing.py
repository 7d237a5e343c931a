"""Following a list in CONTRIBUTING.md gives a working rule, cause, check, operation, policy, page or story."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.once import once
from tests.tools.contributing import (
    both,
    commands,
    copy,
    copying,
    faults,
    follow,
    list_passed,
    list_paths,
    repeating,
    replacing,
)
from tools.checks.files import ROOT

from sickbay.testing.server import serving

CATALOGUE = "tests/diagnosis/test_catalogue.py"
SYNTAX = "tests/authorization/authorize/test_request_syntax.py"
DOCTOR = [f"tests/doctor/test_{name}.py" for name in ("seen", "knowledge", "products", "launch_hours")]
POLICY = ["tests/dialects/test_dialect.py", "tests/authorization/test_policy.py"]
HELLO = "tests/flows/test_operations.py::test_hello_is_answered"
STORIES = "tests/population/test_stories.py::test_"
STORY = [
    f"{STORIES}a_story_has_a_plausible_frequency[podagra-12-60]",
    f"{STORIES}every_story_occurs_among_three_thousand_patients",
]
PAGE = ["tests/flows/test_about.py", "tests/web/pages/test_pages.py"]
CASES = "src/sickbay/diagnosis/cases"
EXAMPLES = {
    "stage": "authorize",
    "topic": "request_syntax",
    "rules": "response",
    "id": "response-mode-unsupported",
    "vendor": "cerner",
    "product": "oauth",
    "page": "logout",
    "name": "meta",
    "story": "gout",
    "guide": "standalone",
    "cause": "code-used-twice",
}
LISTS = ("rule", "cause", "check", "FHIR operation", "dialect entry", "page", "documentation page", "population story")


@pytest.mark.parametrize("what", LISTS)
def test_a_list_names_files_that_exist(what: str) -> None:
    paths = list_paths(what)
    assert len(paths) >= 2
    named = [re.sub(r"<(\w+)>", lambda match: EXAMPLES[match[1]], path) for path in paths]
    assert [path for path in named if not (ROOT / path).is_file()] == []


def add_rule(root: Path) -> None:
    words = repeating(
        r"^## grant-type-invalid\n.*?(?=^## )",
        ("## grant-type-invalid", "## grant-type-hyphenated\nexplains: grant-type-invalid"),
        ("`grant_type` isn't supported", "`grant_type` has a hyphen"),
    )
    functions = repeating(
        r'^    "grant-type-invalid": .*?\n',
        ("grant-type-invalid", "grant-type-hyphenated"),
        (": _add_suggestion,", ': lambda facts: _add_suggestion(facts) if "-" in facts["received"] else None,'),
    )
    case = copying(
        f"{CASES}/token/grant-type-invalid.md", ("grant-type-invalid", "grant-type-hyphenated"), ("sation_", "zation-")
    )
    names = {"stage": "token", "rules": "request_format", "id": "grant-type-hyphenated"}
    follow(root, "rule", names, [words, functions, case])


def test_a_rule_is_its_words_its_functions_and_a_case(passed: list[str]) -> None:
    assert len(of(passed, CATALOGUE)) == 9


MESSAGE = """
[launch-not-open]
wordings = [["launch window is not open"]]
means = "The server accepts no launch now."
source = "https://ehr.example.org/errors#launch-window"
"""
CAUSE = """+++
basis = "documented"
source = "https://ehr.example.org/errors#launch-window"

[behind]
"smart/launch-not-open" = "usual"
+++
# The app was launched outside the hours that the hospital allows

The hospital decides when apps may be launched.

## Check
Ask the hospital for its hours.

## Fix
Launch the app within these hours.

## Seen
> Error: the launch window is not open.
(https://ehr.example.org/errors#launch-window)
"""
BY_TEXT = """from sickbay.doctor.text import diagnose_text


def test_a_text_with_the_message_shows_the_cause() -> None:
    findings = diagnose_text("Error: the launch window is not open.")[1].explanation.findings
    assert [finding.id for finding in findings] == ["smart-launch-hours"]
"""


def add_cause(root: Path) -> None:
    follow(root, "cause", {"product": "smart", "cause": "launch-hours"}, [lambda text: text + MESSAGE, lambda _: CAUSE])
    (root / "tests" / "doctor" / "test_launch_hours.py").write_text(BY_TEXT, encoding="utf-8")


def test_a_cause_is_a_message_and_a_file_with_the_texts_that_prove_it(passed: list[str]) -> None:
    assert len(of(passed, *DOCTOR)) > 10
    assert len(of(passed, DOCTOR[-1])) == 1


def add_check(root: Path) -> None:
    words = (("response_mode", "display"), ("response-mode-unsupported", "display-unsupported"))
    refusal = repeating(r"^RESPONSE_MODE_UNSUPPORTED = .*?\n", ("RESPONSE_MODE", "DISPLAY"), words[1])
    check = repeating(
        r"^@check\(\)\ndef response_mode_is_query_if_sent.*?\n\n\n",
        ("response_mode", "display"),
        ("query", "page"),
        ("RESPONSE_MODE", "DISPLAY"),
    )
    place = repeating(r"^    request_syntax\.response_mode_is_query_if_sent,\n", ("response_mode_is_query", "display_is_page"))
    rule = repeating(r"^## response-mode-unsupported\n.*?(?=^## )", *words, ("`query`", "`page`"), ("'query'", "'page'"))
    functions = repeating(r'^    "response-mode-unsupported": .*?\n', *words)
    case = copying(
        f"{CASES}/authorize/response-mode-unsupported.md",
        *words,
        ("=fragment", "=popup"),
        ("`query`", "`page`"),
        ("'query'", "'page'"),
    )
    test = replacing(
        (
            '        ({"response_mode": "form_post"}, "response-mode-unsupported"),\n',
            '        ({"response_mode": "form_post"}, "response-mode-unsupported"),\n'
            '        ({"display": "popup"}, "display-unsupported"),\n',
        ),
    )
    names = {"stage": "authorize", "topic": "request_syntax", "rules": "response", "id": "display-unsupported"}
    follow(root, "check", names, [refusal, check, place, rule, functions, case, test])


def test_a_check_is_a_refusal_a_function_its_place_a_rule_a_case_and_a_test(passed: list[str]) -> None:
    assert len(of(passed, CATALOGUE)) == 9
    assert [name for name in of(passed, SYNTAX) if "display" in name]


def add_dialect_entry(root: Path) -> None:
    changes = [
        repeating(r"^    requires_patient: bool = False\n", ("requires_patient", "requires_encounter")),
        repeating(r'^    "requires_patient": .*?\n', ("patient", "encounter")),
        repeating(r"^wildcard_scopes = false\n", ("wildcard_scopes = false", "requires_encounter = true  # seen in 2026")),
    ]
    follow(root, "dialect entry", {"vendor": "cerner"}, changes)


def test_a_dialect_entry_is_a_policy_its_text_and_a_value(passed: list[str]) -> None:
    assert len(of(passed, *POLICY)) > 20


HANDLER = '''"""Handles the page about Sickbay."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import html_response
from sickbay.web.portal.about_view import AboutView


async def about(request: Request, sandbox: Sandbox) -> Response:
    return html_response.render_page(request, sandbox, "about", AboutView(title="About", text="An EHR for tests."))
'''
VIEW = '''"""The view of the page about Sickbay."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutView:
    title: str
    text: str
'''
TEMPLATE = """{% extends "layout/base.html.j2" %}
{% block title %}{{ view.title }}{% endblock %}
{% block page %}<header><h1>{{ view.title }}</h1><p>{{ view.text }}</p></header>{% endblock %}
"""
BY_HTTP = """from tests.flows.flow import Flow, run


def test_about(tmp_path) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get("/about", headers={"Accept": "text/html"})
        assert answer.status_code == 200
        assert "An EHR for tests." in answer.text

    run(steps, tmp_path, patients=0)
"""


OPERATION = '''"""$hello: greets."""

from __future__ import annotations

from sickbay.authorization.requests import AccessRequest
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.operations.parameters import parameters_response
from sickbay.web.fhir.response import FhirResponse


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    return parameters_response(context, return_valueString="Hello")
'''
OPERATION_TEST = """

def test_hello_is_answered(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        user = await hand(flow, "user/*.rs")
        answer = await user.ask("GET", "/$hello")
        assert answer.json()["parameter"] == [{"name": "return", "valueString": "Hello"}]

    run(steps, tmp_path)
"""


def add_operation(root: Path) -> None:
    changes = [
        repeating(r'^    Operation\("meta", "system", .*?\n', ('"meta"', '"hello"'), ("Resource-meta", "System-hello")),
        lambda _: OPERATION,
        replacing(
            ("everything, export, lastn", "everything, export, hello, lastn"),
            ('    "meta": meta.handle,\n', '    "meta": meta.handle,\n    "hello": hello.handle,\n'),
        ),
        lambda text: text + OPERATION_TEST,
    ]
    follow(root, "FHIR operation", {"name": "hello"}, changes)


def test_an_operation_is_a_row_a_handler_its_line_and_a_test(passed: list[str]) -> None:
    assert of(passed, HELLO) == [HELLO]


def add_page(root: Path) -> None:
    changes = [
        lambda _: VIEW,
        lambda _: TEMPLATE,
        lambda _: HANDLER,
        replacing(
            ("from sickbay.web.portal import (\n", "from sickbay.web.portal import (\n        about,\n"),
            ("    app_edit = Handlers", '    about = HandlersOf("sickbay.web.portal.about")\n    app_edit = Handlers'),
            (
                '        Route("/healthz"',
                '        Route("/about", bind_sandbox(sandbox, about.about)),\n        Route("/healthz"',
            ),
        ),
        replacing(
            (
                "from sickbay.web.pages.parts import Frame, Link\n",
                "from sickbay.web.pages.parts import Frame, Link\nfrom sickbay.web.portal.about_view import AboutView\n",
            ),
            (
                '        "not-found": (',
                '        "about": ("about", AboutView(title="About", text="t"), DEVELOPER),\n        "not-found": (',
            ),
        ),
    ]
    follow(root, "page", {"product": "portal", "page": "about"}, changes)
    (root / "tests" / "flows" / "test_about.py").write_text(BY_HTTP, encoding="utf-8")


def test_a_page_is_a_view_a_template_a_handler_an_address_and_a_sample(passed: list[str]) -> None:
    assert len(of(passed, PAGE[0])) == 1
    assert len(of(passed, *PAGE)) > 10


def add_story(root: Path) -> None:
    gout = "src/sickbay/population/stories/gout.py"
    changes = [
        copying(gout, ('    "gout",', '    "podagra",'), ("class Gout(", "class Podagra("), ("Gout(draw", "Podagra(draw")),
        both(
            repeating(r"^    gout,\n", ("gout", "podagra"), after=True),
            repeating(r"^    gout\.STORY,\n", ("gout", "podagra"), after=True),
        ),
        repeating(r'^        \("gout", 12, 60\),\n', ("gout", "podagra")),
    ]
    follow(root, "population story", {"story": "podagra"}, changes)


def test_a_population_story_is_a_file_its_place_and_its_share(passed: list[str]) -> None:
    assert len(of(passed, *STORY)) == 2


@pytest.mark.parametrize("command", commands("Work on one thing"))
def test_a_printed_command_works(command: str) -> None:
    """The debugger reads `continue` and ends. A server is stopped as soon as it is ready."""
    _, serve, options = command.partition("sickbay serve ")
    if serve:
        with serving("--ephemeral", "--patients", "0", *options.split()):
            return
    done = subprocess.run(
        ["bash", "-c", command.replace(".venv/bin/python", sys.executable)],
        cwd=ROOT,
        input="continue\n",
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 selected" not in done.stdout
    assert ("(Pdb)" in done.stdout) == ("--trace" in command)


def test_the_hooks_run_what_make_check_runs() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"^check: \$\(VENV\)/\.dev (.*?)  ##.*\n((?:\t.*\n)+)", makefile, re.M)
    assert recipe
    lines = [*recipe[2].splitlines(), *(f"make {target}" for target in recipe[1].split())]
    expected = {line.strip().replace("$(PY)", ".venv/bin/python").replace("$(VENV)", ".venv") for line in lines}
    configuration = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for repository in configuration["repos"] for hook in repository["hooks"]]
    assert {repository["repo"] for repository in configuration["repos"]} == {"local"}
    assert {hook["entry"] for hook in hooks} == {line.removesuffix(" $(SOURCES)") for line in expected}


def test_the_hooks_look_at_the_folders_that_make_check_looks_at() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    folders = re.search(r"^SOURCES := (.*)$", makefile, re.M)
    assert folders
    configuration = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert configuration.count(f"files: ^({'|'.join(folders[1].split())})/") == 2


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with one of each added, following only the lists. All test workers share it."""

    def make(folder: Path) -> None:
        copy(folder)
        for add in (add_rule, add_cause, add_check, add_operation, add_dialect_entry, add_page, add_story):
            add(folder)

    return once(tmp_path_factory, "added", make)


@pytest.fixture(scope="module")
def passed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The tests of all additions that passed. They run in one process, because each process imports everything again."""
    tests = [CATALOGUE, SYNTAX, *DOCTOR, *POLICY, HELLO, *PAGE, *STORY]
    folder = once(tmp_path_factory, "passed", lambda made: (made / "names").write_text("\n".join(list_passed(root, *tests))))
    return (folder / "names").read_text().splitlines()


def of(passed: list[str], *tests: str) -> list[str]:
    """Those of these files or tests."""
    return [name for name in passed if name.startswith(tests)]


def test_the_additions_pass_the_checks(root: Path) -> None:
    assert faults(root) == []
