"""The addresses of the explorer: /developer/explorer/HOSPITAL/VERSION/VIEWER and then the FHIR URL, as below a FHIR base."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote, unquote

from sickbay.fhir.readable.references import Target
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.context import Tenant
from sickbay.web.admin_guard import is_own_path
from sickbay.web.http_request import raw_path

HOME: Final = "/developer/explorer"
URL_CHARACTERS: Final = 4_000
"""The longest FHIR URL that the explorer sends and shows. An app may send a longer one."""
FORM, PICK, COMPARE = "_form", "_pick", "_compare"
"""The last segments of the explorer's own pages. No id begins with an underscore."""


class ExplorerPlace(NamedTuple):
    """viewer: user:NAME or token:HANDLE. path: the FHIR URL below the base, still percent-encoded, without its query."""

    tenant: Tenant
    version: str
    viewer: str
    path: str = ""
    query: str = ""

    @property
    def root(self) -> str:
        return f"{HOME}/{quote(self.tenant.name)}/{self.version}/{quote(self.viewer, safe=':')}"

    @property
    def bases(self) -> tuple[str, ...]:
        """The URLs of this FHIR base."""
        base = self.tenant.fhir_base(self.version)
        return (base, *(other for other, same in self.tenant.server.also.items() if same == base))

    def at(self, path: str, query: str = "") -> str:
        """The explorer's address for a FHIR URL below the base; its first page if a browser would resolve it to another one."""
        address = f"{self.root}/{path}"
        return (address if is_own_path(address) else f"{self.root}/") + (f"?{query}" if query else "")

    def link(self, target: Target | None) -> str:
        """The address of a reference's target; "" for none."""
        if target is None:
            return ""
        return f"#contained-{target.contained}" if target.contained else self.at(target.path)

    def follow(self, url: str) -> str:
        """The address for a URL in a response of this base; "" for any other URL."""
        base = next((base for base in self.bases if url.startswith((f"{base}/", f"{base}?"))), None)
        if base is None:
            return ""
        path, _, query = url[len(base) :].removeprefix("/").partition("?")
        return self.at(quote(unquote(path), safe="/$*"), query)


def read_place(sandbox: Sandbox, scope: MutableMapping[str, Any]) -> ExplorerPlace | None:
    """None if the address names no hospital, or a version that the hospital doesn't have."""
    parts = raw_path(scope).removeprefix(f"{HOME}/").split("/", 3)
    name, version, viewer, path = (*parts, "", "", "", "")[:4]
    tenant = sandbox.runtime.tenants.get(unquote(name))
    if tenant is None or version not in tenant.dialect.fhir:
        return None
    return ExplorerPlace(tenant, version, unquote(viewer), path, scope["query_string"].decode("latin-1"))
