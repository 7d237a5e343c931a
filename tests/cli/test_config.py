"""Which sickbay.toml is read, and which keys apply only in a file that the user chose."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sickbay.cli import config_file, main
from sickbay.cli.output import CommandError

DANGEROUS = """\
host = "0.0.0.0"
allowed_host = ["evil.example"]
allowed-host = ["evil.example"]
admin_token = "known-to-who-wrote-this-file"
trusted_proxy = ["203.0.113.9"]
base_url = "http://evil.example"
https = true
cert = "evil.pem"
key = "evil.key"
data = "/tmp/of-another-user"
open_sign_in = "everyone"
require_admin_token = false
throttle = 0
client_secret = "known"
jwks = "keys.json"
jwks_uri = "http://evil.example/keys"
auto_approve = "okafor"
out = "/tmp/elsewhere"
everything = true
patients = 3
[policy]
token_lifetime = 60
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's configuration folder; the current folder is another."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in [name for name in os.environ if name.startswith("SICKBAY_")]:
        monkeypatch.delenv(name)
    config_file.set_config_file(None)
    own = tmp_path / "config" / "sickbay"
    own.mkdir(parents=True)
    return own


def options() -> list[dict[str, object]]:
    return [file.options for file in config_file.list_files()]


def test_dangerous_keys_are_ignored_in_the_current_folder(home: Path) -> None:
    Path("sickbay.toml").write_text(DANGEROUS)
    assert options() == [{"patients": 3}]
    assert config_file.read_policies() == {"": {"token_lifetime": 60}}
    (sentence,) = config_file.ignored_options(["host", "admin_token", "patients", "client_secret"])
    assert "can't set host, admin_token and client_secret, so Sickbay ignores that" in sentence
    assert "known" not in sentence
    assert config_file.ignored_options(["patients"]) == []


def test_every_dangerous_key_of_the_contract_is_trusted_only_elsewhere() -> None:
    contract = {
        "host",
        "allowed_host",
        "admin_token",
        "trusted_proxy",
        "base_url",
        "https",
        "cert",
        "key",
        "data",
        "open_sign_in",
    }
    assert contract <= config_file.TRUSTED <= set(config_file.OPTIONS)


@pytest.mark.parametrize("how", ["flag", "equals", "environment", "own"])
def test_all_keys_apply_in_a_file_that_the_user_chose(home: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    file = home / "sickbay.toml" if how == "own" else home.parent / "named.toml"
    file.write_text(DANGEROUS)
    rest = {"flag": ["serve", "--config", str(file)], "equals": [f"--config={file}", "serve"]}.get(how, ["serve"])
    if how == "environment":
        monkeypatch.setenv("SICKBAY_CONFIG", str(file))
    assert main._drop_config(rest) == ["serve"]
    assert options()[0]["admin_token"] == "known-to-who-wrote-this-file"
    assert config_file.ignored_options(list(config_file.OPTIONS)) == []
    config_file.set_config_file(None)


def test_a_named_file_is_the_only_one_and_must_exist(home: Path) -> None:
    Path("sickbay.toml").write_text("patients = 3\n")
    (home / "sickbay.toml").write_text("patients = 4\n")
    config_file.set_config_file("named.toml")
    with pytest.raises(CommandError, match=r"named\.toml doesn't exist"):
        config_file.list_files()
    Path("named.toml").write_text("seed = 5\n")
    assert options() == [{"seed": 5}]
    config_file.set_config_file(None)
    assert options() == [{"patients": 3}, {"patients": 4}]


def test_the_user_s_own_file_is_trusted_when_it_is_in_the_current_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "sickbay.toml").write_text('host = "0.0.0.0"\n')
    monkeypatch.chdir(home)
    assert options() == [{"host": "0.0.0.0"}]
    assert config_file.ignored_options(["host"]) == []


