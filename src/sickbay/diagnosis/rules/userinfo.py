"""The rule about requests to the UserInfo endpoint."""

from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Rule, Spec

USERINFO_WITHOUT_OPENID = Rule(
    id="userinfo-without-openid",
    parameter="scope",
    title="UserInfo has no data for this token: `openid` wasn't granted, or no user signed in",
    why="UserInfo returns the signed-in user, and only to apps that requested `openid`. Granted: {held}.",
    fix="Register `openid` and `fhirUser`, and request both at the next launch.",
    spec=Spec("OpenID Connect Core 1.0, 5.3 UserInfo Endpoint", f"{specs.OIDC}#UserInfo"),
)
