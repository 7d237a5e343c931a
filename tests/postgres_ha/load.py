"""Clients that create resources and remember every response."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from typing import NamedTuple

import httpx2

SCOPE = "system/*.cruds"


class Written(NamedTuple):
    """A request. status: 0 if the connection failed. id: of the created resource. at: when the response arrived."""

    status: int
    id: str
    at: float
    seconds: float
    text: str = ""


def token(base: str) -> str:
    """Registers a backend service, and returns an access token with which it can write everything."""
    with httpx2.Client(base_url=base, trust_env=False, timeout=30) as http:
        app = {"name": "Writer", "type": "system", "client": "symmetric", "scope": SCOPE}
        http.post("/admin/apps", json=app).raise_for_status()
        return str(http.post("/admin/tokens", json={"app": "Writer", "scope": SCOPE}).json()["access_token"])


class Clients:
    """Threads that send requests, together at most `rate` a second. work: what they send; by default a new Observation to the
    server `base`.
    """

    def __init__(
        self, base: str, token: str, rate: float | None, clients: int = 4, work: Callable[..., Written] | None = None
    ) -> None:
        self.responses: list[Written] = []
        self._base, self._rate, self.count, self._work = base, rate, clients, work or self._write
        self._http = httpx2.Client(headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=60)
        self._numbers, self._end, self._begin = count(), threading.Event(), time.monotonic()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    @contextmanager
    def running(self) -> Iterator[list[Written]]:
        for thread in self._threads:
            thread.start()
        try:
            yield self.responses
        finally:
            self._end.set()
            for thread in self._threads:
                thread.join()
            self._http.close()

    def _run(self) -> None:
        next_at = time.monotonic()
        while not self._end.is_set():
            if self._rate:
                next_at = max(next_at + self.count / self._rate, time.monotonic())
                self._end.wait(next_at - time.monotonic())
            self.responses.append(self._work(self._http, next(self._numbers)))

    def _write(self, http: httpx2.Client, number: int) -> Written:
        body = {"resourceType": "Observation", "status": "final", "code": {"text": f"number {number}"}}
        begin = time.monotonic()
        try:
            response = http.post(f"{self._base}/general/r4/Observation", json=body)
        except httpx2.HTTPError as error:
            return Written(0, "", time.monotonic(), time.monotonic() - begin, repr(error))
        end, id = time.monotonic(), ""
        with suppress(ValueError):
            id = response.json().get("id", "")
        created = response.status_code == 201
        return Written(response.status_code, id if created else "", end, end - begin, "" if created else response.text)


def acknowledge(responses: list[Written]) -> set[str]:
    return {response.id for response in responses if response.status == 201}


def fail(responses: list[Written]) -> list[Written]:
    return [response for response in responses if response.status != 201]


def missing_resources(base: str, token: str, ids: set[str], headers: Mapping[str, str] = {}) -> set[str]:
    """Returns which of the resources don't exist. The token must be valid."""
    with httpx2.Client(headers={"Authorization": f"Bearer {token}", **headers}, trust_env=False, timeout=30) as http:
        http.get(f"{base}/general/r4/Observation?_count=1").raise_for_status()
        return {id for id in ids if http.get(f"{base}/general/r4/Observation/{id}").status_code != 200}
