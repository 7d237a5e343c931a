"""The example project: a React app with fhirclient, launched from Sickbay, and tests whose failures explain themselves."""

from __future__ import annotations

from tests.clients.js.conftest import Run


def test_playwright_launches_the_app_and_a_failure_shows_the_diagnosis(run: Run, browser: dict[str, str]) -> None:
    done = run("playwright", "test", check=False, **browser)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert "1 failed\n    with-mistakes/redirect.spec.js" in done.stdout, done.stdout
    assert "SickbayError: Sickbay refused:\n\n    REFUSED: `redirect_uri` isn't registered" in done.stdout, done.stdout
    assert f"Fix: Send `redirect_uri=http://localhost:{browser['PORT']}/callback`" in done.stdout, done.stdout


def test_vitest_passes_and_a_failure_shows_the_diagnosis(run: Run, running: dict[str, str]) -> None:
    done = run("vitest", "run", "--no-file-parallelism", check=False, **running)
    assert "Tests  1 failed | 2 passed (3)" in done.stdout, done.stdout + done.stderr
    refused = "expected 403 to be 200 // Object.is equality\n\nSickbay refused:\n\nREFUSED: The token's scopes don't allow"
    assert refused in done.stderr, done.stderr


def test_a_failure_with_the_runner_of_node_shows_the_diagnosis(script: Run, running: dict[str, str]) -> None:
    done = script("mistakes.test.mjs", "--test", "--test-reporter=spec", check=False, **running)
    assert done.stdout.count("Sickbay refused:\n") == 2, done.stdout  # where it happened, and in the summary
    assert done.stdout.count("REFUSED: `Authorization` is missing") == 4, done.stdout  # both requests, in both places
    assert "ℹ skipped 1" in done.stdout
