"""A misspelt key of sickbay.toml is refused with a suggestion, and its policies apply."""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sickbay.cli import config_file
from sickbay.cli.command_line import COMMANDS


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("SICKBAY_")}
    command = [sys.executable, "-m", "sickbay", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=inherited, timeout=60, check=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("patiens = 5", "Unknown option or table in sickbay.toml: patiens (did you mean patients?)."),
        ("[policy]\ncode_lifetme = 5", "There is no policy code_lifetme (did you mean code_lifetime?)"),
        ("[policy]\ncode_lifetime = 0", "The policy code_lifetime must be a number of seconds, 1 or more"),
        ("[tenants.epik.policy]\npkce = 'off'", "Unknown hospital in sickbay.toml: epik (did you mean epic?)."),
        ("[[tenants.epic.resources]]\nurl = 'mcp'", "url must be the http or https URL of a server"),
        ("[[tenants.epic.resources]]\nuri = 'https://m.example'", "A resource has no uri;"),
        ("[tenants.epic.resources]\nurl = 'https://m.example'", "Write a protected resource as [[tenants.epic.resources]]"),
        ("[[tenants.epic.resources]]\n" * 51, "A hospital has at most 50 registered resources"),
        ("[tenants.epic.polici]\npkce = 'off'", "(did you mean policy?)."),
        ("[tenants.epic.policy]\npkce = 'of'", "(sickbay.toml, tenants.epic.policy)"),
        ("policy = 5", "policy in sickbay.toml must be a table: [policy]."),
        ("port = ", "sickbay.toml can't be read"),
    ],
)
def test_a_misspelt_file_is_refused_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "sickbay.toml").write_text(text)
    done = run(tmp_path, "rules")
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_valid_file_prints_nothing(tmp_path: Path) -> None:
    text = 'port = 0\nbase-url = "http://x.example"\n[policy]\ntoken_lifetime = 60\n[tenants.epic.policy]\npkce = "off"\n'
    (tmp_path / "sickbay.toml").write_text(text)
    done = run(tmp_path, "rules", "state-missing")
    assert done.returncode == 0, done.stderr


def test_a_policy_of_an_app_can_be_set_by_an_option(tmp_path: Path) -> None:
    (tmp_path / "sickbay.toml").write_text("[policy]\ncode_lifetime = 60\n")
    arguments = [
        "--type",
        "provider",
        "--client",
        "public",
        "--scope",
        "openid user/Patient.rs",
        "--redirect-uri",
        "http://localhost/",
    ]
    data = ["--data", str(tmp_path / "data")]
    done = run(
        tmp_path,
        "apps",
        "add",
        "Chart",
        *arguments,
        *data,
        "--app-policy",
        "code_lifetime=5",
        "--app-policy",
        "basic_secret=raw",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    assert '"policy": {\n    "code_lifetime": 5,\n    "basic_secret": "raw"' in done.stdout
    wrong = run(tmp_path, "apps", "edit", "Chart", *data, "--app-policy", "code_lifetime")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)


def test_cards_of_an_app_are_read_from_a_file(tmp_path: Path) -> None:
    card = '{"summary": "Due", "indicator": "info", "source": {"label": "Forms"}}'
    data = ["--data", str(tmp_path / "data")]
    for name, text in (("answer", f'{{"cards": [{card}]}}'), ("list", f"[{card}]"), ("one", card)):
        (tmp_path / name).write_text(text)
        done = run(tmp_path, "apps", "edit", "sample-general", *data, "--cards", str(tmp_path / name), "--json")
        assert done.returncode == 0, done.stderr
        assert '"summary": "Due"' in done.stdout
    (tmp_path / "broken").write_text("{")
    wrong = run(tmp_path, "apps", "edit", "sample-general", *data, "--cards", str(tmp_path / "broken"))
    assert (wrong.returncode, wrong.stderr.count("\n"), "isn't valid JSON" in wrong.stderr) == (2, 1, True)


def test_the_policies_are_read_by_hospital(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sickbay.toml").write_text("[policy]\ntoken_lifetime = 60\n[tenants.epic.policy]\npkce = 'off'\n")
    monkeypatch.chdir(tmp_path)
    assert config_file.read_policies() == {"": {"token_lifetime": 60}, "epic": {"pkce": "off"}}


def test_without_a_file_there_are_no_policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert config_file.read_policies() == {}


def test_every_option_of_every_command_is_known() -> None:
    from dataclasses import fields

    from sickbay.cli.commands import apps
    from sickbay.cli.serve_options import ServeOptions

    named = {field.name for options in (apps.Fields, ServeOptions) for field in fields(options)}
    for name in COMMANDS:
        called = getattr(importlib.import_module(f"sickbay.cli.commands.{name}"), name)
        named |= {
            parameter.name
            for parameter in inspect.signature(called).parameters.values()
            if parameter.kind is parameter.KEYWORD_ONLY
        }
    named -= {"fields", "options", "live", "self"}  # a file must not make doctor contact a server, or examine something else
    assert named <= set(config_file.OPTIONS), named - set(config_file.OPTIONS)
    assert not {"live", "self"} & set(config_file.OPTIONS)


def test_a_folder_instead_of_the_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "sickbay.toml").mkdir()
    done = run(tmp_path, "rules")
    assert (done.returncode, done.stderr) == (2, "sickbay: sickbay.toml can't be read: Is a directory.\n")
