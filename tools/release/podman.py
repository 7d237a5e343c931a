"""Calls podman in a way that works on ordinary machines and in restricted virtual machines."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from pathlib import Path

HYBRID = Path("/sys/fs/cgroup/unified")
"""Exists where the kernel has both versions of cgroups at once, which crun refuses and runc accepts."""


def is_available() -> bool:
    return shutil.which("podman") is not None


def make_command(*arguments: str) -> list[str]:
    runtime = ["--runtime", "runc"] if HYBRID.is_dir() and shutil.which("runc") else []
    return ["podman", *runtime, *arguments]


def make_environment() -> dict[str, str]:
    return os.environ | {"PODMAN_IGNORE_CGROUPSV1_WARNING": "true"}


def run(*arguments: str, check: bool = True, capture: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        make_command(*arguments), check=check, capture_output=capture, text=True, env=make_environment(), timeout=900
    )


def list_limits() -> list[str]:
    """Options of `podman build` that keep this process's limits. Podman would raise them, which needs CAP_SYS_RESOURCE."""
    kinds = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
    values = {name: resource.getrlimit(kind) for name, kind in kinds.items()}
    return [f"--ulimit={name}={soft}:{hard}" for name, (soft, hard) in values.items()]
