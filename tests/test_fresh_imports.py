"""Every module can be the first that an interpreter imports. `tools/checks/cycles.py` proves it for all; this tries it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.laws import is_long

ROOT = Path(__file__).parent.parent / "src"
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in ROOT.rglob("*.py")
)
FORK = """
import os, sys
failed = []
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            __import__(name)
        except SystemExit:
            pass
        except BaseException:
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        failed.append(name)
print(*failed)
"""
"""A child for each module, because the order of imports matters."""
ONCE_IN_A_CYCLE = (
    "sickbay.authorization.registration",
    "sickbay.authorization.scopes.requested",
    "sickbay.authorization.token.request",
)


@pytest.mark.timeout(3600)
def test_a_fresh_interpreter_can_import_any_module_first() -> None:
    chosen = MODULES if is_long() else [*ONCE_IN_A_CYCLE, *MODULES[::100]]
    run = subprocess.run([sys.executable, "-c", FORK, *chosen], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
