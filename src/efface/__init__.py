"""efface finds human faces and licence plates in photos and videos and erases them so that nothing
can bring them back."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from efface.version import VERSION as __version__

__all__ = [
    "Options",
    "Plan",
    "__version__",
    "errors",
    "find",
    "inspect",
    "load_plan",
    "redact",
    "render",
    "verify",
]

if TYPE_CHECKING:
    from efface import errors
    from efface.api import find, inspect, redact, render, verify
    from efface.options import Options
    from efface.planning.plan import Plan
    from efface.planning.sidecar import load as load_plan

_HOMES = {
    "Options": ("efface.options", "Options"),
    "Plan": ("efface.planning.plan", "Plan"),
    "errors": ("efface.errors", ""),
    "find": ("efface.api", "find"),
    "inspect": ("efface.api", "inspect"),
    "load_plan": ("efface.planning.sidecar", "load"),
    "redact": ("efface.api", "redact"),
    "render": ("efface.api", "render"),
    "verify": ("efface.api", "verify"),
}


def __getattr__(name: str) -> Any:
    """Import public names on first use, so that `import efface` takes milliseconds and engines load
    only when needed."""
    if name not in _HOMES:
        raise AttributeError(f"module 'efface' has no attribute {name!r}")
    home, attribute = _HOMES[name]
    module = importlib.import_module(home)
    found = getattr(module, attribute) if attribute else module
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
