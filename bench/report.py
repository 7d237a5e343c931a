"""Writes the results as a page, with the date and the class of machine but no names or paths."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench import listening
from bench.journaling import MAXIMUM_CPU_RATIO, Journaling
from bench.listening import Listening
from bench.loading import Loaded
from bench.peer import WARM_UP_REQUESTS
from bench.people import EACH
from bench.postgres import PATIENTS
from bench.scenes import Round, Served
from bench.slope import MAXIMUM_GROWTH, Slope
from bench.starting import Starting

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
LONG_RUNS = Path(__file__).parent / "long_runs.md"
"""Results of runs that take hours. They are measured separately now and then, and appended to each page."""
LABELS = {
    "limit": "limit: 2 KB by an ASGI function",
    "read": "read of an Observation",
    "page": "`Observation?patient=&category=`, 50 to 59 a page, system token",
    "patient-page": "the same, patient token",
    "name": "`Patient?name=`, 50 to 59 a page",
    "flow": "authorize to token, PKCE",
    "openid": "the same with an id_token (RS256)",
    "secret": "client_credentials with a secret",
    "key": "client_credentials with ES384",
    "refresh": "refresh, rotated",
    "introspect": "introspection",
    "create": "create of an Observation",
    "transaction": "transaction of 100 entries",
    "refused-fhir": "read with an unknown token, refused",
    "refused-authorize": "authorize with an unregistered redirect URI, refused",
    "peer-openid": "oidc-provider (npm, in memory): the flow with PKCE and an id_token",
    "peer-secret": "oidc-provider: client_credentials with a secret",
    "peer-key": "oidc-provider: client_credentials with ES384",
    "read-again": "read of a Patient",
    "page-again": "`Observation?patient=&category=&_count=50`",
    "name-again": "`Patient?name=`",
}
AGAIN = ("read-again", "page-again", "name-again")
BOUNDS = {"read": 33.0, "page": 10.0, "name": 10.0, "flow": 5.0, "openid": 2.0, "create": 6.0}
"""Minimum percentage of the limit, by CPU."""
PEER_RATIO = 0.9
"""Maximum ratio to oidc-provider's CPU for client_credentials with a secret."""
CEILINGS = {"transaction": 50_000}
"""Maximum CPU in µs."""
SIGNED = {"key": "secret", "peer-key": "peer-secret"}
"""Pairs of scenes: the cost of an ES384 assertion is the difference to the same request with a secret."""
HEAD = (
    "| scene | requests/s | CPU µs | bytes | of the limit, by clock | by CPU | minimum by CPU |",
    "|---|---:|---:|---:|---:|---:|---:|",
)

REPEAT = """
## Running the benchmarks

    make bench                          # everything; writes this page
    make bench ARGS=--quick             # a short run, about six minutes on two idle cores; writes nothing
    make bench ARGS=--large             # everything, with the slope from 1,000 to 100,000 patients
    make bench ARGS="--slope --large"   # only the slope; writes nothing
    make bench ARGS=--scenes            # only the first two tables; writes nothing
    make bench ARGS="--against PATH"    # this checkout and another one, nine alternating rounds; writes nothing
    make bench ARGS="--resets --against PATH"  # resets after writes, of this checkout and another one; writes nothing
    make bench ARGS=--instructions      # the instructions of each scene, with valgrind (--against PATH too); writes nothing

PostgreSQL is measured if it is installed (`initdb` on the PATH or in Debian's folder), on a separate server with default
durability. The slope sends requests alternately to two hospitals that differ only in the number of patients, one request at a
time, about the same number of different patients in both. Both medians are measured in the same minutes. Other work on the
machine lowers all figures; see the load average above.
"""


def text(
    startup: Starting,
    served: Served,
    journal: Mapping[int, Journaling],
    listened: Listening,
    loaded: Loaded,
    undone: tuple[str, ...],
    database: Mapping[str, Round],
    slope_results: list[Slope],
) -> str:
    return "\n".join(
        (
            "# Benchmarks",
            "",
            *scenes(served, journal, listened),
            *_database_lines(database),
            f"`sickbay load` of these {loaded.resources:,} resources as NDJSON into a new folder: {loaded.per_second:,.0f}/s "
            f"(at least 5,000), {loaded.microseconds:,.0f} µs of CPU each, including startup;",
            f"{loaded.memory[0]:.0f} MB peak memory in the first half, {loaded.memory[1]:.0f} MB in the second.",
            "",
            "| from spawn to the first 200 for `/general/r4/metadata`, median of 5 | s | at most |",
            "|---|---:|---:|",
            f"| existing database | {startup.existing:.2f} | 1.0 |",
            f"| `--ephemeral`, 50 patients | {startup.ephemeral:.2f} | 2.0 |",
            f"| new folder, to the first FHIR answer; patients copied from an earlier folder | {startup.answer:.2f} | |",
            f"| `sickbay reset` while a server runs | {startup.reset:.2f} | 1.0 |",
            "",
            *undone,
            *slopes(slope_results),
            f"Memory of one worker: {startup.idle:.0f} MB idle (at most 120),"
            f" {startup.filled:.0f} MB after its patients were created and reset.",
            REPEAT,
            LONG_RUNS.read_text(encoding="utf-8"),
        )
    )


