"""Asks Sickbay in the same container whether it is ready; exits with 0 if it is, and with 1 if not."""

import os
import ssl
import sys
from http.client import HTTPConnection, HTTPException, HTTPSConnection

TIMEOUT = 4
ON = ("1", "t", "true", "y", "yes")
"""The values that switch an option on in the environment."""


def connection() -> HTTPConnection:
    port = int(os.environ.get("SICKBAY_PORT", "7425"))
    if os.environ.get("SICKBAY_HTTPS", "").lower() not in ON:
        return HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    # The certificate names the public host, and Sickbay may have made it itself.
    return HTTPSConnection("127.0.0.1", port, timeout=TIMEOUT, context=ssl._create_unverified_context())


def ready() -> bool:
    asked = connection()
    try:
        asked.request("GET", "/readyz")
        return asked.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        asked.close()


if __name__ == "__main__":
    sys.exit(0 if ready() else 1)
