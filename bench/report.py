"""The figures as a page, with the day and the class of machine; no names and no paths."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Mapping
from pathlib import Path

from bench.journaling import MOST as MOST_JOURNALING
from bench.journaling import PER_SECOND, Journaling
from bench.loading import Loaded
from bench.people import EACH
from bench.postgres import PATIENTS
from bench.scenes import Round, Served
from bench.slope import MOST, Slope
from bench.starting import Starting

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
LONG = Path(__file__).parent / "long_runs.md"
"""What takes hours is measured by itself, now and then; its figures, written by hand, stand at the end of each page."""
SAID = {
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
    "peer-openid": "oidc-provider (npm, in memory): the flow with PKCE and an id_token",
    "peer-secret": "oidc-provider: client_credentials with a secret",
    "peer-key": "oidc-provider: client_credentials with ES384",
    "read-again": "read of a Patient",
    "page-again": "`Observation?patient=&category=&_count=50`",
    "name-again": "`Patient?name=`",
}
AGAIN = ("read-again", "page-again", "name-again")
BOUNDS = {"read": 33.0, "page": 10.0, "name": 10.0, "flow": 5.0, "openid": 2.0, "create": 6.0}
"""Percent of the limit that it must reach by CPU."""
BESIDE = 0.9
"""How much of oidc-provider's CPU client_credentials with a secret may take."""
CEILINGS = {"transaction": 50_000}
"""CPU µs that it may take at most."""
SIGNED = {"key": "secret", "peer-key": "peer-secret"}
"""What an ES384 assertion costs is what a request with one takes more than the same request with a secret."""
HEAD = ("| what | a second | CPU µs | bytes | of the limit | by CPU | at least |", "|---|---:|---:|---:|---:|---:|---:|")

REPEAT = """
## To repeat

    make bench                          # everything; writes this page
    make bench ARGS=--quick             # everything in brief, about six minutes on two idle cores; nothing is written
    make bench ARGS=--large             # the same with the slope from 1,000 to 100,000 patients
    make bench ARGS="--slope --large"   # the slope alone, nothing is written
    make bench ARGS=--scenes            # the first two tables alone, nothing is written
    make bench ARGS="--against PATH"    # this checkout and another one by turns, nine rounds; nothing is written

PostgreSQL is measured where its programs are (`initdb` on the PATH or where Debian puts it), on a server of its own with
its ordinary durability. The slope asks two hospitals by turns, the same people but for their number, one request at a time,
of as many different patients in both; the growth of a median is that of the same minutes. Other work on the machine lowers
every figure: look at the load average above.
"""


def text(
    begun: Starting, served: Served, kept: Journaling, loaded: Loaded, database: Mapping[str, Round], grown: list[Slope]
) -> str:
    return "\n".join(
        (
            "# Benchmarks",
            "",
            *scenes(served, kept),
            *_database(database),
            f"`sickbay load` of these {loaded.count:,} resources as NDJSON, new folder: {loaded.per_second:,.0f} a second "
            f"(at least 5,000), {loaded.microseconds:,.0f} µs of CPU each, its start included;",
            f"{loaded.memory[0]:.0f} MB of both processes at most in its first half, {loaded.memory[1]:.0f} MB in its second.",
            "",
            "| from spawn to the first 200 of `/general/r4/metadata`, median of 5 | s | at most |",
            "|---|---:|---:|",
            f"| existing database | {begun.existing:.2f} | 1.0 |",
            f"| `--ephemeral`, 50 patients | {begun.ephemeral:.2f} | 2.0 |",
            f"| `sickbay reset`, beside a server | {begun.reset:.2f} | 1.0 |",
            "",
            *slopes(grown),
            f"Memory of one worker: {begun.idle:.0f} MB idle (at most 120),"
            f" {begun.filled:.0f} MB after its hospital was used and reset.",
            REPEAT,
            LONG.read_text(encoding="utf-8"),
        )
    )


