"""The placeholders in a request that is shown as code."""

from __future__ import annotations

import pytest

from sickbay.web.exchanges import code_samples


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"accept": "text/html,‹9 characters›,image/avif"}, ()),
        ({"user-agent": "curl/8 ‹12 characters›"}, ()),
        ({"authorization": "Bearer ‹43 characters›"}, ("ACCESS-TOKEN-OF-YOUR-APP",)),
        ({"authorization": "Basic abcd…(43)"}, ("BASE64-OF-YOUR-ID-AND-SECRET",)),
    ],
)
def test_only_values_that_the_app_knows_are_placeholders(headers: dict[str, str], expected: tuple[str, ...]) -> None:
    request = code_samples.read({"method": "GET", "url": "http://localhost:7425/general/r4/Patient/1", "headers": headers})
    assert code_samples.places(request) == expected
