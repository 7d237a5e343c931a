"""Runs the shell steps of a composite action as GitHub's runner does. Steps that use another action are only recorded."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

ARTIFACT = "https://github.example/artifacts/1"
SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
"""What `shell: bash` means in a workflow."""


class Job:
    """The state that the steps of a job share: environment, PATH, summary, and a temporary folder."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.temp = folder / "runner-temp"
        self.temp.mkdir()
        self.environment = environment | {"RUNNER_TEMP": str(self.temp)}
        self.summary = self._file("summary")
        self.used: list[dict[str, Any]] = []
        self.output = ""

    def run(self, action: Path, **inputs: str) -> dict[str, str]:
        """Runs the steps of an action.yml and returns its outputs. Raises CalledProcessError if a step fails."""
        document = yaml.safe_load(action.read_text(encoding="utf-8"))
        defaults = {f"inputs.{name}": field["default"] for name, field in document["inputs"].items()}
        values = defaults | {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
        values["github.action_path"] = str(action.parent)
        for step in document["runs"]["steps"]:
            if self._applies(step, values):
                self._step(step, values)
        return {name: fill(field["value"], values) for name, field in document["outputs"].items()}

    def _applies(self, step: dict[str, Any], values: dict[str, str]) -> bool:
        """Knows only conditions of the form ${{ name != 'text' }}."""
        if "if" not in step:
            return True
        (name, text) = re.fullmatch(r"\$\{\{ (\S+) != '(\w+)' \}\}", step["if"]).groups()  # type: ignore[union-attr]
        return values[name] != text

    def _step(self, step: dict[str, Any], values: dict[str, str]) -> None:
        if "uses" in step:
            self.used.append({name: fill(value, values) for name, value in step["with"].items()})
            values |= {f"steps.{step.get('id')}.outputs.artifact-url": ARTIFACT}
            return
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "an expression in a script would let an input run as code"
        commands = {f"GITHUB_{name}": self._file(name) for name in ("ENV", "PATH", "OUTPUT")}
        own = {name: fill(value, values) for name, value in step.get("env", {}).items()}
        own |= {name: str(path) for name, path in commands.items()} | {"GITHUB_STEP_SUMMARY": str(self.summary)}
        self.shell(step["run"], fill(step.get("working-directory", "."), values), own)
        self.environment |= pairs(commands["GITHUB_ENV"])
        for path in commands["GITHUB_PATH"].read_text().split():
            self.environment["PATH"] = f"{path}:{self.environment['PATH']}"
        values |= {f"steps.{step.get('id')}.outputs.{name}": value for name, value in pairs(commands["GITHUB_OUTPUT"]).items()}

    def shell(self, script: str, folder: str = ".", environment: dict[str, str] | None = None) -> str:
        """Runs a script as a step of the job, and returns what it printed."""
        printed = self._file("printed")  # a file, because processes in the background keep a pipe open
        with printed.open("w") as file:
            done = subprocess.run(
                [*SHELL, script],
                cwd=self.folder / folder,
                env=self.environment | (environment or {}),
                stdout=file,
                stderr=subprocess.STDOUT,
                check=False,
            )
        self.output = printed.read_text()
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, script, self.output)
        return self.output

    def _file(self, name: str) -> Path:
        path = self.folder / f".{name}"
        path.write_text("")
        return path


def fill(text: Any, values: dict[str, str]) -> str:
    """A text with the values of its expressions. An output of a step that was skipped is empty."""

    def value(match: re.Match[str]) -> str:
        return values.get(match[1], "") if match[1].startswith("steps.") else values[match[1]]

    return re.sub(r"\$\{\{ (\S+) \}\}", value, str(text))


def pairs(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def clean_environment(**more: str) -> dict[str, str]:
    """Without settings of Sickbay, pip, Python or a CI system."""
    prefixes = ("SICKBAY_", "PIP_", "PYTHON", "GITHUB_", "CI_", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)} | more
