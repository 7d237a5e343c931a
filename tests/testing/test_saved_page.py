"""The page of a refusal is kept as a file, which can be opened after Sickbay has stopped."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx2
import pytest

from sickbay.testing import saved_page
from sickbay.testing.sandbox_client import SandboxClient, SickbayError


@pytest.fixture
def client(live: dict[str, Any]) -> SandboxClient:
    client = SandboxClient(live)
    client.reset()
    httpx2.get(f"{client.base}/general/oauth/authorize?client_id=a&scope=a", trust_env=False)
    return client


def test_the_link_of_an_explanation_is_a_file_that_needs_no_server(client: SandboxClient, tmp_path: Path) -> None:
    client.saved_pages = tmp_path / "pages with a blank"
    (refused,) = client.refusals()
    with pytest.raises(SickbayError) as failed:
        client.assert_no_refusals()
    (uri,) = re.findall(r"^Page: +(file://\S+)$", str(failed.value), re.M)
    file = Path(unquote(urlsplit(uri).path))
    assert file == tmp_path / "pages with a blank" / f"{refused['id']}.html"
    for page in [file, *(file.parent / "rules").iterdir()]:
        html = page.read_text(encoding="utf-8")
        assert html.startswith("<!doctype html>")
        assert not re.findall(r'(?:src|href|action)="/[^"]*"|<script|<form|<link', html)
        assert "<style>" in html
    links = re.findall(r'href="(rules/[^"]+)"', file.read_text(encoding="utf-8"))
    assert {f"rules/{finding['id']}.html" for finding in refused["findings"]} <= set(links)
    assert all((file.parent / link).is_file() for link in links)


def test_without_a_folder_an_explanation_links_to_the_server(client: SandboxClient) -> None:
    (refused,) = client.refusals()
    assert f"Page:           {client.base}/exchanges/{refused['id']}\n" in client.explanation(refused["id"])


def test_only_the_newest_pages_are_kept(client: SandboxClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_page, "PAGES_KEPT", 3)
    for number in range(5):
        (tmp_path / f"old-{number}.html").touch()
        os.utime(tmp_path / f"old-{number}.html", (number, number))
    (refused,) = client.refusals()
    client.save_page(refused["id"], tmp_path)
    assert {path.name for path in tmp_path.glob("*.html")} == {"old-3.html", "old-4.html", f"{refused['id']}.html"}
