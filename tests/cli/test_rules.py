"""`sickbay rules` lists the catalogue and explains a rule with its example."""

from __future__ import annotations

from tests.cli.command import sickbay

from sickbay.diagnosis.catalogue import RULES


def test_every_rule_is_listed_with_its_stage() -> None:
    listed = [line.split()[:2] for line in sickbay("rules").stdout.splitlines()[1:]]
    assert listed == [[rule.id, rule.stage] for rule in RULES]


def test_a_rule_is_explained_with_its_example() -> None:
    text = sickbay("rules", "state-missing").stdout
    assert "[state-missing]" in text
    assert "Fix: " in text
    assert "http://localhost:7425/general/oauth/authorize?" in text


def test_rules_and_causes_are_found_by_words() -> None:
    done = sickbay("rules", "--search", "audience keycloak")
    assert done.returncode == 0
    assert "keycloak-audience-mapper" in done.stdout.splitlines()[1]
    assert len(done.stdout.splitlines()) <= 21


def test_words_that_nothing_has_are_an_error() -> None:
    done = sickbay("rules", "--search", "flibbertigibbet")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "sickbay: No rule and no cause has any of these words.\n"


def test_a_cause_is_explained_with_its_check_its_remedy_and_its_places() -> None:
    shown = sickbay("rules", "keycloak-audience-mapper").stdout
    assert all(part in shown for part in ("[keycloak-audience-mapper]", "Check: ", "Fix: ", "Keycloak: ", "https://"))


def test_a_cause_is_found_by_its_id_of_an_earlier_release() -> None:
    assert "[oauth-header-named-authentication]" in sickbay("rules", "header-named-authentication").stdout
