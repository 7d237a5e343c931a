"""The rule about requests to the revocation endpoint."""

from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Rule

REVOKE_ACCESS_TOKEN = Rule(
    id="revoke-access-token",
    parameter="token",
    title="`token` is an access token, which can't be revoked here",
    why="This server revokes only refresh tokens. An access token stays valid until it expires.",
    fix="Send the refresh token, and discard the access token.",
    spec=specs.rfc(7009, "2.2.1", "Error Response"),
)
