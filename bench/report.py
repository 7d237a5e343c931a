"""The figures as a page, with the day and the class of machine; no names and no paths."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Mapping
from pathlib import Path

from bench.load import Rate
from bench.loading import Loaded
from bench.people import EACH
from bench.postgres import PATIENTS, Beside
from bench.scenes import Served
from bench.slope import MOST, Slope
from bench.starting import Starting

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
LONG = Path(__file__).parent / "long_runs.md"
"""What takes hours is measured by itself, now and then; its figures, written by hand, stand at the end of each page."""
SAID = {
    "limit": "limit: 2 KB by an ASGI function",
    "read": "read of a Patient",
    "name": "`Patient?name=`",
    "observations": "`Observation?patient=&category=&_count=50`",
    "different": "the same of 50 to 69, no address twice in five seconds",
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
}
BOUNDS = {"read": 25.0, "observations": 10.0, "flow": 3.0, "openid": 2.0, "create": 6.0}
"""Percent of the limit that it must reach."""
CEILINGS = {"transaction": 50_000}
"""CPU µs that it may take at most."""
SIGNED = {"key": "secret", "peer-key": "peer-secret"}
"""What an ES384 assertion costs is what a request with one takes more than the same request with a secret."""


REPEAT = """
## To repeat

    make bench                          # everything; writes this page
    make bench ARGS=--quick             # everything in brief, about six minutes on two idle cores; nothing is written
    make bench ARGS=--large             # the same with the slope from 1,000 to 100,000 patients
    make bench ARGS="--slope --large"   # the slope alone, nothing is written
    make bench ARGS="--against PATH"    # this checkout and another one by turns, nine rounds; nothing is written

PostgreSQL is measured where its programs are (`initdb` on the PATH or where Debian puts it), on a server of its own with
its ordinary durability. The slope asks two hospitals by turns, the same people but for their number, one request at a time,
of as many different patients in both; the growth of a median is that of the same minutes. Other work on the machine lowers
every figure: look at the load average above.
"""


def text(begun: Starting, served: Served, loaded: Loaded, database: Mapping[str, Beside], grown: list[Slope]) -> str:
    limit, busy = served.rates["limit"].microseconds, os.getloadavg()[1]
    rows = [
        f"| {SAID[name]} | {rate.per_second:,.0f} | {rate.microseconds:,.0f} | {rate.size:,.0f} | "
        f"{served.shares[name] * 100:.1f} % | "
        f"{limit / rate.microseconds * 100:.1f} % | {_bound(name)} |"
        for name, rate in served.rates.items()
    ]
    return "\n".join(
        (
            "# Benchmarks",
            "",
            f"By `make bench` on {datetime.date.today()}: {machine()}. One worker, `synchronous=FULL`,",
            f"{served.patients:,} patients and {served.observations:,} observations in the hospital; ids vary.",
            "The load comes from another core: 32 connections, one request at a time on each (`bench/load.py`).",
            "A flow is two requests; CPU is what the server process used for a request or a flow. Limit and scene alternate",
            "five times; the figures are those of the round with the median share. If the load cannot fill the",
            f"server, the share by CPU is the stricter one. Load average, the benchmark's own two included: {busy:.1f}.",
            "oidc-provider runs as one process, all in memory; Sickbay as one worker that writes to the disk.",
            "",
            "| what | a second | CPU µs | bytes | of the limit | by CPU | at least |",
            "|---|---:|---:|---:|---:|---:|---:|",
            *rows,
            "",
            *_signed(served.rates),
            f"The bare SQLite statement of a read, ids varying: {served.statement * 1e6:.1f} µs.",
            "",
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


def _signed(rates: Mapping[str, Rate]) -> tuple[str, ...]:
    """CPU of an assertion beside the peer's; nothing where it is not installed."""
    if "peer-key" not in rates:
        return ()
    whole = {name: rates[name].microseconds for name in SIGNED}
    more = {name: whole[name] - rates[plain].microseconds for name, plain in SIGNED.items()}
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


def _database(found: Mapping[str, Beside]) -> tuple[str, ...]:
    if not found:
        return ()
    rows = [
        f"| {SAID[name]} | {one.rate.per_second:,.0f} | {one.rate.microseconds:,.0f} | {one.rate.size:,.0f} | "
        f"{one.share * 100:.1f} % | {one.cpu * 100:.1f} % | {'15 %' if name == 'read' else ''} |"
        for name, one in found.items()
    ]
    return (
        f"On PostgreSQL, on the same machine, by its socket, with its ordinary durability, {PATIENTS} patients; CPU is that of"
        " ours alone.",
        "The 32 connections have one token, so that reads which come together share statements:",
        "",
        "| what | a second | CPU µs | bytes | of the limit | by CPU | at least |",
        "|---|---:|---:|---:|---:|---:|---:|",
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
