"""Remembers which advice each app has received, so that a habit is reported once and not on every exchange.

After storing an exchange, a worker tells the others which advice it gave, and which to forget.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from sickbay.diagnosis.lists import HABITS
from sickbay.kernel.memory import ResetScope

if TYPE_CHECKING:
    from sickbay.diagnosis.explain import Explanation
    from sickbay.kernel.worker_channel import WorkerChannel

TOPIC: Final = "advice"
"""The topic of the messages between workers."""

KEPT_PAIRS: Final = 4_000
"""The maximum number of pairs of an app and a rule. If the oldest are dropped, their advice is given again."""

SHARED_PAIRS: Final = 500
"""Maximum number of pairs in one message to the other workers."""


class Advice(NamedTuple):
    """Advice that an app got in one exchange."""

    client_id: str
    rule: str
    tenant: str
    exchange: str


_NEWS: Final = msgspec.json.Decoder(list[Advice])


class GivenAdvice:
    """A part of `Runtime.memory`."""

    def __init__(self) -> None:
        self._given: OrderedDict[tuple[str, str], tuple[str, str]] = OrderedDict()
        """The hospital and the id of the exchange with the advice, by client and rule."""
        self._news: list[Advice] = []

    def drop_repeated_advice(self, explanation: Explanation, tenant: str, client_id: str, exchange: str) -> Explanation:
        """Leave out advice about habits that the app has already received, and remember the advice that remains.

        exchange: its id. If it couldn't be stored, it is recorded again, with the same advice.
        """
        if not client_id or HABITS.isdisjoint([finding.id for finding in explanation.findings]):
            return explanation
        findings = tuple(
            finding
            for finding in explanation.findings
            if finding.refused or finding.id not in HABITS or self._is_first((tenant, exchange), client_id, finding.id)
        )
        if len(findings) == len(explanation.findings):
            return explanation
        from sickbay.diagnosis.catalogue import BY_ID  # commands that explain nothing don't load the rules

        is_correctable = any((rule := BY_ID.get(finding.id)) and rule.repair for finding in findings)
        return explanation._replace(findings=findings, corrected=explanation.corrected if is_correctable else None)

    def _is_first(self, place: tuple[str, str], client_id: str, rule: str) -> bool:
        is_new = (client_id, rule) not in self._given
        given = self._given.setdefault((client_id, rule), place)
        if is_new and len(self._news) < KEPT_PAIRS:
            self._news.append(Advice(client_id, rule, *place))
        if len(self._given) > KEPT_PAIRS:
            self._given.popitem(last=False)
        return given == place

    async def share(self, channel: WorkerChannel | None) -> None:
        """Tell the other workers which advice was given since the last call. A worker that hangs gets it when it continues."""
        news, self._news = self._news, []
        if channel is not None and news:
            parts = [news[start : start + SHARED_PAIRS] for start in range(0, len(news), SHARED_PAIRS)]
            await asyncio.gather(*(channel.send_to_all(TOPIC, msgspec.json.encode(part)) for part in parts))

    async def forget_everywhere(self, channel: WorkerChannel | None) -> None:
        """Forget all advice, in the other workers too, so that it is given again."""
        self.forget(ResetScope(None))
        if channel is not None:
            await channel.send_to_all(TOPIC, b"[]")

    async def receive_news(self, news: bytes) -> bytes:
        """Process another worker's message: the advice that it gave, or nothing if all advice is to be forgotten."""
        given = _NEWS.decode(news)
        if not given:
            self.forget(ResetScope(None))
        for advice in given:
            self._given.setdefault((advice.client_id, advice.rule), (advice.tenant, advice.exchange))
        while len(self._given) > KEPT_PAIRS:
            self._given.popitem(last=False)
        return b""

    def forget(self, reset: ResetScope) -> None:
        for pair, (tenant, _) in tuple(self._given.items()):
            if reset.tenant in (None, tenant):
                del self._given[pair]
        self._news = [advice for advice in self._news if reset.tenant not in (None, advice.tenant)]
