"""Rules about the URIs of a registration: forbidden schemes, and query parameters that the authorization response uses, too."""

from msgspec import structs

from sickbay.authorization.requests import RegistrationRequest
from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.checks import Facts

REDIRECT_SCHEME_FORBIDDEN = Rule(
    id="reg-redirect-uri-scheme-forbidden",
    parameter="redirect_uris",
    title="`redirect_uris` contains a URI that can't receive a code: `{received}`",
    why="The browser or the operating system handles its scheme itself (for example javascript, data, file or mailto), or it "
    "has a user name before the host. The code would run as script or go to another program.",
    fix="Register an `https` URI, `http` on localhost, or your app's own scheme such as com.example.app:/callback.",
    spec=specs.rfc(8252, "7.1", "Private-Use URI Scheme Redirection"),
)

LAUNCH_SCHEME_FORBIDDEN = Rule(
    id="reg-launch-uri-scheme-forbidden",
    parameter="launch_uri",
    title="`launch_uri` can't be opened by the EHR: `{received}`",
    why="The EHR opens the launch URI in the browser. The browser or the operating system handles this scheme itself, or "
    "there is a user name before the host.",
    fix="Register an `https` URI, `http` on localhost, or your app's own scheme such as com.example.app:/launch.",
    spec=specs.SMART_REGISTER,
)


def _over_tls(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return structs.replace(request, launch_uri=facts["expected"])


LAUNCH_INSECURE_HTTP = Rule(
    id="reg-launch-uri-insecure-http",
    parameter="launch_uri",
    title="`launch_uri` uses `http` on another machine: `{received}`",
    why="The launch code in the URL would cross the network unencrypted. `http` is allowed only on localhost.",
    fix="Register `{expected}`.",
    spec=specs.SMART_REGISTER,
    repair=_over_tls,
)

RESPONSE_PARAMETER = Rule(
    id="reg-redirect-uri-response-parameter",
    parameter="redirect_uris",
    title="`redirect_uris` contains query parameters that the response uses, too: {names}, in `{received}`",
    why="The server appends its own {names} to the query. Your app would get two values and might use the wrong one.",
    fix="Register the URI without {names}. Store such data in your session under the `state` instead.",
    spec=specs.rfc(9700, "4.5", "Authorization Code Injection"),
)
