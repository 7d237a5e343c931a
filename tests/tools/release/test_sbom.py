"""The software bill of materials names the version of Sickbay."""

from __future__ import annotations

from tools.release import sbom


def test_sickbay_gets_its_version_and_package_url() -> None:
    document = {"metadata": {"component": {"name": "sickbay", "type": "application"}}, "components": []}
    component = sbom.complete_document(document, "1.2.3")["metadata"]["component"]
    assert component == {"name": "sickbay", "type": "application", "version": "1.2.3", "purl": "pkg:pypi/sickbay@1.2.3"}
