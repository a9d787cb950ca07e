"""The results of a run, as a table for people and as JSON for a comparison with the next run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from efface.bench.resampled import change_range
from efface.bench.runner import Result
from efface.bench.score import BRIEF, BRIEF_KEY, GROUP_PX, HEIGHTS
from efface.errors import BadTruth, SourceUnreadable, UsageError
from efface.files import reason
from efface.version import VERSION


@dataclass(frozen=True, slots=True)
class Rule:
    """How much worse a number may become.

    sign    1 if more is better, -1 if less is.
    by      the tolerance in its own unit ...
    share   ... or as a share of its old value, whichever is more.
    """

    sign: int
    by: float
    share: float = 0.0


RULES: Mapping[str, Rule] = {
    "recall": Rule(1, 0.003),
    "leak_rate": Rule(-1, 0.001, 0.05),
    "leak_rate_at_90": Rule(-1, 0.002, 0.05),
    BRIEF_KEY: Rule(1, 0.01),
    "false_alarms_per_picture": Rule(-1, 0.02, 0.05),
    "false_alarms_per_frame": Rule(-1, 0.01, 0.05),
    "needless_area": Rule(-1, 0.001, 0.10),
}
"""Totals that must not become worse. Processors round differently, so a handful of boxes may go
either way. False alarms and area are the price of recall, and may rise a little more. Speed is not
compared: it depends on the machine."""

PART_SLACK = 3.0
"""Parts hold fewer boxes than the whole, so their tolerance is this many times as large."""

COMPARED_FIRST = ("bench", "sets", "plain")
"""Two runs that differ in these, or in the number of judged boxes, measured different things."""


def as_json(result: Result, *, plain: bool) -> dict[str, Any]:
    """Return everything as JSON data, without paths and dates."""
    said = asdict(result)
    head = {"efface": VERSION, "bench": said.pop("bench"), "sets": said.pop("sets"), "plain": plain}
    return {**head, **said}


def text(said: Mapping[str, Any]) -> str:
    """Return the same as a file's content."""
    return json.dumps(said, indent=1) + "\n"


def load(path: Path) -> dict[str, Any]:
    """Load an earlier result. Raises SourceUnreadable, BadTruth."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as e:
        raise SourceUnreadable(path, reason(e)) from e
    except ValueError as e:
        raise BadTruth(path, "it is not JSON") from e
    if not isinstance(found, dict) or not {"efface", "numbers", "parts", *COMPARED_FIRST} <= set(
        found
    ):
        raise BadTruth(path, "it is not a result of efface bench")
    return found


def drops(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[str]:
    """Return sentences on what became worse than its tolerance. Raises UsageError if the two
    measured different things."""
    for name in COMPARED_FIRST:
        if new[name] != old[name]:
            raise UsageError(
                f"--against: that result is about {name} {old[name]!r}, and this one about "
                f"{new[name]!r}."
            )
    if new["numbers"].get("boxes") != old["numbers"].get("boxes"):
        was, now = (r["numbers"].get("boxes") for r in (old, new))
        raise UsageError(
            f"--against: {was} boxes were judged then, and {now} now, so they are not the "
            "same pictures."
        )
    found = list(_dropped("", new["numbers"], old["numbers"], 1.0))
    for name, part in old["parts"].items():
        found += _dropped(f"{name}: ", new["parts"].get(name, {}), part, PART_SLACK)
    return found


def change(new: Mapping[str, Any], old: Mapping[str, Any]) -> str | None:
    """Return a sentence on how much of a change of the leak rate may be chance; None where a run
    does not tell the leaks of each video, or too few of them changed to say."""
    now, was = new["numbers"], old["numbers"]
    key = "leaks_and_boxes_of_videos"
    within = change_range(now.get(key, ()), was.get(key, ()))
    if within is None:
        return None
    low, high = (100 * v for v in within)
    return (
        f"leak rate {100 * was['leak_rate']:.2f} % before, {100 * now['leak_rate']:.2f} % now; by "
        f"the same videos the true change lies between {low:+.2f} and {high:+.2f} points in 19 of "
        "20 cases"
    )


def _dropped(
    where: str, new: Mapping[str, Any], old: Mapping[str, Any], slack: float
) -> Iterator[str]:
    now, was = _flat(new), _flat(old)
    for name, before in was.items():
        rule = RULES[name.split(" ")[0]]
        after = now.get(name)
        allowed = max(rule.by, rule.share * before) * slack
        if after is None:
            yield f"{where}{name} was {before} and is not measured any more"
        elif rule.sign * (after - before) < -allowed - 1e-9:
            yield f"{where}{name} was {before} and is {after}; it may change by {round(allowed, 4)}"


def _flat(numbers: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers that have a rule, each with a name of its own."""
    flat: dict[str, float | None] = {}
    for name, value in numbers.items():
        if name == "clear":
            flat |= {f"{k} of clear ones": v for k, v in value.items() if k in RULES}
        elif name in RULES:
            flat |= (
                {f"{name} {k}": v for k, v in value.items()}
                if isinstance(value, Mapping)
                else {name: value}
            )
    return {k: v for k, v in flat.items() if v is not None}


