"""The walk counter records the files that a request enters, and nothing before or after it."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from sickbay.protocol import basic, scopes
from tools import walk


async def answer(scope: Any, receive: Any, send: Any) -> None:
    basic.write("app", "secret")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})
    scopes.parse("openid")


async def ignore(message: Any) -> None: ...


if sys.version_info >= (3, 12):

    def test_files_are_recorded_from_the_call_to_the_end_of_the_response() -> None:
        recorder = walk.Recorder(answer)
        scopes.parse("openid")
        asyncio.run(recorder({}, ignore, ignore))
        assert recorder.files[0] == "protocol/basic.py"
        assert "protocol/scopes.py" not in recorder.files


def test_an_older_python_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 11, 7))
    assert walk.main([]) == 2
    assert "3.12" in capsys.readouterr().out
