"""What `--json` prints after a run over many files: one JSON document, with an entry for each file.

Reports (`--report run.json`) say more on each file. This document names files, and reports do not.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from efface.errors import EffaceError

if TYPE_CHECKING:
    from efface.pipeline.naming import AnyJob
    from efface.planning.plan import Plan

FORMAT, VERSION = "efface-run", 1


class RunDocument:
    """The entries so far. Files that the run did not come to have the outcome "not reached"."""

    def __init__(self, command: str, jobs: Sequence[AnyJob], *, is_dry_run: bool) -> None:
        self._command, self._jobs, self._is_dry_run = command, jobs, is_dry_run
        self._entries: dict[AnyJob, dict[str, Any]] = {}

    def done(self, job: AnyJob, outcome: str, code: int, facts: Mapping[str, Any]) -> None:
        """Note how a file ended. `outcome` is one of "done" and "kept"; the facts may
        replace it."""
        self._entries[job] = {"outcome": outcome, "exit_code": code, **facts}

    def failed(self, job: AnyJob, error: EffaceError) -> None:
        """Note why there is no result."""
        said = {"kind": type(error).__name__, "message": str(error)}
        self._entries[job] = {"outcome": "failed", "exit_code": error.exit_code, "error": said}

    def text(self, code: int) -> str:
        """Return the document. `code` is the exit code of the command."""
        files = [
            {"source": str(job.source), **self._entries.get(job, {"outcome": "not reached"})}
            for job in self._jobs
        ]
        said = {
            "format": FORMAT,
            "version": VERSION,
            "command": self._command,
            "dry_run": self._is_dry_run,
            "exit_code": code,
            "files": files,
        }
        return json.dumps(said, indent=1, allow_nan=False)


def facts_of(plan: Plan, bound: float) -> dict[str, Any]:
    """Return what a plan holds, as plain values. `bound` is that of the risk."""
    from efface.detections import KINDS
    from efface.planning.left_visible import by_kind
    from efface.report.facts import costs_of

    settled = plan.settled()
    return {
        "medium": plan.medium,
        "frames": len(plan.timeline),
        "tracks": dict(Counter(KINDS[t.kind] for t in settled.tracks if not t.keep)),
        "left_visible": {k.kind: k.tracks for k in by_kind(plan)},
        "moments_to_look_at": sum(d.risk > bound for d in settled.doubts),
        "erased_share": round(costs_of(plan)[0].mean, 6),
        "edits": len(plan.edits),
    }
