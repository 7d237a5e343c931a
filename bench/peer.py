"""npm oidc-provider beside Sickbay in the same run, where Node and the package are: one process against one worker."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from bench import cold, flow, load, process, tokens
from bench.load import Rate
from sickbay.protocol import jose
from sickbay.testing.server import stop

ROOT = Path(__file__).parent.parent
HERE = "http://localhost:8100/callback"
SERVICES = [(f"service-{number}", "secret-of-the-service-in-the-benchmark") for number in range(32)]


@contextmanager
def scenes(seconds: float) -> Iterator[dict[str, Callable[[], Rate]]]:
    """Its scenes by name; none where it is not installed."""
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "oidc-provider").is_dir():
        yield {}
        return
    key = tokens.es384()
    command = [node, str(ROOT / "bench" / "peer.mjs"), json.dumps(jose.public(key))]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout
    port = int(server.stdout.readline())
    try:
        asked = flow.Flow("/auth", "/token", "public", HERE, "openid", "")
        known = asked._replace(cookie=_signed_in(port, flow.address(asked, flow.challenges(1)[0][1])))
        service = cold.forms("/token", [{"grant_type": "client_credentials"}], SERVICES)
        process.apart(server.pid)

        def by_key() -> Rate:
            sent = tokens.assertions(f"http://localhost:{port}", "keyed", key, seconds * 1.5)
            return load.run(port, server.pid, tokens.by_key("/token", sent), seconds)

        yield {
            "peer-openid": lambda: flow.run(port, server.pid, [known], seconds),
            "peer-secret": lambda: load.run(port, server.pid, service, seconds),
            "peer-key": by_key,
        }
    finally:
        stop(server)


def _signed_in(port: int, address: str) -> str:
    """The cookies of somebody who signed in and consented, by its own development pages."""
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        place, answers = address, iter(({"prompt": "login", "login": "a", "password": "a"}, {"prompt": "consent"}))
        deadline = time.monotonic() + 15
        while not place.startswith(HERE):
            if time.monotonic() > deadline:
                raise RuntimeError(f"oidc-provider leads to {place}")
            asks = place.startswith("/interaction/")
            answer = http.post(place, data=next(answers)) if asks else http.get(place)
            place = answer.headers["location"].removeprefix(f"http://127.0.0.1:{port}")
        return "; ".join(f"{one.name}={one.value}" for one in http.cookies.jar if one.name.startswith("_session"))
