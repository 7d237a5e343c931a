"""Measures npm oidc-provider in the same run as Sickbay, if Node and the package are installed: one process against one
worker.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx2

from bench import cold, flow, load, process, tokens
from bench.load import Rate, Target
from sickbay.protocol import jose
from sickbay.testing.server import stop

ROOT = Path(__file__).parent.parent
HERE = "http://localhost:8100/callback"
WARM_UP_REQUESTS = 5_000
"""Requests of each scene before it is measured: V8 compiles what runs often, and the first thousands take two to four times as
long.
"""
SERVICES = [(f"service-{number}", "secret-of-the-service-in-the-benchmark") for number in range(32)]


@contextmanager
def scenes(seconds: float) -> Iterator[dict[str, Callable[[], Rate]]]:
    """Yield the peer's scenes by name, or none if it isn't installed."""
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "oidc-provider").is_dir():
        yield {}
        return
    key = tokens.es384()
    command = [node, str(ROOT / "bench" / "peer.mjs"), json.dumps(jose.public_members(key))]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout
    port = int(server.stdout.readline())
    try:
        signed_out = flow.Flow("/auth", "/token", "public", HERE, "openid", "")
        signed_in = signed_out._replace(cookie=_signed_in(port, flow.address(signed_out, flow.challenges(1)[0][1])))
        service = cold.forms("/token", [{"grant_type": "client_credentials"}], SERVICES)
        process.apart(server.pid)

        def by_key(target: Target) -> Rate:
            sent = tokens.assertions(f"http://localhost:{port}", "keyed", key, target)
            return load.run(target, tokens.by_key("/token", sent))

        measured: dict[str, Callable[[Target], Rate]] = {
            "peer-openid": lambda target: flow.run(target, [signed_in]),
            "peer-secret": lambda target: load.run(target, service),
            "peer-key": by_key,
        }
        target = load.target(port, server.pid, seconds)
        for name, scene in measured.items():
            print(f"warming up: {name}", file=sys.stderr)
            scene(target._replace(rounds=WARM_UP_REQUESTS // load.CONNECTIONS))
        yield {name: partial(scene, target) for name, scene in measured.items()}
    finally:
        stop(server)


def _signed_in(port: int, address: str) -> str:
    """Sign in and consent on the peer's development pages. Returns the session cookies."""
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        location, form_fields = address, iter(({"prompt": "login", "login": "a", "password": "a"}, {"prompt": "consent"}))
        deadline = time.monotonic() + 15
        while not location.startswith(HERE):
            if time.monotonic() > deadline:
                raise RuntimeError(f"oidc-provider leads to {location}")
            is_form = location.startswith("/interaction/")
            answer = http.post(location, data=next(form_fields)) if is_form else http.get(location)
            location = answer.headers["location"].removeprefix(f"http://127.0.0.1:{port}")
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in http.cookies.jar if cookie.name.startswith("_session"))