def scenes(served: Served, journal: Mapping[int, Journaling], listened: Listening) -> tuple[str, ...]:
    """Return the tables of cold traffic and of repeated requests."""
    rounds = {"limit": Round(1.0, 1.0, served.limit), **served.rounds}
    cold = [_result_row(name, round, _describe_bound(name)) for name, round in rounds.items() if name not in AGAIN]
    repeated = [_result_row(name, rounds[name], "") for name in ("limit", *AGAIN)]
    return (
        f"By `make bench` on {datetime.date.today()}: {machine()}. One worker, `synchronous=FULL`,",
        f"{served.patients:,} patients and {served.observations:,} observations in the hospital.",
        "The load comes from another core: 32 connections, one request at a time on each (`bench/load.py`).",
        "A flow is two requests. CPU is the time that the server process used per request or flow. Limit and scene alternate",
        "five times; the figures are from the round with the median share by CPU. If the load can't saturate the",
        "server, the share by CPU is the stricter one.",
        f"Load average, including the benchmark's own load of two: {os.getloadavg()[1]:.1f}.",
        "oidc-provider runs as one process with all data in memory, Sickbay as one worker that writes to disk.",
        f"oidc-provider answers {WARM_UP_REQUESTS:,} requests of each scene before it is measured.",
        "",
        "Cold traffic: no URL and no set of headers repeats. Ids, parameters, tokens and apps vary (`bench/cold.py`).",
        "",
        *HEAD,
        *cold,
        "",
        *_signature_lines(rounds),
        *_compared_with_peer(served.peer_ratio),
        *_paced_lines(journal),
        listening.text(listened),
        "",
        "Repeated requests, with one token:",
        "",
        *(line.removesuffix(" minimum by CPU |").removesuffix("---:|") for line in HEAD),
        *(row.removesuffix("  |") for row in repeated),
        "",
        f"The SQLite statement of a read, with varying ids: {served.statement * 1e6:.1f} µs.",
        "",
    )


def _paced_lines(journal: Mapping[int, Journaling]) -> Iterator[str]:
    """Yield what a read costs at low rates."""
    for rate, read in journal.items():
        yield (
            f"At {rate} requests/s, when every exchange is stored, a read takes {read.with_journal:,.0f} µs of CPU,"
            f" {read.without:,.0f} without the journal: a ratio of {read.times:.2f} (at most {MAXIMUM_CPU_RATIO})."
        )
    yield ""


def _result_row(name: str, round: Round, bound: str) -> str:
    rate = round.rate
    return (
        f"| {LABELS[name]} | {rate.per_second:,.0f} | {rate.microseconds:,.0f} | {rate.size:,.0f} | "
        f"{round.by_clock * 100:.1f} % | {round.by_cpu * 100:.1f} % | {bound} |"
    )


def _compared_with_peer(times: float | None) -> tuple[str, ...]:
    """Return nothing if oidc-provider isn't installed."""
    if times is None:
        return ()
    return (
        f"client_credentials with a secret takes {times:.2f} times oidc-provider's CPU (at most {PEER_RATIO}; the median of"
        " nine alternating rounds).",
        "",
    )


def _signature_lines(rounds: Mapping[str, Round]) -> tuple[str, ...]:
    """Return the CPU cost of an assertion compared with the peer's, or nothing if the peer isn't installed."""
    if "peer-key" not in rounds:
        return ()
    total = {name: rounds[name].rate.microseconds for name in SIGNED}
    extra = {name: total[name] - rounds[secret_scene].rate.microseconds for name, secret_scene in SIGNED.items()}
    return (
        f"A request with an ES384 assertion takes {total['key']:,.0f} µs of CPU, oidc-provider's {total['peer-key']:,.0f} µs"
        f" (which is the maximum). The assertion itself, the difference to a secret, costs {extra['key']:,.0f} and"
        f" {extra['peer-key']:,.0f} µs.",
        "",
    )


def slopes(results: list[Slope]) -> list[str]:
    return [line for result in results for line in _slope_row(result)]


def _slope_row(slope: Slope) -> tuple[str, ...]:
    small, large = slope.sizes
    rows = [
        f"| `{name}` | {query.small:,.0f} | {query.large:,.0f} | {query.times:.2f} | {query.errors} of {query.requests:,} |"
        for name, query in slope.queries.items()
    ]
    return (
        f"The slope on {slope.engine}, patients with {EACH} resources each, one request at a time; the limit responds in"
        f" {slope.limit:,.0f} µs:",
        "",
        f"| median, µs | {small:,} patients | {large:,} patients | ratio (at most {MAXIMUM_GROWTH}) | errors |",
        "|---|---:|---:|---:|---:|",
        *rows,
        "",
    )


def _database_lines(rounds: Mapping[str, Round]) -> tuple[str, ...]:
    if not rounds:
        return ()
    rows = [_result_row(name, round, "") for name, round in rounds.items()]
    return (
        f"PostgreSQL on the same machine, over a Unix socket, with default durability and {PATIENTS} patients. CPU excludes the"
        " database server.",
        "This traffic is cold too. A read must reach at least 15 % of the limit by the clock.",
        "",
        *HEAD,
        *rows,
        "",
    )


def _describe_bound(name: str) -> str:
    if name in CEILINGS:
        return f"at most {CEILINGS[name]:,} µs"
    return f"{BOUNDS[name]:.0f} %" if name in BOUNDS else ""


def machine() -> str:
    """Return what the results depend on: cores, processor, system and Python."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.machine()
    return f"{os.cpu_count()} cores ({processor}), {platform.system()}, Python {platform.python_version()}"
