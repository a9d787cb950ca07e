"""efface finds human faces and licence plates in photos and videos and erases them so that nothing can bring them back."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

from efface.version import VERSION as __version__

__all__ = ["Options", "Plan", "__version__", "errors", "find", "load_plan", "redact", "render", "verify"]

if TYPE_CHECKING:
    from efface import errors
    from efface.api import find, redact, render, verify
    from efface.options import Options
    from efface.planning.plan import Plan
    from efface.planning.sidecar import load as load_plan

_HOMES = {
    "Options": ("efface.options", "Options"),
    "Plan": ("efface.planning.plan", "Plan"),
    "errors": ("efface.errors", ""),
    "find": ("efface.api", "find"),
    "load_plan": ("efface.planning.sidecar", "load"),
    "redact": ("efface.api", "redact"),
}


class _Room(ModuleType):
    """A room that can be called, as `efface.render`: importing the room puts it where the function of that name belongs."""

    def __call__(self, *args: Any, **named: Any) -> Any:
        """See the function of that name in `efface.api`."""
        from efface import api

        return getattr(api, self.__name__.rpartition(".")[2])(*args, **named)


for _room in ("efface.render", "efface.verify"):
    importlib.import_module(_room).__class__ = _Room


def __getattr__(name: str) -> Any:
    """Public names are imported on first use: `import efface` takes milliseconds, and engines wait until they are needed."""
    if name not in _HOMES:
        raise AttributeError(f"module 'efface' has no attribute {name!r}")
    home, attribute = _HOMES[name]
    module = importlib.import_module(home)
    found = getattr(module, attribute) if attribute else module
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
