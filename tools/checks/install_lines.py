"""Checks that texts install the packages from files until they are published, and rewrites the texts when that changes.

Until then, anyone could publish something else under these names, so no text may install them by name. To switch, set PUBLISHED
and run `make docs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PUBLISHED = False
"""Whether `sickbay`, `pytest-sickbay` and `@sickbay/testing` are in the package indexes: docs/releasing.md."""
LEFT_OUT = (
    "CHANGELOG.md",
    "tools/checks/install_lines.py",
    "tests/tools/test_install_lines.py",
    "tests/diagnosis/",
    "src/sickbay/diagnosis/",
)
"""What isn't about installing Sickbay."""
EXAMPLES = ("examples/", "tests/docs/not_run.toml")
"""Files whose commands run in a folder of examples."""
WHEEL, PLUGIN, NPM = (
    "sickbay-{version}-py3-none-any.whl",
    "pytest_sickbay-{version}-py3-none-any.whl",
    "sickbay-testing-{version}.tgz",
)
"""The files that `make packages` builds in dist/."""


class Wording(NamedTuple):
    """A text before and after publication. {dist} is where the files are, {version} the version."""

    local: str
    published: str


WORDINGS = (
    Wording(f"pipx install {{dist}}{WHEEL}", "pipx install sickbay"),
    Wording(f"uv tool install {{dist}}{WHEEL}", "uv tool install sickbay"),
    Wording(f"pip install {{dist}}{WHEEL}", "pip install sickbay"),
    Wording(f"pip install '{{dist}}{WHEEL}[postgres]'", "pip install 'sickbay[postgres]'"),
    Wording(f"pip install '{{dist}}{WHEEL}[otel]'", "pip install 'sickbay[otel]'"),
    Wording(f"pip install {{dist}}{PLUGIN}", "pip install pytest-sickbay"),
    Wording(f"../../dist/{PLUGIN}", "pytest-sickbay=={version}"),
    Wording(f"npm install --save-dev {{dist}}{NPM}", "npm install --save-dev @sickbay/testing"),
    Wording(f'"@sickbay/testing": "file:../../dist/{NPM}"', '"@sickbay/testing": "{version}"'),
    Wording('("uvx", "--offline", "sickbay")', '("uvx", "sickbay")'),
    Wording('["uvx", "--offline", "sickbay"]', '["uvx", "sickbay"]'),
    Wording(
        """echo "::error::Sickbay isn't in the package index yet. Leave out the input version, or name a wheel"; exit 1""",
        'pip "sickbay==$VERSION"',
    ),
    Wording(
        "another wheel, folder or address that pip accepts |",
        "another wheel, folder or address that pip accepts, or a version in the package index, such as {version} |",
    ),
    Wording(
        "- It isn't published in a package index or an image registry yet: you install it from a clone or a wheel.",
        "- It isn't published in an image registry yet: you build the image from a clone.",
    ),
    Wording(
        "Sickbay isn't in the package indexes yet; a package of this name there would be something else. Use the files of a\n"
        "release, or run `make packages` in a clone, which builds the same files in `dist/`. Install one with the tool of your "
        "choice:",
        "Install Sickbay with the tool of your choice:",
    ),
    Wording(
        "They aren't in the package indexes yet: use the files of a release, or run `make packages` in a clone, which builds\n"
        "the same files in `dist/`.",
        "Releases have the same packages as files.",
    ),
    Wording(
        "Run `make packages` in the clone first: it builds these files in `dist/`. In a copy of this folder, use the paths of\n"
        "these files or of those of a release.",
        "In a clone, `make packages` builds the same packages in `dist/`.",
    ),
)
BY_NAME = re.compile(
    r"(?:pipx? (?:install|run)|uv (?:tool install|tool run|add|pip install)|uvx|poetry add|pdm add|conda install"
    r"|np[mx](?: (?:install|i|add|create))?|pnpm(?: add)?|yarn add|bunx?(?: add)?)"
    r"(?: +-{1,2}[\w-]+)* +['\"]?(?:pytest-sickbay|@sickbay/[\w-]+|sickbay)(?![\w-]*[-\w./]*(?:\.whl|\.tgz|\.gz))(?![\w:/.])"
    r"|\"@sickbay/[\w-]+\": *\"(?!file:)"
    r"|^(?:pytest-)?sickbay *(?:[=<>~!]=.*)?$|\bsickbay==",
    re.M,
)
"""Commands and lists of dependencies that let a package manager look for the name."""
OFFLINE = re.compile(r"uvx --offline sickbay")
"""Downloads nothing."""
MENTION = re.compile(rb"install|uvx|package ind|[@/]sickbay|pytest.sickbay|sickbay=")
"""What every wording and every command contains, so that other files need not be searched."""
VERSION = r"\d+\.\d+\.\d+"


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    for path in _text_files(paths, root):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(root).as_posix()
        if render(text, name, PUBLISHED) != text:
            yield f"{name}: installs Sickbay as it was installed before PUBLISHED changed; run make docs"
        elif not PUBLISHED:
            yield from (f"{name}: installs a package by its name, which isn't published: {line}" for line in find_by_name(text))


def write(paths: list[Path], root: Path) -> None:
    for path in _text_files(paths, root):
        text = path.read_text(encoding="utf-8")
        changed = render(text, path.relative_to(root).as_posix(), PUBLISHED)
        if changed != text:
            path.write_text(changed, encoding="utf-8")


def render(text: str, name: str, published: bool) -> str:
    """The text of the file with this name, worded for packages that are published or not."""
    from sickbay import __version__

    dist = "../../dist/" if name.startswith(EXAMPLES) else "./"
    for wording in WORDINGS:
        old, new = (wording.local, wording.published) if published else (wording.published, wording.local)
        worded = new.replace("{dist}", dist).replace("{version}", __version__)
        worded = worded.replace("\\", r"\\")  # so that sub() takes it as it is
        text = _wording_pattern(old, dist).sub(worded, text)
        if not published:  # a new version
            text = _wording_pattern(new, dist).sub(worded, text)
    return text


def find_by_name(text: str) -> list[str]:
    """The lines that install a package by its name."""
    return [match[0] for match in BY_NAME.finditer(OFFLINE.sub("", text))]


def _wording_pattern(wording: str, dist: str) -> re.Pattern[str]:
    """Matches the wording with any version, and not within a longer name."""
    text = re.escape(wording).replace(re.escape("{version}"), VERSION).replace(re.escape("{dist}"), re.escape(dist))
    return re.compile(rf"(?<![\w-]){text}(?![\w\[-])" if wording[-1].isalnum() else text)


def _text_files(paths: list[Path], root: Path) -> Iterator[Path]:
    for path in paths:
        name = path.relative_to(root).as_posix()
        if not name.startswith(LEFT_OUT) and MENTION.search(content := path.read_bytes()) and b"\0" not in content:
            yield path
