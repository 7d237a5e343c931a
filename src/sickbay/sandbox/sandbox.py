"""The sandbox: one data folder, its store, clock, keys and hospitals, opened for a server, a command or a test."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from sickbay import dialects
from sickbay.authorization.protected_resource import read_resources
from sickbay.authorization.scopes.resource_types import types_of
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.budget import Budget, FairSlots
from sickbay.kernel.effects import Effects, SystemEffects
from sickbay.kernel.private_files import NotPrivate
from sickbay.kernel.temporary_folder import TemporaryFolder
from sickbay.kernel.worker_channel import Answerers, open_channel
from sickbay.sandbox import folder, keys, new_database, seeding
from sickbay.sandbox.population_cache import open_cache
from sickbay.sandbox.population_loader import PopulationLoader
from sickbay.services import context, given_advice, records, refused_tokens, runtime_settings
from sickbay.services.context import ExchangeListener, Hospitals, Runtime, Tenant
from sickbay.services.empty_searches import completion
from sickbay.services.journal import write
from sickbay.services.journal.write import EVERY, Journal
from sickbay.services.kept_bodies import KeptBodies
from sickbay.services.live_exchanges import LiveExchanges
from sickbay.services.throttle import Throttle
from sickbay.settings.database import Unavailable
from sickbay.settings.settings import Settings
from sickbay.storage.counts import Volume
from sickbay.storage.interface import Store

TENANTS = dialects.list_names()
WORKERS_FOLDER = "workers"
"""The folder with a socket for each worker, in the data folder."""
LOG = logging.getLogger("sickbay")


@dataclass(frozen=True, slots=True)
class Sandbox:
    """An open data folder with its services. temporary: a folder to remove when it closes."""

    settings: Settings
    runtime: Runtime
    journal: Journal
    filling: PopulationLoader
    live: LiveExchanges
    temporary: TemporaryFolder | None = None
    local: bool = True
    """Whether only this machine can connect (`Settings.loopback`)."""
    bodies: Budget = field(default_factory=lambda: Budget(24_000_000))
    """Limits large request bodies that are being processed: as objects they take ten times as much memory."""
    shaping: Budget = field(default_factory=lambda: Budget(8_000_000))
    """Limits large responses that are being converted to XML or indented."""
    bundles: FairSlots = field(default_factory=lambda: FairSlots(2))
    """Limits concurrent batches and transactions, because each may build a large response. An app has one at a time."""
    short_texts: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """Limits the texts that the doctor's page examines in threads at a time."""
    importing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One file of a snapshot at a time, because each may take 200 MB."""
    long_texts: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """Limits the long texts that it examines in processes."""
    tool_calls: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(16))
    """Limits the messages of coding agents that are answered at a time."""

    def begin_to_stop(self) -> None:
        """End what may take long: the creation of patients, and streams."""
        self.live.stop()
        self.filling.begin_to_stop()

    async def close(self) -> None:
        self.live.stop()
        await self.filling.stop()
        with suppress(Unavailable):
            await self.journal.flush()
        if self.runtime.channel is not None:
            await self.runtime.channel.close()
        await self.runtime.store.close()
        if self.temporary is not None:
            self.temporary.remove()


async def open_sandbox(
    settings: Settings, *, effects: Effects | None = None, on_exchange: ExchangeListener | None = None
) -> Sandbox:
    """Open the data folder, and create it if needed."""
    temporary = TemporaryFolder() if settings.data is None and settings.folder is None else None
    effects = effects or SystemEffects()
    file = folder.prepare(settings, temporary.path if temporary is not None else None)
    outdated = None
    if file is not None and settings.population_cache:
        outdated = new_database.create_database(
            file, folder.new_settings(settings), int(effects.now()), durable=temporary is None
        )
    store = await folder.open_folder_store(settings, file, durable=temporary is None)
    try:
        sandbox = await _compose_sandbox(settings, store, effects, on_exchange, temporary)
        if sandbox.filling.cache is not None:
            sandbox.filling.cache.outdated = outdated
        return sandbox
    except BaseException:
        await store.close()
        raise


async def _compose_sandbox(
    settings: Settings, store: Store, effects: Effects, on_exchange: ExchangeListener | None, temporary: TemporaryFolder | None
) -> Sandbox:
    written = await folder.read_or_store_settings(store, settings)
    base = settings.base
    tenants = Hospitals({name: _tenant_from_settings(name, base, settings) for name in TENANTS})
    runtime = Runtime(
        base=base,
        store=store,
        effects=effects,
        keys=await keys.load(store, int(effects.now())),
        tenants=tenants,
        shared=settings.workers > 1 or settings.database is not None,
        class_mode=settings.class_mode,
        on_exchange=on_exchange,
        sample_base=sample_base(settings),
        loopback=settings.loopback and not settings.require_admin_token and not settings.class_mode,
        throttle=Throttle(settings.throttle),
        secret_hashes={records.digest(secret): len(secret) for secret in filter(None, (settings.admin_token,))},
    )
    if settings.keep_bodies:
        runtime.kept_bodies = runtime.memory.register("kept bodies", KeptBodies())
    await runtime_settings.refresh_settings(runtime)
    await seeding.add_samples(runtime, written)
    journal = Journal(runtime, _journal_limits(settings))
    await _connect_workers(runtime, journal, settings)
    cache = open_cache(written) if settings.population_cache else None
    loader = PopulationLoader(runtime, written, cache)
    live = LiveExchanges(runtime, journal, overlap=settings.database is not None)
    return Sandbox(settings, runtime, journal, loader, live, temporary, settings.loopback)


async def _connect_workers(runtime: Runtime, journal: Journal, settings: Settings) -> None:
    """Let the workers of this server ask and tell each other what only one of them knows. Other servers may use the same
    PostgreSQL database.
    """
    folder = settings.folder or (Path(settings.data) if settings.data and not settings.database else None)
    if settings.workers > 1 and folder is not None:
        try:
            answerers: Answerers = {
                write.TOPIC: journal.flush_for_worker,
                completion.TOPIC: partial(completion.answer_worker, runtime),
                refused_tokens.TOPIC: runtime.refused_tokens.answer_worker,
                given_advice.TOPIC: runtime.given_advice.receive_news,
            }
            runtime.channel = await open_channel(folder / WORKERS_FOLDER, answerers)
        except (OSError, NotPrivate) as error:
            LOG.warning(
                "Exchanges of other workers are shown a second late, and their empty searches without an explanation, "
                "because %s can't contain sockets: %s",
                folder,
                error,
            )
    if runtime.shared and (settings.database or runtime.channel is None):
        journal.unreachable_seconds = EVERY * 1.5


def _tenant_from_settings(name: str, base: str, settings: Settings) -> Tenant:
    dialect = dialects.load(name)
    return context.make_tenant(
        name,
        base,
        dialect,
        {version: types_of(VERSIONS[version].number) for version in dialect.fhir},
        {**settings.policies.get("", {}), **settings.policies.get(name, {})},
        read_resources(settings.resources.get(name, ())),
    )


def _journal_limits(settings: Settings) -> Volume:
    return Volume(settings.journal_exchanges, settings.journal_size * 1_000_000)


def sample_base(settings: Settings) -> str:
    """The base URL of the sample app: same host, next port, so that it has another origin.

    Students reach it under the name of the base URL, unless a proxy is in between.
    """
    port, base = settings.sample_port or settings.port + 1, urlsplit(settings.base)
    scheme = "https" if settings.https else "http"
    is_direct = settings.class_mode and (base.scheme, base.port) == (scheme, settings.port)
    name = base.netloc.rpartition(":")[0] if is_direct else "localhost"
    return f"{scheme}://{name}:{port}"
