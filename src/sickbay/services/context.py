"""The arguments of every service: the runtime (store, clock, keys, hospitals) and the tenant of the request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

from msgspec import structs

from sickbay import dialects
from sickbay.authorization import policy as policies
from sickbay.authorization.models import Client, Policy, ProtectedResource, Server, User
from sickbay.dialects import Dialect
from sickbay.faults.fault import Fault
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.effects import Effects
from sickbay.kernel.memory import Memory
from sickbay.kernel.worker_channel import WorkerChannel
from sickbay.services import reset_revisions
from sickbay.services.empty_searches.memory import EmptySearches
from sickbay.services.fetched_documents import ClientDocuments
from sickbay.services.given_advice import GivenAdvice
from sickbay.services.kept_bodies import KeptBodies
from sickbay.services.key_sets import KeySets
from sickbay.services.recent_launches import RecentLaunches
from sickbay.services.recent_parameters import RecentParameters
from sickbay.services.refused_tokens import RefusedTokens
from sickbay.services.reset_revisions import ResetRevisions
from sickbay.services.throttle import Throttle
from sickbay.services.token_cache import TokenCache
from sickbay.services.used_passwords import UsedPasswords
from sickbay.storage.interface import ResourceSpace, Store
from sickbay.storage.resets import WasReset


class LogLine(NamedTuple):
    """One exchange as the terminal shows it, without secrets or clinical data, or a launch that stalled.

    status: 0 for such a launch. detail: text after the finding.
    """

    at: float
    tenant: str
    stage: str
    app: str
    status: int
    finding: str
    id: str
    detail: str = ""


ExchangeListener: TypeAlias = Callable[[LogLine], None]


@dataclass(frozen=True, slots=True)
class Keys:
    """instance: names the cookie. refresh: the HMAC key of refresh tokens. The keys of id_tokens rotate: see services.id_token.

    replaced: the stored keys had been published, so new ones were generated when the data was opened.
    """

    instance: str
    refresh: bytes
    replaced: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Tenant:
    """A hospital: its addresses, dialect and policy. base: {base}/{name}, which is also the issuer. If its policy changes at
    run time, another object replaces it in `Runtime.tenants`.
    """

    name: str
    title: str
    base: str
    dialect: Dialect
    server: Server
    configured: Policy
    """The policy that results from the dialect and sickbay.toml."""
    file: Mapping[str, Any] = field(default_factory=dict)
    """The settings in sickbay.toml that override the dialect."""
    chosen: Mapping[str, Any] = field(default_factory=dict)
    """The settings chosen at run time, which override the dialect and sickbay.toml."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """FHIR base -> version, as in ResourceSpace."""
    digest: str = ""
    """The hash of the file that the administrator added it with; "" for the hospitals that come with Sickbay."""
    resources: tuple[ProtectedResource, ...] = ()
    """The protected resources in its file or in sickbay.toml."""
    added_resources: tuple[ProtectedResource, ...] = ()
    """The protected resources that were added at runtime."""
    users: tuple[User, ...] = ()
    """The users in its file, besides those of the population."""
    faults: tuple[Fault, ...] = ()
    """The faults in its file, which are active again after a reset."""

    @property
    def issuer_path(self) -> str:
        """The path of its issuer, without a slash at the end."""
        return f"/{self.name}{self.dialect.path('issuer')}".rstrip("/")

    def apply_settings(self, chosen: Mapping[str, Any], added: Iterable[ProtectedResource] = ()) -> Tenant:
        """Returns the hospital with these settings and added resources instead of its current ones."""
        policy, added = policies.override_policy(self.configured, chosen), tuple(added)
        server = structs.replace(self.server, policy=policy, resources=(*self.resources, *added))
        return replace(self, chosen=chosen, added_resources=added, server=server)

    @property
    def policy(self) -> Policy:
        return self.server.policy

    def has_client(self, client: Client) -> bool:
        """Whether the client is one of this hospital. That of a metadata document is one of every hospital."""
        return client.tenant == self.name or client.document is not None

    def override_for_app(self, client: Client | None) -> Tenant:
        """The same hospital with the overrides for this app."""
        if client is None or not client.policy:
            return self
        return replace(self, server=structs.replace(self.server, policy=policies.override_policy(self.policy, client.policy)))

    def fhir_base(self, version: str) -> str:
        return self.base + self.dialect.fhir_path(version)

    def version_of(self, base: str) -> str:
        """The FHIR version with this base, as in ResourceSpace; "" if it isn't a base of this hospital."""
        return self.versions.get(base, "")


class Hospitals(dict[str, Tenant]):
    """The hospitals by name. If a hospital is removed during a request, the request ends as it does during a reset."""

    def __missing__(self, name: str) -> Tenant:
        raise WasReset(f"the hospital {name} was removed")


class Secrets(NamedTuple):
    """hashes: of the apps' secrets. stamp: the store's stamp when they were last compared. revision: the number of changes to
    apps. lengths: the secrets' lengths in characters; None if some aren't known.
    """

    stamp: int | None = None
    revision: int = -1
    hashes: frozenset[str] = frozenset()
    lengths: frozenset[int] | None = None