def scenes(served: Served, kept: Journaling) -> tuple[str, ...]:
    """Cold traffic first, then what repeats."""
    rounds = {"limit": Round(1.0, 1.0, served.limit), **served.rounds}
    cold = [_row(name, found, _bound(name)) for name, found in rounds.items() if name not in AGAIN]
    again = [_row(name, rounds[name], "") for name in ("limit", *AGAIN)]
    return (
        f"By `make bench` on {datetime.date.today()}: {machine()}. One worker, `synchronous=FULL`,",
        f"{served.patients:,} patients and {served.observations:,} observations in the hospital.",
        "The load comes from another core: 32 connections, one request at a time on each (`bench/load.py`).",
        "A flow is two requests; CPU is what the server process used for a request or a flow. Limit and scene alternate",
        "five times; the figures are those of the round with the median share by CPU. If the load cannot fill the",
        "server, the share by CPU is the stricter one.",
        f"Load average, the benchmark's own two included: {os.getloadavg()[1]:.1f}.",
        "oidc-provider runs as one process, all in memory; Sickbay as one worker that writes to the disk.",
        "",
        "Cold: no address and no set of headers repeats. Ids, parameters, tokens and apps vary (`bench/cold.py`).",
        "",
        *HEAD,
        *cold,
        "",
        *_signed(rounds),
        *_beside(served.beside),
        f"At {PER_SECOND} requests a second, when every exchange is kept, a read takes {kept.with_journal:,.0f} µs of CPU,"
        f" {kept.without:,.0f} without the journal: {kept.times:.2f} times (at most {MOST_JOURNALING}).",
        "",
        "The same requests again and again, by one token:",
        "",
        *(line.removesuffix(" at least |").removesuffix("---:|") for line in HEAD),
        *(row.removesuffix("  |") for row in again),
        "",
        f"The bare SQLite statement of a read, ids varying: {served.statement * 1e6:.1f} µs.",
        "",
    )


def _row(name: str, found: Round, bound: str) -> str:
    rate = found.rate
    return (
        f"| {SAID[name]} | {rate.per_second:,.0f} | {rate.microseconds:,.0f} | {rate.size:,.0f} | "
        f"{found.by_clock * 100:.1f} % | {found.by_cpu * 100:.1f} % | {bound} |"
    )


def _beside(times: float | None) -> tuple[str, ...]:
    """Nothing if oidc-provider is not installed."""
    if times is None:
        return ()
    return (
        f"client_credentials with a secret takes {times:.2f} times oidc-provider's CPU (at most {BESIDE}; the median of"
        " nine alternating rounds).",
        "",
    )


def _signed(rounds: Mapping[str, Round]) -> tuple[str, ...]:
    """CPU of an assertion beside the peer's; nothing where it is not installed."""
    if "peer-key" not in rounds:
        return ()
    whole = {name: rounds[name].rate.microseconds for name in SIGNED}
    more = {name: whole[name] - rounds[plain].rate.microseconds for name, plain in SIGNED.items()}
    return (
        f"A request with an ES384 assertion takes {whole['key']:,.0f} µs of CPU, oidc-provider's {whole['peer-key']:,.0f} µs"
        f" (at most its own); the assertion alone, which is what it takes more than a secret, {more['key']:,.0f} and"
        f" {more['peer-key']:,.0f} µs.",
        "",
    )


def slopes(every: list[Slope]) -> list[str]:
    return [line for one in every for line in _slope(one)]


def _slope(one: Slope) -> tuple[str, ...]:
    small, large = one.sizes
    rows = [
        f"| `{name}` | {query.small:,.0f} | {query.large:,.0f} | {query.times:.2f} | {query.errors} of {query.asked:,} |"
        for name, query in one.queries.items()
    ]
    return (
        f"The slope on {one.engine}, patients with {EACH} resources each, one request at a time; the limit answers in"
        f" {one.limit:,.0f} µs:",
        "",
        f"| median, µs | {small:,} patients | {large:,} patients | times (at most {MOST}) | errors |",
        "|---|---:|---:|---:|---:|",
        *rows,
        "",
    )


def _database(found: Mapping[str, Round]) -> tuple[str, ...]:
    if not found:
        return ()
    rows = [_row(name, one, "") for name, one in found.items()]
    return (
        f"On PostgreSQL, on the same machine, by its socket, with its ordinary durability, {PATIENTS} patients; CPU is that of"
        " ours alone.",
        "The traffic is cold here too. A read reaches at least 15 % of the limit by the clock.",
        "",
        *HEAD,
        *rows,
        "",
    )


def _bound(name: str) -> str:
    if name in CEILINGS:
        return f"at most {CEILINGS[name]:,} µs"
    return f"{BOUNDS[name]:.0f} %" if name in BOUNDS else ""


def machine() -> str:
    """Cores, processor, system, Python: what a figure depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.machine()
    return f"{os.cpu_count()} cores ({processor}), {platform.system()}, Python {platform.python_version()}"
