"""A skip is a failure if the need is required; otherwise it stays a skip. And the tests run the code that users run."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from types import SimpleNamespace
from typing import cast

import httpx2
import pytest
from tests.conftest import KEYS_IN_USE, LONG_TESTS, PATIENCE_SECONDS, ROOT, browser_set_aside, pytest_collection_modifyitems

from sickbay.protocol import jose

pytest_plugins = ["pytester"]

SKIPPED = """
import pytest

def test_in_a_browser():
    pytest.skip("needs chromium: there is none")
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest((ROOT / "tests/conftest.py").read_text())
    pytester.makeini(f"[pytest]\npythonpath = {ROOT} {ROOT / 'src'}")
    return pytester


@pytest.mark.parametrize(("required", "outcome"), [("", "skipped"), ("node", "skipped"), ("chromium,node", "failed")])
def test_a_skip_fails_only_if_its_need_is_required(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, required: str, outcome: str
) -> None:
    monkeypatch.setenv("SICKBAY_REQUIRE", required)
    project.makepyfile(SKIPPED)
    project.runpytest_subprocess().assert_outcomes(**{outcome: 1})


def test_a_skip_without_a_need_fails_if_anything_is_required(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SICKBAY_REQUIRE", "node")
    project.makepyfile(SKIPPED.replace("needs chromium: there is none", "not today"))
    project.runpytest_subprocess().assert_outcomes(failed=1)


def test_a_module_that_skips_itself_fails_too(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SICKBAY_REQUIRE", "node")
    project.makepyfile("import pytest\npytest.skip('not today', allow_module_level=True)")
    assert project.runpytest_subprocess().ret != 0


def test_the_longest_tests_come_first_and_the_others_stay_in_their_order() -> None:
    ids = ["tests/a/test_a.py::test_b", *(f"{place}::test_a" for place in LONG_TESTS), "tests/a/test_a.py::test_a"]
    items = [cast("pytest.Item", SimpleNamespace(nodeid=id)) for id in ids]
    pytest_collection_modifyitems(items)
    assert [item.nodeid for item in items] == [*ids[1:-1], ids[0], ids[-1]]
    assert [place for place in LONG_TESTS if not (ROOT / place).exists()] == []


def test_a_sandbox_gets_a_key_of_an_earlier_one_and_a_test_a_new_one() -> None:
    async def generate() -> str:
        return await asyncio.to_thread(jose.generate)  # as a sandbox does

    async def take_turns() -> list[str]:
        return [await generate() for _ in range(KEYS_IN_USE + 2)]

    taken = asyncio.run(take_turns())
    assert taken[KEYS_IN_USE:] == taken[:2]
    assert len(set(taken)) == KEYS_IN_USE
    assert jose.generate() not in taken


def test_pytest_rewrites_tests_and_not_sickbay() -> None:
    specs = [find_spec(module) for module in ("tests.test_laws", "sickbay.fhir.versions")]
    loaders = [type(spec.loader).__name__ for spec in specs if spec is not None]
    assert loaders == ["AssertionRewritingHook", "SourceFileLoader"]


@pytest.mark.parametrize(("fixtures", "is_found"), [(("tmp_path",), False), (("page", "chromium"), True)])
def test_only_a_test_with_a_browser_finds_the_event_loop_of_its_driver(fixtures: tuple[str, ...], is_found: bool) -> None:
    """Workers may run the tests of a module in any order."""
    loop, item = asyncio.new_event_loop(), SimpleNamespace(fixturenames=fixtures)
    asyncio._set_running_loop(loop)
    try:
        with browser_set_aside(cast(pytest.Item, item)):
            assert (asyncio._get_running_loop() is loop) is is_found
        assert asyncio._get_running_loop() is loop
    finally:
        asyncio._set_running_loop(None)
        loop.close()


def test_a_request_without_a_time_limit_waits_as_long_as_a_busy_machine_takes() -> None:
    with httpx2.Client(trust_env=False) as client:
        assert client.timeout == httpx2.Timeout(PATIENCE_SECONDS)
