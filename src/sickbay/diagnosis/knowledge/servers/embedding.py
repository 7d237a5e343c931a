"""Apps that run inside an EHR: blocked storage, blocked navigation, old browsers, private networks."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="browser-storage-blocked",
        text=(
            (
                "failed to read the 'sessionstorage'",
                "failed to read the 'localstorage'",
                "access is denied for this document",
                "access to storage is not allowed",
                "securityerror: the operation is insecure",
                "storage is not available",
                "sessionstorage is null",
                "localstorage is null",
                "quotaexceedederror",
            ),
        ),
        title="The browser blocks sessionStorage or localStorage, where the library keeps the state of the login",
        why="In a third-party frame, or with cookies blocked, browsers deny storage. A sandboxed frame needs"
        " allow-same-origin.",
        causes=(
            Cause(
                "The app runs in an iframe, and the browser blocks third-party storage.",
                "It works in its own tab.",
                "Open the app in its own window, or keep the state on the server.",
            ),
            Cause(
                "The frame has the attribute sandbox without allow-same-origin.",
                "The iframe element has sandbox.",
                "Ask the EHR to add allow-same-origin.",
            ),
        ),
        source="https://developer.mozilla.org/docs/Web/Privacy/Guides/State_Partitioning",
        confidence="documented",
    ),
    KnownError(
        id="browser-top-navigation",
        text=(
            (
                "unsafe attempt to initiate navigation",
                "unsafe javascript attempt to initiate navigation",
                "allow-top-navigation",
                "sandboxed, but the flag",
                "sandboxed and the 'allow-",
                "'allow-popups' permission is not set",
                "'allow-forms' permission is not set",
                "is sandboxed and",
            ),
        ),
        title="The EHR's frame is sandboxed and forbids what the app does: navigate the top window, open a popup or send a"
        " form",
        why="The iframe's attribute sandbox lists what is allowed.",
        causes=(
            Cause(
                "The app or the login page navigates the top window or opens a popup.",
                "The console names the missing permission.",
                "Keep the login inside the frame, or ask the EHR for the permission or for a launch in a new window.",
            ),
        ),
        source="https://developer.mozilla.org/docs/Web/HTML/Element/iframe#sandbox",
        confidence="documented",
    ),
    KnownError(
        id="browser-internet-explorer",
        text=(
            (
                "'promise' is undefined",
                "object doesn't support property or method",
                "object doesn't support this property or method",
                "script1002",
                "script1003",
                "script5009",
                "'fetch' is undefined",
                "'url' is undefined",
                "'textencoder' is undefined",
            ),
            ("undefined", "support", "error", "not work", "script", "blank", "fails"),
        ),
        title="The app runs in an old browser (Internet Explorer) that lacks a function of the library",
        why="Some EHR clients embed Internet Explorer 11 or its compatibility mode, which lacks Promise, fetch, URL and"
        " crypto.subtle.",
        causes=(
            Cause(
                "The EHR's embedded browser is Internet Explorer, or a page in compatibility mode.",
                "navigator.userAgent has Trident or MSIE.",
                "Ask for the Edge (Chromium) browser in the EHR's settings; otherwise load polyfills and the library's ES5"
                " build.",
            ),
            Cause(
                "The page has no doctype or asks for compatibility mode.",
                "document.documentMode is below 11.",
                'Add <!DOCTYPE html> and <meta http-equiv="X-UA-Compatible" content="IE=edge">.',
            ),
        ),
        source="https://github.com/cerner/fhir.cerner.com/pull/155",
        confidence="observed",
    ),
    KnownError(
        id="browser-private-network",
        text=(
            (
                "more-private address space",
                "private network access",
                "access-control-allow-private-network",
                "local network access",
                "loopback address space",
            ),
        ),
        title="A public page requests a private or local address, and the browser blocks it",
        why="Chrome allows requests from public sites to localhost or private addresses only from https pages, with"
        " permission or"
        " with Access-Control-Allow-Private-Network.",
        causes=(
            Cause(
                "The page is on a public http site, and the server on your machine or network.",
                "The console names the address space.",
                "Serve page and server from the same network, such as both on localhost, or both publicly over https.",
            ),
        ),
        source="https://developer.chrome.com/blog/private-network-access-preflight",
        confidence="documented",
    ),
    KnownError(
        id="browser-internet-explorer-blank",
        text=(
            ("internet explorer", "ie11", "ie 11"),
            (
                "blank page",
                "white screen",
                "does not load",
                "doesn't load",
                "syntax error",
                "doesn't work",
                "does not work",
                "not working",
            ),
            ("ehr", "powerchart", "embedded", "launch", "smart", "hyperspace", "app"),
        ),
        title="The app fails in Internet Explorer, which some EHR clients still embed",
        why="Internet Explorer 11 lacks Promise, fetch, URL, arrow functions and crypto.subtle, which current libraries need.",
        causes=(
            Cause(
                "The EHR's embedded browser is Internet Explorer, or the page is in compatibility mode.",
                "navigator.userAgent has Trident or MSIE.",
                "Ask for the Edge (Chromium) browser in the EHR's settings; otherwise load polyfills and the library's ES5"
                " build.",
            ),
        ),
        source="https://github.com/cerner/fhir.cerner.com/pull/155",
        confidence="observed",
    ),
)
