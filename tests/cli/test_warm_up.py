"""After the start, a server imports its pages in small steps, not on its event loop, and nothing that few need."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sickbay.cli import warm_up
from sickbay.web import html_response, routes
from sickbay.web.admin import handlers as admin_handlers
from sickbay.web.router import HandlersOf


def test_every_page_that_is_imported_later_is_imported_by_the_warm_up() -> None:
    names = [*vars(routes).values(), *vars(admin_handlers).values()]
    later = {handlers._module for handlers in names if isinstance(handlers, HandlersOf)}
    assert len(later) > 5
    assert later <= {*warm_up.MODULES, *warm_up.CLASS_MODULES, *warm_up.LEFT_OUT}


@pytest.mark.parametrize(("class_mode", "more"), [(False, ()), (True, warm_up.CLASS_MODULES)])
def test_one_step_at_a_time_is_taken_on_a_thread_and_none_while_patients_are_created(
    class_mode: bool, more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm_up, "DELAY_SECONDS", 0)
    monkeypatch.setattr(warm_up, "PAUSE_SECONDS", 0)
    done: list[str] = []
    threads: set[int] = set()
    monkeypatch.setattr(warm_up, "TABLES", (lambda: threads.add(threading.get_ident()), partial(done.append, "words")))
    monkeypatch.setattr(warm_up, "import_module", done.append)
    monkeypatch.setattr(html_response, "load_template", done.append)
    waited: list[int] = []

    async def wait_until_idle() -> bool:
        waited.append(len(done))
        return waited.count(len(done)) == 1

    sandbox = SimpleNamespace(
        filling=SimpleNamespace(wait_until_idle=wait_until_idle), settings=SimpleNamespace(class_mode=class_mode)
    )
    asyncio.run(warm_up.warm_up(cast(Any, sandbox)))
    templates = html_response.list_templates()
    assert done == ["words", *warm_up.MODULES, *more, *templates]
    assert waited == [0, *(place for place in range(len(done)) for _ in ("busy", "idle"))]
    assert threading.get_ident() not in threads
    assert len(templates) == len([*html_response.TEMPLATES.rglob("*.j2")])
    assert not any("__pycache__" in name for name in templates)


WARMED_UP = """
import sys
from sickbay.cli import warm_up
from sickbay.fhir import definitions
for step in [*warm_up.TABLES, *warm_up._warm_up_steps(())]:
    if getattr(step, "func", None) is not warm_up.html_response.load_template:
        step()
stories = [name for name in sys.modules if name.startswith("sickbay.population.stories")]
print(len(stories), definitions.load_table.cache_info().currsize)
"""
"""How many stories are imported, and how many tables of FHIR versions are in memory."""


def test_the_warm_up_loads_neither_stories_nor_the_tables_of_a_fhir_version() -> None:
    """They take eight megabytes, and only creating patients and the first request to a FHIR base need them."""
    run = subprocess.run([sys.executable, "-c", WARMED_UP], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["0", "0"]


SERVING = """
import sys
from sickbay.cli import imports
imports.import_uvicorn()
import sickbay.cli.serving, uvicorn, uvicorn.server
from sickbay.diagnosis import rule_index
print("sickbay.diagnosis.catalogue" in sys.modules, rule_index.load_index.cache_info().currsize)
from sickbay.cli import warm_up
for step in [*warm_up.TABLES, *warm_up._warm_up_steps(())]:
    step()
heavy = {"click", "multiprocessing", "importlib.metadata", "importlib.resources", "markdown_it", "sickbay.web.mcp"}
print(*heavy & sys.modules.keys(), uvicorn.Server is uvicorn.server.Server)
import uvicorn.main
print(uvicorn.main.Server is uvicorn.Server)
"""
"""Which modules are imported that take time at the start, or memory afterwards, and whether uvicorn still works."""


def test_an_idle_server_has_imported_nothing_that_few_need() -> None:
    run = subprocess.run([sys.executable, "-c", SERVING], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "0", "True", "True"]