@dataclass(slots=True)
class Runtime:
    """base: the only source of absolute URLs. shared: other workers can change settings, so each request reads them."""

    base: str
    store: Store
    effects: Effects
    keys: Keys
    tenants: Hospitals
    """The hospitals with their current policies. Look them up for each request: hospitals can be added and removed."""
    shared: bool = False
    on_exchange: ExchangeListener | None = None
    class_mode: bool = False
    """Whether apps, launches and exchanges belong to students (services.class_mode)."""
    on_hospitals: list[Callable[[], None]] = field(default_factory=list)
    """Called when hospitals were added or removed."""
    on_stall: ExchangeListener | None = None
    """Gets a line when a launch stalls (services.stall_watch)."""
    sample_base: str = ""
    memory: Memory = field(default_factory=Memory)
    """Data that this worker remembers from requests, so that a reset reaches all of it."""
    token_cache: TokenCache = field(default_factory=TokenCache)
    origins: dict[str, tuple[int, Mapping[str, frozenset[str]]]] = field(default_factory=dict)
    """Maps a tenant to the store's stamp when its apps' origins were read, and to client_ids by registered origin."""
    loopback: bool = False
    """True if only this machine can reach the server. Then keys of apps on this machine may be fetched too."""
    client_documents: ClientDocuments = field(default_factory=ClientDocuments)
    key_sets: KeySets = field(default_factory=KeySets)
    throttle: Throttle = field(default_factory=lambda: Throttle(0))
    recent_parameters: RecentParameters = field(default_factory=RecentParameters)
    refused_tokens: RefusedTokens = field(default_factory=RefusedTokens)
    recent_launches: RecentLaunches = field(default_factory=RecentLaunches)
    passwords: UsedPasswords = field(default_factory=UsedPasswords)
    given_advice: GivenAdvice = field(default_factory=GivenAdvice)
    empty_searches: EmptySearches = field(default_factory=EmptySearches)
    channel: WorkerChannel | None = None
    """The channel to the other workers of this server."""
    kept_bodies: KeptBodies | None = None
    """The bodies of FHIR requests and responses; None unless `--keep-bodies` is set."""
    explaining: asyncio.Task[None] | None = None
    """Explains the empty searches that wait."""
    explaining_one: asyncio.Lock = field(default_factory=asyncio.Lock)
    resets: ResetRevisions = field(init=False)
    """The resets that this worker knows of."""
    faults: tuple[Fault, ...] = ()
    """The active faults."""
    injected_until: int = 0
    """Latest time at which a code or token that a fault made useless may still be sent; 0 if there are none."""
    last_versions: dict[ResourceSpace, int] = field(default_factory=dict)
    """The highest version numbers that were undone (`Store.last_versions`)."""
    settings_revision: int = 0
    """The revision of the runtime settings that this worker has (services.runtime_settings)."""
    secret_hashes: Mapping[str, int] = field(default_factory=dict)
    """SHA-256 -> length of secrets that no record contains: the admin token."""
    secrets: Secrets = Secrets()
    """The secrets that `services.redaction.live_secrets` last read from the store."""
    verifying: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """Limits password hashing to two at a time, because each takes 19 MiB and about 30 ms of a core."""
    resending: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(4))
    """Limits how many requests Sickbay resends at the same time."""
    making_key: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Limits key generation to one at a time, because anyone can request the key set, and a key takes 40 ms of a core."""
    prepares_signing: bool = False
    """Whether a thread will prepare the key for id_tokens, or does so now."""

    def __post_init__(self) -> None:
        self.resets = reset_revisions.make_revisions(self.tenants)
        self.memory.register("fetched key sets", self.key_sets)
        self.memory.register("client documents", self.client_documents)
        self.memory.register("recent parameters", self.recent_parameters)
        self.memory.register("refused tokens", self.refused_tokens)
        self.memory.register("recent launches", self.recent_launches)
        self.memory.register("used passwords", self.passwords)
        self.memory.register("throttling", self.throttle)
        self.memory.register("given advice", self.given_advice)
        self.memory.register("empty searches", self.empty_searches)

    def now(self) -> int:
        return int(self.effects.now())

    def next_version(self, space: ResourceSpace, before: int) -> int:
        """Returns the version number after `before`, which is 0 if there is none. Skips the numbers of undone versions."""
        return max(before, self.last_versions.get(space, 0)) + 1


def make_tenant(
    name: str,
    base: str,
    dialect: Dialect,
    types: Mapping[str, tuple[str, ...]],
    chosen: Mapping[str, Any] | None = None,
    resources: tuple[ProtectedResource, ...] = (),
) -> Tenant:
    """types: FHIR version -> its resource types. chosen: its policy in sickbay.toml, which overrides the dialect."""
    home = f"{base}/{name}"
    bases = {version: home + dialect.fhir_path(version) for version in dialect.fhir}
    server = Server(
        issuer=home + dialect.path("issuer"),
        authorization_endpoint=home + dialect.path("authorize"),
        token_endpoint=home + dialect.path("token"),
        fhir_bases=tuple(bases.values()),
        also={short: base for version, base in bases.items() if (short := home + dialects.short_path(version)) != base},
        fhir_versions={address: VERSIONS[version].number for version, address in bases.items()},
        resource_types={address: types.get(version, ()) for version, address in bases.items()},
        tenants=(name,),
        resources=resources,
        policy=policies.override_policy(Policy(**{"send_iss": dialect.answers.iss, **dialect.policy}), chosen or {}),
    )
    versions = {address: version for version, address in bases.items()}
    configured, chosen = server.policy, chosen or {}
    return Tenant(name, dialect.title, home, dialect, server, configured, chosen, versions=versions, resources=resources)
