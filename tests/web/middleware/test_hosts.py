"""The response to a request under a name of an emulator, a container or the local network says how to use that name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.flows.flow import Flow, run

from sickbay.web.docs.contents import SECTIONS
from sickbay.web.middleware.hosts import wrong_host

PAGE = "how-to/phones-and-emulators"
BASE = "http://localhost:7425"


ADDRESSES = ["/general/r4/Patient/p-0001", "/general/oauth/authorize?aud=x", "/general/ehr/launch?app=a", "/"]


@pytest.mark.parametrize("path", ADDRESSES)
def test_the_android_emulator_is_recognised_at_every_address(path: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get(path, headers={"Host": "10.0.2.2:7425"})
        assert answer.status_code == 421
        assert "in the Android emulator, 10.0.2.2 is the machine that the emulator runs on" in answer.text
        assert "--base-url http://10.0.2.2:7425" in answer.text
        assert "--allowed-host 10.0.2.2" in answer.text
        page = answer.text.split("See ")[1].strip()
        assert (await flow.http.get(page)).status_code == 200

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("base", "host", "expected", "absent"),
    [
        (BASE, "10.0.2.2:7425", ["adb reverse tcp:7425 tcp:7425", "with: --base-url"], ["--host 0.0.0.0"]),
        (BASE, "10.0.3.2:7425", ["Genymotion", "adb reverse"], ["--host 0.0.0.0"]),
        (BASE, "host.docker.internal:7425", ["--host 0.0.0.0 --base-url http://host.docker.internal:7425"], ["adb"]),
        (BASE, "192.168.1.20:7425", ["--host 0.0.0.0 --base-url http://192.168.1.20:7425"], ["adb"]),
        ("https://localhost", "192.168.1.20", ["--base-url https://192.168.1.20\n"], ["adb"]),
        (BASE, "[fd00::7]:7425", ["--base-url http://[fd00::7]:7425", "--allowed-host fd00::7"], ["adb"]),
        (BASE, "My-Mac.local:7425", ["--base-url http://my-mac.local:7425"], ["adb"]),
    ],
)
def test_the_options_fit_the_name(base: str, host: str, expected: list[str], absent: list[str]) -> None:
    text = wrong_host(base, host)
    assert [part for part in expected if part not in text] == []
    assert [part for part in absent if part in text] == []


@given(st.text(max_size=60))
def test_no_other_host_is_repeated(host: str) -> None:
    """The text names only hosts of a known form, because anyone can choose the header."""
    text = wrong_host(BASE, host)
    assert text.startswith(f"Sickbay’s address is {BASE}")
    assert "<" not in text
    assert "\r" not in text


def test_the_page_is_in_the_contents() -> None:
    assert PAGE in [entry.page for section in SECTIONS for entry in section.entries]
