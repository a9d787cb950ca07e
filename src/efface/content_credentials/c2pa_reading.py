"""Reads the manifest of a file with c2pa-python, without any network.

This file is also a program of its own, which runs behind walls: it imports nothing of efface.
"""

import json
import sys
from typing import Any

SETTINGS: dict[str, Any] = {
    "version": 1,
    "builder": {
        "thumbnail": {"enabled": False},
        "certificate_status_fetch": None,
        "auto_timestamp_assertion": {"enabled": False},
    },
    "core": {
        "allowed_network_hosts": [],
        "allow_redirects": False,
        "decode_identity_assertions": False,
    },
    "verify": {
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
        "verify_trust": False,
        "verify_timestamp_trust": False,
    },
}
"""No thumbnail, no remote manifest, no revocation server, no time-stamp server, and no host that
may be asked for anything else. No list says whom to trust: efface does not judge the signer."""


def manifest_store(path: str, mime: str) -> str:
    """Return the manifest store of a file and its validation as JSON. Raises what c2pa raises."""
    import c2pa

    context = c2pa.Context(c2pa.Settings.from_dict(SETTINGS))
    with open(path, "rb") as f, c2pa.Reader(mime, f, context=context) as reader:
        found: str = reader.json()
        return found


def answer(path: str, mime: str) -> str:
    """Return the manifest store, or the error, as JSON."""
    try:
        return manifest_store(path, mime)
    except Exception as e:
        return json.dumps({"error": " ".join(str(e).split())[:200] or type(e).__name__})


if __name__ == "__main__":
    print(answer(*sys.argv[1:]))
