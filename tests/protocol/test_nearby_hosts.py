"""Names of the machine that a server runs on, as emulators, containers and the local network use them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.protocol.nearby_hosts import find_nearby_host


@pytest.mark.parametrize(
    ("host", "says", "forwards", "listens"),
    [
        ("10.0.2.2", "in the Android emulator, 10.0.2.2 is", True, False),
        ("10.0.3.2", "in the Genymotion emulator, 10.0.3.2 is", True, False),
        ("host.docker.internal", "in a container, host.docker.internal is", False, True),
        ("HOST.docker.internal.", "in a container, host.docker.internal is", False, True),
        ("host.containers.internal", "in a container, ", False, True),
        ("192.168.1.20", "192.168.1.20 is a name or address in a local network", False, True),
        ("10.0.2.3", "10.0.2.3 is a name or address in a local network", False, True),
        ("172.16.0.1", "172.16.0.1 is", False, True),
        ("169.254.1.1", "169.254.1.1 is", False, True),
        ("fe80::1", "fe80::1 is", False, True),
        ("fd00::1", "fd00::1 is", False, True),
        ("my-mac.local", "my-mac.local is", False, True),
    ],
)
def test_a_nearby_host_is_explained(host: str, says: str, forwards: bool, listens: bool) -> None:
    found = find_nearby_host(host)
    assert found is not None
    assert found.meaning.startswith(says)
    assert (found.forwards, found.listens) == (forwards, listens)


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "::1", "0.0.0.0", "::", "8.8.8.8", "ehr.example.org", "local", ".local", "", "10.0.2", "x"],
)
def test_other_hosts_are_not(host: str) -> None:
    assert find_nearby_host(host) is None


@given(st.text(max_size=30))
def test_any_text_is_a_host_or_not(host: str) -> None:
    found = find_nearby_host(host)
    assert found is None or host.lower().rstrip(".") in found.meaning
