"""Issuers that differ between configuration, discovery document, token and redirect."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="library-issuer-mismatch",
        text=(
            (
                "issuer did not match the issuer returned by provider",
                "issuer does not match the configured issuer",
                "issuer mismatch",
                "issuer name does not match",
                "did not match the requested issuer",
                "discovered metadata issuer does not match the expected issuer",
                "issuer does not match",
                "issuer doesn't match",
                "issuer did not match",
                "unexpected iss value",
                'unexpected "iss"',
                'unexpected jwt "iss"',
                "iss mismatch, expected",
                "invalid issuer in token",
                "issuer validation failed",
                "idx10205",
                "invalid claim iss",
                "invalid claim 'iss'",
                "the iss claim is not valid",
                "jwt issuer invalid",
                "issuer invalid",
                "invalid issuer",
                "issuer of the token",
                "'iss' claim",
                "validateidtokeniss failed",
                "authority mismatch on settings",
                "iss did not match",
                'body "issuer" does not match',
                "unexpected issuer",
                "invalid_issuer",
                "issuer uri does not match",
                "issuer claim",
                "issuer must match",
            ),
        ),
        captures=(
            r"expected:? [\"'`]?(?P<expected>https?://[^\s\"'`,]+)",
            r"(?:got|returned|actual):? [\"'`]?(?P<issuer>https?://[^\s\"'`,]+)",
        ),
        title="The issuer in the configuration and the issuer that the server names aren't identical",
        why="The library compares both character by character: scheme, host, port, path, and a slash at the end all count. It"
        " expects {expected}, the server says {issuer}.",
        causes=(
            Cause(
                "One of them ends with a slash and the other doesn't.",
                "Open the discovery document and compare issuer with your configuration.",
                "Copy the value of issuer from the discovery document exactly, with or without the slash at the end.",
            ),
            Cause(
                "The server is reached by another name than it knows: localhost, a container's name, http behind a proxy.",
                "Host, port or scheme differ.",
                "Use the same address in browser and app, and set the server's public URL (hostname) to it.",
            ),
            Cause(
                "The token comes from another tenant, realm or version of the server.",
                "The paths differ, such as v1.0 and v2.0, or common and a tenant's id.",
                "Configure the issuer of that tenant and version.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation",
        confidence="documented",
    ),
    KnownError(
        id="library-iss-parameter-missing",
        text=(
            (
                "iss missing from the response",
                'response parameter "iss" (issuer) missing',
                "missing iss parameter",
                "authorization_response_iss_parameter_supported",
            ),
        ),
        without=("authorization_endpoint", "token_endpoint"),
        title="iss is missing among the parameters that the app gave to the library: hand over all parameters of the redirect",
        why="The server announces that it returns iss in the redirect (RFC 9207), so the library requires it. The app passed on"
        " only code and state.",
        causes=(
            Cause(
                "The code builds the parameters by hand: { code, state }.",
                "The redirect URL in the address bar has iss.",
                "Pass every parameter of the redirect: client.callback(uri, client.callbackParams(req), checks), or the whole"
                " URL.",
            ),
            Cause(
                "A proxy or router dropped iss from the URL.",
                "The server's Location header has iss, the app's URL doesn't.",
                "Pass the whole query on unchanged.",
            ),
        ),
        source="https://github.com/panva/openid-client/issues/647",
        confidence="documented",
    ),
    KnownError(
        id="library-callback-without-iss",
        text=(("oidcclient.callback(", "client.callback("), ("{ code:", "{code:")),
        without=("callbackparams", "iss:", "iss,"),
        title="iss and other parameters of the redirect aren't passed to openid-client: it gets the code only",
        why="If the server announces authorization_response_iss_parameter_supported, openid-client refuses a callback without"
        " iss (RFC 9207).",
        causes=(
            Cause(
                "callback() gets { code } instead of all parameters.",
                "The error is 'iss missing from the response' or 'state mismatch'.",
                "Pass all parameters of the redirect: client.callback(redirectUri, client.callbackParams(req), checks).",
            ),
        ),
        source="https://github.com/panva/openid-client/issues/647",
        confidence="observed",
    ),
)
