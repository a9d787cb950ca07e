"""The guard of the HTTP servers on the loopback address: whether a request comes from where it
says, and to whom.

A page of another site, open in a browser on this machine, can send requests here: under a name of
its own that points to this machine (DNS rebinding), or to the address itself. This module judges
what a request says of its host, its origin and its site, for every server of efface. It needs the
standard library only, as one server is made of that and the other of a web framework.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

HOST = "127.0.0.1"
"""Where servers listen."""


@dataclass(frozen=True, slots=True)
class LoopbackGuard:
    """Judges requests to a server on the loopback address.

    port  the server is asked under HOST and this port only, by its own page only. None: under any
          loopback address, or
          localhost, by anyone on this machine.
    """

    port: int | None = None

    @property
    def origin(self) -> str:
        """The start of each address of the server."""
        return f"http://{self._own_host}"

    @property
    def _own_host(self) -> str:
        return HOST if self.port is None else f"{HOST}:{self.port}"

    def is_own_host(self, hosts: Sequence[str]) -> bool:
        """Whether the Host headers name this server; none and several do not."""
        if self.port is not None:
            return list(hosts) == [self._own_host]
        return len(hosts) == 1 and _is_loopback(hosts[0])

    def is_own_origin(self, origins: Sequence[str], *, is_reading: bool) -> bool:
        """Whether the Origin headers name the server's own page.

        A request that changes something has to have one.
        """
        return all(origin == self.origin for origin in origins) and (bool(origins) or is_reading)

    def is_own_site(self, sites: Sequence[str], *, is_reading: bool) -> bool:
        """Whether the Sec-Fetch-Site headers allow the request.

        A person opens the page; only the page changes something.
        """
        allowed = {"same-origin", "none"} if is_reading else {"same-origin"}
        return all(site in allowed for site in sites)


def _is_loopback(host: str) -> bool:
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