# The table


def table(said: Mapping[str, Any]) -> str:
    """Format for the terminal: one row for each part, one for all, and below them the settings."""
    is_still = said["bench"] in ("stills", "drawn")
    columns = (
        STILL_COLUMNS
        if is_still
        else STRESS_COLUMNS
        if said["bench"] == "stress"
        else VIDEO_COLUMNS
    )
    rows = [*said["parts"].items(), ("all", said["numbers"])]
    if len(said["parts"]) == 1:
        rows = [(next(iter(said["parts"])), said["numbers"])]
    head = ["", *columns]
    cells = [[name, *(_cell(numbers, key) for key in columns.values())] for name, numbers in rows]
    by = said["numbers"].get("recall_by_attribute" if is_still else "leak_rate_by_attribute") or {}
    what = f"recall at {HEIGHTS[1]} px" if is_still else "leak rate"
    attributes = [[name, _number(v["share"]), str(v["boxes"])] for name, v in by.items()]
    parts = [_aligned([head, *cells])]
    if attributes:
        parts.append(_aligned([["by attribute", what, "boxes"], *attributes]))
    if groups := said["numbers"].get("recall_by_group"):
        parts.append(_aligned(_group_rows(groups)))
    return "\n\n".join([*parts, "\n".join(_circumstances(said))])


def _group_rows(groups: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Return rows of recall by what annotators perceived of a person."""
    head = ["as perceived", f"recall at {GROUP_PX} px", WITHIN, "boxes"]
    return [
        head,
        *(
            [name, _number(g["share"]), _range((g["from"], g["to"])), str(g["boxes"])]
            for name, g in groups.items()
        ),
    ]


WITHIN = "19 in 20 within"
"""Heading of the range in which the true number lies in 19 of 20 cases."""

STILL_COLUMNS = {
    **{f"recall {h} px": f"recall.{h}" for h in HEIGHTS},
    "boxes 16 px": "boxes.16",
    "alarms/picture": "false_alarms_per_picture",
    "needless area": "needless_area",
}
VIDEO_COLUMNS = {
    "leak rate": "leak_rate",
    WITHIN: "leak_rate_range",
    "clear faces": "clear.leak_rate",
    "leaks": "leaks",
    "boxes": "boxes",
    "tracks": "tracks",
    "longest": "longest_leak_frames",
    "p95": "longest_leak_frames_p95",
    f"tracks <= {BRIEF}": BRIEF_KEY,
    "clear tracks": f"clear.{BRIEF_KEY}",
    "never covered": "never_covered",
    "alarms/frame": "false_alarms_per_frame",
    "needless area": "needless_area",
}
STRESS_COLUMNS = {
    "legible": "leak_rate",
    "not covered": "leak_rate_at_90",
    WITHIN: "leak_rate_range",
    **dict(list(VIDEO_COLUMNS.items())[3:]),
}
"""Heading and key of each column."""


def _cell(numbers: Mapping[str, Any], key: str) -> str:
    value: Any = numbers
    for step in key.split("."):
        value = value[step]
    return _range(value) if isinstance(value, Sequence) else _number(value)


def _range(ends: Sequence[float]) -> str:
    low, high = ends
    return f"{low:.3f} to {high:.3f}"


def _number(value: Any) -> str:
    return (
        "-"
        if value is None
        else f"{value:.4f}".rstrip("0").rstrip(".")
        if isinstance(value, float)
        else str(value)
    )


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in rows
    )


def _circumstances(said: Mapping[str, Any]) -> Iterator[str]:
    how = "each frame by itself" if said["plain"] else "as efface does it"
    what = f"bench {said['bench']} of {', '.join(said['sets'])}"
    yield f"efface {said['efface']}, {what}; {how}; {said['frames_per_second']} frames/s"
    for branch, values in said["settings"].items():
        shown = (
            ", ".join(f"{k} {v}" for k, v in values.items())
            if isinstance(values, Mapping)
            else values
        )
        yield f"{branch}: {shown}"
    for d in said["detectors"]:
        yield f"{d['name']} {d['version']}, SHA-256 {d['sha256'][:16]}..., {d['runtime']}"
