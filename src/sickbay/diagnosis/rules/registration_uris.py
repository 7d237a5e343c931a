"""Rules about the addresses of a registration: schemes that no app can have, and queries that an answer would collide with."""

from dataclasses import replace

from sickbay.authorization.requests import RegistrationRequest
from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.refusal import Facts

REFUSED = "422, the registration is refused"

REDIRECT_SCHEME_FORBIDDEN = Rule(
    id="reg-redirect-uri-scheme-forbidden",
    stage="registration",
    explains="reg-redirect-uri-scheme-forbidden",
    severity="error",
    outcome=REFUSED,
    parameter="redirect_uris",
    title="{received} can't be a redirect URI",
    why="A browser or the operating system handles its scheme (javascript, data, file and mailto are examples), or it has a"
    " user name before its host. The code would run as script or go to another program.",
    fix="Register an https URI, http on localhost, or a scheme of your app's own such as com.example.app:/callback.",
    spec=specs.rfc(8252, "7.1", "Private-Use URI Scheme Redirection"),
)

LAUNCH_SCHEME_FORBIDDEN = Rule(
    id="reg-launch-uri-scheme-forbidden",
    stage="registration",
    explains="reg-launch-uri-scheme-forbidden",
    severity="error",
    outcome=REFUSED,
    parameter="launch_uri",
    title="{received} can't be a launch URI",
    why="The EHR opens the launch URI in the browser. The browser or the operating system handles this scheme itself, or there"
    " is a user name before the host.",
    fix="Register an https URI, http on localhost, or a scheme of your app's own such as com.example.app:/launch.",
    spec=specs.SMART_REGISTER,
)


def _over_tls(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return replace(request, launch_uri=facts["expected"])


LAUNCH_INSECURE_HTTP = Rule(
    id="reg-launch-uri-insecure-http",
    stage="registration",
    explains="reg-launch-uri-insecure-http",
    severity="error",
    outcome=REFUSED,
    parameter="launch_uri",
    title="The launch URI {received} uses http on another machine",
    why="The launch code in the URL would cross the network unencrypted. http is allowed only on localhost.",
    fix="Register {expected}.",
    spec=specs.SMART_REGISTER,
    repair=_over_tls,
)

RESPONSE_PARAMETER = Rule(
    id="reg-redirect-uri-response-parameter",
    stage="registration",
    explains="reg-redirect-uri-response-parameter",
    severity="error",
    outcome=REFUSED,
    parameter="redirect_uris",
    title="{received} already has a parameter that the response carries: {names}",
    why="The server appends its own {names} to the query. Your app would see two values and might take the wrong one.",
    fix="Register the URI without {names}. Keep such data in your session under the state.",
    spec=specs.rfc(9700, "4.5", "Authorization Code Injection"),
)

RULES = (REDIRECT_SCHEME_FORBIDDEN, LAUNCH_SCHEME_FORBIDDEN, LAUNCH_INSECURE_HTTP, RESPONSE_PARAMETER)