def test_a_relative_configuration_folder_is_ignored(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else XDG_CONFIG_HOME=. would make any folder the user's own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", ".")
    monkeypatch.setenv("HOME", str(home.parent))
    Path("sickbay").mkdir()
    Path("sickbay/sickbay.toml").write_text('host = "0.0.0.0"\n')
    assert options() == []


def test_arguments_after_two_dashes_are_not_options() -> None:
    assert main._drop_config(["load", "--", "--config", "x"]) == ["load", "--", "--config", "x"]
    with pytest.raises(CommandError, match="--config needs a file name"):
        main._drop_config(["serve", "--config"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"\\u001b[31mred" = 1', "Unknown option or table in sickbay.toml: ?[31mred"),
        ("a = " + "[" * 5000, "can't be read"),
        ("# " + "x" * 1_000_001, "more than 1,000,000 bytes"),
    ],
)
def test_errors_about_a_hostile_file_are_printable(home: Path, text: str, message: str) -> None:
    Path("sickbay.toml").write_text(text)
    with pytest.raises(CommandError) as trouble:
        config_file.list_files()
    assert message in str(trouble.value)
    assert str(trouble.value).isprintable()


def test_a_file_in_a_folder_of_another_user_is_named_with_the_reason(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(path: Path, *arguments: object, **options: object) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", deny)
    monkeypatch.setattr(Path, "is_file", deny)
    assert config_file.is_present()
    with pytest.raises(CommandError, match=r"sickbay\.toml can't be read: Permission denied\."):
        config_file.list_files()


def test_a_pipe_instead_of_the_file_is_refused_without_waiting(home: Path) -> None:
    os.mkfifo("sickbay.toml")
    with pytest.raises(CommandError, match="isn't a regular file"):
        config_file.list_files()


def test_the_options_of_a_file_are_listed_without_secrets_and_overridden_ones(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "sickbay.toml").write_text(
        'admin_token = "never-shown"\ndata = "postgresql://me:password@db/x"\nport = 1\nseed = 2\nscope = "\\u001b[1m"\n'
    )
    Path("sickbay.toml").write_text("port = 8000\n[policy]\npkce = 'off'\n")
    monkeypatch.setenv("SICKBAY_SEED", "3")
    sentences = config_file.used_options(["admin_token", "data", "port", "seed"], config_file.TABLES)
    assert sentences == [
        f"Settings from {Path('sickbay.toml').absolute()}: port = 8000, [policy].",
        f'Settings from {home}/sickbay.toml: admin_token (not shown), data = "postgresql://me@db/x".',
    ]


def test_serve_lists_ignored_options_and_listens_on_the_default_address(home: Path, tmp_path: Path) -> None:
    Path("sickbay.toml").write_text(DANGEROUS)
    command = [sys.executable, "-m", "sickbay", "serve", "--port", "0", "--json"]
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path / "share")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stdout
    line = json.loads(process.stdout.readline())
    info = json.loads((tmp_path / "share" / "sickbay" / "runtime.json").read_text())
    process.send_signal(signal.SIGTERM)
    notes = process.communicate(timeout=60)[1]
    assert line["base"] == f"http://localhost:{info['port']}"
    assert info["host"] == "127.0.0.1"
    for name in (
        "host",
        "allowed_host",
        "admin_token",
        "trusted_proxy",
        "base_url",
        "https",
        "cert",
        "key",
        "data",
        "open_sign_in",
        "require_admin_token",
        "throttle",
    ):
        assert name in notes.partition("so Sickbay ignores that")[0]
    assert "client_secret" not in notes
    assert f"Settings from {Path('sickbay.toml').absolute()}: patients = 3, [policy]." in notes
    assert "known-to-who" not in notes


def test_another_command_lists_its_ignored_options(home: Path, tmp_path: Path) -> None:
    Path("sickbay.toml").write_text(f'data = "{tmp_path}/evil"\nclient_secret = "known"\nhost = "0.0.0.0"\n')
    command = [sys.executable, "-m", "sickbay", "apps", "list"]
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path / "share")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0
    assert "can't set data, so Sickbay ignores that" in done.stderr
    assert not (tmp_path / "evil").exists()


APP_OF_ANOTHER = """\
redirect_uri = ["https://evil.example/cb"]
launch_uri = "https://evil.example/launch"
post_logout_redirect_uri = ["https://evil.example/out"]
app_policy = ["pkce=off"]
client = "public"
pkce = "off"
native = true
scope_mode = "lenient"
scope = "user/Patient.rs"
"""


def test_the_current_folder_s_file_cannot_set_redirect_uris_or_checks_of_an_app(home: Path) -> None:
    Path("sickbay.toml").write_text(APP_OF_ANOTHER)
    assert options() == [{"scope": "user/Patient.rs"}]


def test_options_that_change_an_app_from_the_current_folder_are_listed(home: Path, tmp_path: Path) -> None:
    def apps(*more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sickbay", "apps", *more, "--data", str(tmp_path / "data")]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    fields = [
        "--type",
        "provider",
        "--client",
        "public",
        "--scope",
        "user/*.rs",
        "--redirect-uri",
        "https://good.example/cb",
    ]
    assert apps("add", "Mine", *fields).returncode == 0
    Path("sickbay.toml").write_text(APP_OF_ANOTHER)
    done = apps("edit", "Mine", "--name", "Still mine", "--json")
    changed = json.loads(done.stdout)
    assert (changed["name"], changed["redirect_uris"]) == ("Still mine", ["https://good.example/cb"])
    assert "can't set redirect_uri, launch_uri, post_logout_redirect_uri, app_policy, client, pkce, native" in done.stderr
    assert f'Settings from {Path("sickbay.toml").absolute()}: scope = "user/Patient.rs".' in done.stderr
