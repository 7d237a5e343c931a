"""Errors of the MSAL libraries (Microsoft Authentication Library)."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS_PAGE = "https://learn.microsoft.com/entra/msal/javascript/browser/errors"


def msal(
    name: str, phrases: tuple[str, ...], title: str, why: str, *causes: Cause, source: str = ERRORS_PAGE, where: str = ""
) -> KnownError:
    return KnownError(
        id=f"msal-{name}",
        text=(phrases,),
        title=title,
        why=why,
        causes=causes,
        where=where,
        source=source,
        confidence="documented",
    )


ERRORS = (
    msal(
        "interaction-in-progress",
        ("interaction_in_progress", "interaction is currently in progress"),
        "A second sign-in was started before the first one had finished (interaction_in_progress)",
        "MSAL allows one interactive call at a time. The mark in sessionStorage is cleared by handleRedirectPromise.",
        Cause(
            "loginRedirect or loginPopup is called before handleRedirectPromise has resolved.",
            "The call is in ngOnInit, useEffect or at page load.",
            "Await handleRedirectPromise() on each page load first, and start a sign-in only if it returns null and no "
            "account exists.",
        ),
        Cause(
            "Two components or a guard and an interceptor start a sign-in at once.",
            "inProgress isn't None when it happens.",
            "Check that inProgress is InteractionStatus.None before each interactive call.",
        ),
        Cause(
            "An earlier sign-in was interrupted.",
            "sessionStorage contains msal.interaction.status.",
            "Clear the session storage of the page, or close the tab.",
        ),
    ),
    msal(
        "hash-empty",
        (
            "hash_empty_error",
            "hash value cannot be processed because it is empty",
            "hash_does_not_contain_known_properties",
            "hash does not contain known properites",
            "hash does not contain known properties",
        ),
        "The redirect page lost the response: its fragment (hash) was empty or changed when MSAL read it",
        "MSAL reads the code from the address of the redirect URI. A router that changes the address first removes it.",
        Cause(
            "A client-side router or other code on the redirect page clears or rewrites the hash.",
            "With a blank page as redirect URI it works.",
            "Set redirectUri to a blank page without a router, and register that URI.",
        ),
        Cause(
            "The redirect URI redirects to another page, which drops the fragment.",
            "The network tab shows a 301 or 302 at the redirect URI.",
            "Register and use the final address.",
        ),
    ),
    msal(
        "state",
        (
            "state_not_found",
            "no_cached_authority_error",
            "no_state_in_hash",
            "state_interaction_type_mismatch",
        ),
        "state: MSAL doesn't find the request that belongs to this response in its storage",
        "state and verifier are stored in the browser before the redirect. The response has to come back to the same "
        "origin and tab.",
        Cause(
            "The page that receives the response has another origin than the one that started the sign-in.",
            "Compare host and port (localhost and 127.0.0.1 differ).",
            "Start and end on the same origin.",
        ),
        Cause(
            "The session storage was cleared, or the response was opened in another tab.",
            "It happens after a reload or in private windows.",
            "Start the sign-in again, and set cacheLocation to localStorage if needed.",
        ),
    ),
    msal(
        "uninitialized",
        ("uninitialized_public_client_application", "you must call and await the initialize function"),
        "MSAL was used before it was initialised",
        "Since version 3, PublicClientApplication has to be initialised asynchronously.",
        Cause(
            "initialize() wasn't called or not awaited.",
            "The call precedes loginRedirect, acquireTokenSilent and handleRedirectPromise.",
            "Call await msalInstance.initialize() before any other method, or use createStandardPublicClientApplication().",
        ),
    ),
    msal(
        "no-account",
        (
            "no_account_error",
            "no account object provided",
            "no_account_found",
            "no_tokens_found",
            "no_account_in_silent_request",
        ),
        "acquireTokenSilent has no account or no cached token",
        "A silent request needs an account with tokens in the cache.",
        Cause(
            "No account was passed, and none is set as active.",
            "getAllAccounts() is empty, or getActiveAccount() returns null.",
            "Call setActiveAccount after the sign-in, and pass account to acquireTokenSilent.",
        ),
        Cause(
            "The user isn't signed in yet, or the cache was lost.",
            "The storage has no msal entries.",
            "Call loginRedirect or acquireTokenRedirect if the silent call fails.",
        ),
    ),
    msal(
        "timeout",
        (
            "monitor_window_timeout",
            "token acquisition in iframe failed due to timeout",
            "token renewal operation failed due to timeout",
        ),
        "The silent sign-in in a hidden frame timed out",
        "MSAL waits for the redirect page in a hidden iframe. If the page never arrives or removes the hash, the time "
        "runs out.",
        Cause(
            "The redirect page runs a router or MSAL itself within the iframe.",
            "With a blank page as redirect URI it works.",
            "Set redirectUri of acquireTokenSilent to a blank page that is registered.",
        ),
        Cause(
            "Third-party cookies are blocked, or the page forbids framing (X-Frame-Options).",
            "It fails in Safari and private windows.",
            "Sign in interactively if the silent call fails, and use the redirect flow.",
        ),
    ),
    msal(
        "popup",
        ("popup_window_error", "empty_window_error", "error opening popup", "block_nested_popups", "popup window is null"),
        "The popup for the sign-in couldn't be opened",
        "Browsers open a popup only in response to a click.",
        Cause(
            "loginPopup is called without a click, or after an await.",
            "The browser shows the sign of a blocked popup.",
            "Call loginPopup directly in the click handler, or use loginRedirect.",
        ),
    ),
    msal(
        "user-cancelled",
        ("user_cancelled:", "user cancelled the flow", "authentication_canceled", "user canceled authentication"),
        "The user closed the sign-in window before it had finished, or the window was cut off from the page",
        "MSAL sees only that the popup was closed.",
        Cause(
            "The user closed the window.",
            "It doesn't happen if the sign-in is completed.",
            "Offer the sign-in again, and treat it as no error.",
        ),
        Cause(
            "The header Cross-Origin-Opener-Policy: same-origin separates popup and page.",
            "Your page sends that header.",
            "Set it to same-origin-allow-popups, or use the redirect flow.",
        ),
    ),
    msal(
        "authority",
        (
            "endpoints_resolution_error",
            "openid_config_error",
            "untrusted_authority",
            "could not resolve endpoints",
            "untrustedauthority",
            "authority_mismatch",
            "not a trusted authority",
            "clientconfigurationerror: untrusted",
            "authority_validation_failed",
            "invalid_authority",
            "not a known authority",
        ),
        "authority: MSAL couldn't load or doesn't trust the discovery document of the authority",
        "MSAL loads …/.well-known/openid-configuration of the authority. Hosts other than Microsoft's have to be named.",
        Cause(
            "The authority is a B2C or custom domain that isn't in knownAuthorities.",
            "The host ends with b2clogin.com, ciamlogin.com or your own domain.",
            'Set knownAuthorities: ["TENANT.b2clogin.com"] in the auth configuration.',
        ),
        Cause(
            "Tenant or policy name in the authority is wrong.",
            "Open AUTHORITY/v2.0/.well-known/openid-configuration in the browser: it has to return JSON.",
            "Correct the authority: https://login.microsoftonline.com/TENANT-ID.",
        ),
        Cause(
            "The network blocks the request.",
            "The network tab shows it as failed.",
            "Allow the host, or pass the metadata as authorityMetadata.",
        ),
    ),
    msal(
        "crypto",
        (
            "crypto_nonexistent",
            "crypto object or function is not available",
            "crypto.subtle is undefined",
            "pkce_not_created",
            "reading 'digest'",
        ),
        "PKCE: the browser has no crypto.subtle, because the page isn't served over https",
        "Browsers offer Web Crypto only on https and localhost. Without it no code_challenge can be made.",
        Cause(
            "The page is opened over http and another host than localhost, often an IP address.",
            "window.isSecureContext is false.",
            "Serve the app over https, or open it as http://localhost.",
        ),
    ),
    msal(
        "redirect-in-iframe",
        ("redirect_in_iframe", "redirects are not supported for iframed"),
        "A redirect sign-in was started within an iframe",
        "Microsoft's page can't be shown in a frame, so MSAL refuses.",
        Cause(
            "The app runs in a frame, such as in an EHR or in Teams.",
            "window.self isn't window.top.",
            "Use loginPopup in frames, or set allowRedirectInIframe for B2C with frame support.",
        ),
    ),
    msal(
        "post-request",
        ("post_request_failed", "network request failed: if the browser threw a cors error", "no_network_connectivity"),
        "The token request of MSAL failed in the browser, most often by CORS",
        "The token endpoint sends CORS headers only for redirect URIs of the platform Single-page application.",
        Cause(
            "The redirect URI is registered as Web.",
            "The console shows a CORS error for /oauth2/v2.0/token.",
            "Register the redirect URI under the platform Single-page application.",
        ),
        Cause(
            "The network or an extension blocks the request.",
            "It works in another network or without extensions.",
            "Retry, and call acquireTokenSilent again.",
        ),
        where="Entra admin center → App registrations → your app → Authentication",
    ),
)
