"""Imports pages and loads templates soon after the start, in small steps, so that the first visit of a page isn't slow.

The steps run on a thread: even a small one may take 40 ms, in which the event loop would answer nothing.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module

from sickbay.diagnosis.stages import load_examiners
from sickbay.doctor.compiled import hash_knowledge
from sickbay.fhir.validation.shapes import load_primitives
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.redaction import vocabulary
from sickbay.web import html_response

DELAY_SECONDS = 0.2
"""The first requests take priority: many come right after the start. So do those that waited for patients."""
PAUSE_SECONDS = 0.01
"""Seconds between two steps, in which requests are answered."""
TABLES: tuple[Callable[[], object], ...] = (
    load_examiners,
    vocabulary.list_kinds,
    vocabulary.load_everyday_words,
    load_primitives,
    hash_knowledge,
)
"""What the first request of a stage needs, the first recorded exchange, the first resource that is checked, and in a clone the
first search of the rules.
"""
MODULES = (
    "sickbay.web.oauth.authorize",
    "sickbay.web.oauth.login",
    "sickbay.web.oauth.introspection",
    "sickbay.web.oauth.userinfo",
    "sickbay.web.oauth.logout",
    "sickbay.web.oauth.revocation",
    "sickbay.web.oauth.dynamic_registration",
    "sickbay.web.portal.developer",
    "sickbay.web.ehr.handlers",
    "sickbay.web.ehr.app_launch",
    "sickbay.web.oauth.authorized_apps",
    "sickbay.web.portal.apps",
    "sickbay.web.portal.app_edit",
    "sickbay.web.portal.app_faults",
    "sickbay.web.portal.time",
    "sickbay.web.portal.app_policy",
    "sickbay.web.portal.hospitals",
    "sickbay.web.portal.registration",
    "sickbay.web.portal.rules",
    "sickbay.web.portal.doctor",
    "sickbay.web.docs.handlers",
    "jinja2",
    "sickbay.web.pages.svg",
    "sickbay.web.template_cache",
    "sickbay.web.exchanges.handlers",
    "sickbay.web.exchanges.resend",
    "sickbay.web.exchanges.listing",
    "sickbay.web.exchanges.timelines",
    "sickbay.web.ehr.app_tiles",
    "sickbay.web.portal.lookup",
    "sickbay.web.portal.resources",
    "sickbay.web.explorer.handlers",
    "sickbay.web.admin.resend",
    "sickbay.web.admin.hospitals",
    "sickbay.web.admin.snapshots",
)
"""Modules to import, in an order in which each import is short."""
CLASS_MODULES = ("sickbay.web.portal.class_overview", "sickbay.web.portal.class_join", "sickbay.web.portal.class_link")
"""The pages of class mode."""
LEFT_OUT = ("sickbay.web.mcp", "sickbay.web.exchanges.compare_launches")
"""Imported at the first request, in 8 and 4 milliseconds: few need them, and they take memory. So does `markdown_it` (12)."""


async def warm_up(sandbox: Sandbox) -> None:
    """Takes one step after the other. Waits while patients are created."""
    await asyncio.sleep(DELAY_SECONDS)
    for step in _warm_up_steps(CLASS_MODULES if sandbox.settings.class_mode else ()):
        while await sandbox.filling.wait_until_idle():  # noqa: ASYNC110 - it waits for tasks, and then for the answers to them
            await asyncio.sleep(DELAY_SECONDS)
        await asyncio.to_thread(step)
        await asyncio.sleep(PAUSE_SECONDS)
    gc.freeze()  # as after the start: what was imported stays


def _warm_up_steps(more: Sequence[str]) -> Iterator[Callable[[], object]]:
    """more: modules that only this server needs."""
    yield from TABLES
    yield from (partial(import_module, name) for name in (*MODULES, *more))
    yield from (partial(html_response.load_template, name) for name in html_response.list_templates())
