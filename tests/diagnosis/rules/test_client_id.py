"""A client ID is called sample text only if nobody would register it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sickbay.doctor.text import diagnose_text

ROOT = Path(__file__).parents[3]
REAL = (
    "my-app",
    "my_app",
    "my app",
    "myapp",
    "my-web-app",
    "my-client",
    "growth-chart",
    "sample-app-general",
    "xxx",
    "app[1",
    "todo2app",
)
SAMPLES = (
    "my-client-id",
    "my_app_id",
    "myClientId",
    "your_client_id",
    "your-client-id",
    "CLIENT_ID",
    "<client id>",
    "{client}",
    "[id]",
    "xxxx-xxxx",
    "${CLIENT_ID}",
    "%CLIENT_ID%",
    "todo",
    "a<b>c",
)
CLIENT_ID = re.compile(r"client_id[\"']?[=:]\s*[\"'`]?([A-Za-z0-9_.~-]+)")


def findings(client_id: str) -> set[str]:
    text = f"https://ehr.example.org/authorize?response_type=code&client_id={client_id}&scope=openid"
    return {finding.id for finding in diagnose_text(text)[1].explanation.findings}


@pytest.mark.parametrize("client_id", REAL)
def test_an_ordinary_name_is_not_sample_text(client_id: str) -> None:
    assert "client-id-placeholder" not in findings(client_id)


@pytest.mark.parametrize("client_id", SAMPLES)
def test_what_has_to_be_replaced_is_sample_text(client_id: str) -> None:
    assert {"client-id-placeholder", "value-is-placeholder"} & findings(client_id)


def test_no_client_id_of_our_own_documents_is_sample_text() -> None:
    pages = [path for folder in ("docs", "examples") for path in (ROOT / folder).rglob("*.md") if "rules" not in path.parts]
    named = {name for path in [*pages, ROOT / "README.md"] for name in CLIENT_ID.findall(path.read_text(encoding="utf-8"))}
    named = {name for name in named if not name.isupper() and name != "None"}
    assert "my-app" in named
    assert not [name for name in sorted(named) if {"client-id-placeholder", "value-is-placeholder"} & findings(name)]
