"""Whatever is refused has a rule that explains it: no refusal is answered by its bare name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sickbay
from sickbay.diagnosis.catalogue import BY_ID, RULES

SOURCES = Path(sickbay.__file__).parent
NAMED = re.compile(r"""(?:Refusal|_invalid|_uris|_scopes)\(\s*"([a-z0-9]+(?:-[a-z0-9]+)+)\"""")


def named() -> set[str]:
    folders = (SOURCES / "authorization", SOURCES / "operations")
    return {name for folder in folders for path in folder.rglob("*.py") for name in NAMED.findall(path.read_text())}


def test_the_names_are_found() -> None:
    assert {"token-parameter-missing", "userinfo-without-openid", "reg-metadata-invalid", "code-reused"} <= named()
    assert len(named()) > 100


@pytest.mark.parametrize("name", sorted(named()))
def test_a_refusal_has_its_rule(name: str) -> None:
    assert name in {rule.explains for rule in RULES} | set(BY_ID)
