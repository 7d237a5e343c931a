"""The lists of CONTRIBUTING.md are complete: following one gives a rule, a check, a policy, a page or a story that works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.tools.contributing import both, copied, copying, faults, followed, listed, passed, repeating, replacing
from tools.checks.files import ROOT

CATALOGUE = "tests/diagnosis/test_catalogue.py"
CASES = "src/sickbay/diagnosis/cases"
EXAMPLES = {
    "stage": "authorize",
    "topic": "shape",
    "rules": "response",
    "id": "response-mode-unsupported",
    "vendor": "cerner",
    "page": "notice",
    "story": "gout",
}
LISTS = ("rule", "check", "FHIR operation", "dialect entry", "page", "population story")


@pytest.mark.parametrize("what", LISTS)
def test_a_list_names_files_that_exist(what: str) -> None:
    paths = listed(what)
    assert len(paths) >= 2
    named = [re.sub(r"<(\w+)>", lambda match: EXAMPLES[match[1]], path) for path in paths]
    missing = [path for path in named if not (ROOT / path).is_file()]
    assert missing in ([], ["src/sickbay/diagnosis/rules/authorize/shape.py"], ["src/sickbay/web/notice.py"])


def add_rule(root: Path) -> None:
    entry = both(
        repeating(
            r"^GRANT_TYPE_INVALID = Rule\(\n.*?^\)\n\n",
            ("GRANT_TYPE_INVALID", "GRANT_TYPE_HYPHENATED"),
            ('id="grant-type-invalid"', 'id="grant-type-hyphenated"'),
            ("_with_suggestion,", '(lambda facts: _with_suggestion(facts) if "-" in facts["received"] else None),'),
        ),
        repeating(r"^    GRANT_TYPE_INVALID,\n", ("INVALID", "HYPHENATED")),
    )
    case = copying(
        f"{CASES}/token/grant-type-invalid.md", ("grant-type-invalid", "grant-type-hyphenated"), ("sation_", "zation-")
    )
    names = {"stage": "token", "topic": "envelope", "id": "grant-type-hyphenated"}
    followed(root, "rule", names, [entry, case])


def test_a_rule_is_an_entry_and_a_case(root: Path) -> None:
    assert passed(root, CATALOGUE, "-k", "grant-type-hyphenated or grant-type-invalid or unique or every_case") >= 10


def add_check(root: Path) -> None:
    words = (("response_mode", "display"), ("response-mode-unsupported", "display-unsupported"))
    refusal = repeating(r"^RESPONSE_MODE_UNSUPPORTED = .*?\n", ("RESPONSE_MODE", "DISPLAY"), words[1])
    check = repeating(
        r"^@check\(\)\ndef response_mode_is_query.*?\n\n\n",
        ("response_mode", "display"),
        ("query", "page"),
        ("RESPONSE_MODE", "DISPLAY"),
    )
    place = repeating(r"^    shape\.response_mode_is_query,\n", ("response_mode_is_query", "display_is_page"))
    rule = both(
        repeating(r"^RESPONSE_MODE_UNSUPPORTED = Rule\(\n.*?^\)\n\n", ("RESPONSE_MODE", "DISPLAY"), *words, ("query", "page")),
        repeating(r"^    RESPONSE_MODE_UNSUPPORTED,\n", ("RESPONSE_MODE", "DISPLAY")),
    )
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
    names = {"stage": "authorize", "topic": "shape", "rules": "response", "id": "display-unsupported"}
    followed(root, "check", names, [refusal, check, place, rule, case, test])


def test_a_check_is_a_refusal_a_function_its_place_a_rule_a_case_and_a_test(root: Path) -> None:
    shape = "tests/authorization/authorize/test_request_syntax.py"
    assert passed(root, CATALOGUE, shape, "-k", "display or unique or every_case") >= 8


def add_dialect_entry(root: Path) -> None:
    changes = [
        repeating(r"^    requires_patient: bool = False\n", ("requires_patient", "requires_encounter")),
        repeating(r'^    "requires_patient": .*?\n', ("patient", "encounter")),
        repeating(r"^wildcard_scopes = false\n", ("wildcard_scopes = false", "requires_encounter = true  # seen in 2026")),
    ]
    followed(root, "dialect entry", {"vendor": "cerner"}, changes)


def test_a_dialect_entry_is_a_policy_its_text_and_a_value(root: Path) -> None:
    assert passed(root, "tests/dialects/test_dialect.py", "tests/authorization/test_policy.py") > 20


HANDLER = '''"""The page about Sickbay."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import show
from sickbay.web.pages.about import AboutView


async def about(request: Request, sandbox: Sandbox) -> Response:
    return show.page(request, sandbox, "about", AboutView(title="About", text="An EHR for tests."))
'''
VIEW = '''"""The page about Sickbay."""

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
    async def walk(flow: Flow) -> None:
        answer = await flow.http.get("/about", headers={"Accept": "text/html"})
        assert answer.status_code == 200
        assert "An EHR for tests." in answer.text

    run(walk, tmp_path, patients=0)
"""


def add_page(root: Path) -> None:
    changes = [
        lambda _: VIEW,
        lambda _: TEMPLATE,
        lambda _: HANDLER,
        replacing(
            ("from sickbay.web import (\n", "from sickbay.web import (\n    about,\n"),
            ('        Route("/healthz"', '        Route("/about", _with(sandbox, about.about)),\n        Route("/healthz"'),
        ),
        replacing(
            (
                "from sickbay.web.pages.frame import",
                "from sickbay.web.pages.about import AboutView\nfrom sickbay.web.pages.frame import",
            ),
            (
                '        "not-found": (',
                '        "about": ("about", AboutView(title="About", text="t"), WORKSHOP),\n        "not-found": (',
            ),
        ),
    ]
    followed(root, "page", {"page": "about"}, changes)
    (root / "tests" / "flows" / "test_about.py").write_text(BY_HTTP, encoding="utf-8")


def test_a_page_is_a_view_a_template_a_handler_an_address_and_a_sample(root: Path) -> None:
    assert passed(root, "tests/flows/test_about.py", "tests/web/pages/test_pages.py", "-k", "about") >= 5


def add_story(root: Path) -> None:
    gout = "src/sickbay/population/stories/gout.py"
    changes = [
        copying(gout, ('    "gout",', '    "podagra",'), ("class Gout(", "class Podagra("), ("Gout(onset", "Podagra(onset")),
        both(
            repeating(r"^    gout,\n", ("gout", "podagra"), after=True),
            repeating(r"^    gout\.STORY,\n", ("gout", "podagra"), after=True),
        ),
        repeating(r'^        \("gout", 12, 60\),\n', ("gout", "podagra")),
    ]
    followed(root, "population story", {"story": "podagra"}, changes)


def test_a_population_story_is_a_file_its_place_and_its_share(root: Path) -> None:
    assert passed(root, "tests/population/test_stories.py", "-k", "podagra or three_thousand") == 2


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree to which one of each was added, by the lists alone."""
    folder = copied(tmp_path_factory.mktemp("added"))
    for add in (add_rule, add_check, add_dialect_entry, add_page, add_story):
        add(folder)
    return folder


def test_nothing_that_was_added_is_refused_by_the_checks(root: Path) -> None:
    assert [*faults(root)] == [*faults(ROOT)]
