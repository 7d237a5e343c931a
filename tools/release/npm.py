"""Packs @sickbay/testing as `npm publish` would send it. The bytes are the same each time: npm sets the time of files."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PACKAGE = Path("clients") / "js"


def pack(sources: Path, modules: Path, out: Path) -> Path:
    """Packs a copy of the folder, because packing compiles it. modules: the node_modules that have the compiler."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sickbay-npm-") as temporary:
        folder = Path(temporary)
        shutil.copytree(sources / PACKAGE, folder / "js", ignore=shutil.ignore_patterns("dist", "node_modules"))
        (folder / "node_modules").symlink_to(modules.resolve())
        command = ["npm", "pack", "--offline", "--silent", "--pack-destination", str(out.resolve())]
        environment = os.environ | {"npm_config_update_notifier": "false"}
        done = subprocess.run(command, cwd=folder / "js", env=environment, check=True, capture_output=True, text=True)
    return out / done.stdout.split()[-1]
