"""Check that the target equals its source except for what was erased.

Number, times and sizes of frames must agree exactly. The encoder's changes are measured outside the
erased areas (`likeness`). In a quick check a part of the samples is enough (`sampled_likeness`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from efface.checks.frame_alignment import Pair, Views
from efface.checks.likeness import psnr, ssim, visible
from efface.checks.sampled_likeness import sampled_psnr, sampled_ssim
from efface.findings import WALLS, Check, Finding, Outcome
from efface.geometry import Size
from efface.media.decoder.source_opening import sound_of
from efface.media.interfaces import SourceInfo
from efface.regions import Region
from efface.walls.raising import Standing

NAME = "fidelity"

OTHER_DB = 16.0
DOUBTFUL_DB = 25.0
OTHER_SSIM = 0.4
"""The target shows another picture if PSNR is below the first value, or below the second and SSIM
is below this.

Three real clips at the worst that codecs offer (H.264 and HEVC at CRF 51, VP9 at 63) kept 21.8 dB
and 0.486 in every frame; at CRF 18 40.9 dB and 0.984. Turned upside down they were at 13 to 15 dB.
"""


class Fidelity:
    """Takes pairs of frames in order. Its findings are grave, or for a person to judge."""

    def __init__(self, compared_with: str) -> None:
        """compared_with: the source or the plan, in words; empty if there is neither."""
        self._with = compared_with
        self._likeness = Likeness()
        self._judge: list[Finding] = []
        self._notes: list[str] = []
        self._facts: dict[str, str | int | float] = {}
        self._frames = 0
        self._last_s = 0.0
        self.found: list[Finding] = []
        """Grave findings so far."""

    def note_walls(self, *walls: Standing) -> None:
        """Note what stood around the decoders: for the report, the weakest."""
        weakest = max(walls, key=lambda w: len(w.missing))
        self._facts[WALLS] = str(weakest)

    def compare(self, pair: Pair, views: Views | None, regions: Sequence[Region]) -> None:
        """Compare the next pair. views: what both show, if both exist. regions: what was erased."""
        old, new = pair.old, pair.new
        if new is not None:
            self._frames += 1
            self._last_s = pair.second
        if not self._with:
            pass
        elif new is None:
            self.add(
                pair, f"frame {old.index + 1} of the source is missing" if old is not None else ""
            )
        elif old is None:
            self.add(pair, f"{pair.name} is one too many: the source has none at that time")
        else:
            if abs(off := float(pair.at - old.at)) > pair.tolerance:
                self.add(pair, f"{pair.name} is shown {off:+.6f} s from its time")
            if not is_same_size(old.size_wh, new.size_wh):
                self.add(pair, f"{pair.name} has size {new.size_wh}, not {old.size_wh}")
            elif views is not None and not self._likeness.add(views, regions):
                self.add(
                    pair,
                    f"{pair.name} is another picture than the source's, outside of the "
                    "erased areas",
                )
        if new is not None and new.is_bad:
            self.add(pair, f"{pair.name} cannot be decoded")

    def add(self, pair: Pair | None, message: str) -> None:
        """Add a grave finding."""
        where = (pair.number, None, pair.second) if pair is not None else ()
        self.found.append(Finding(NAME, message, *where))

    def compare_signals(self, source: SourceInfo, target: SourceInfo) -> None:
        """Compare what containers and streams state about colour and pixels."""
        self._notes = source.notes  # grows while the source is read
        said = _changed_signals(source, target)
        self._judge += [Finding(NAME, message) for message in said]
        self._facts["signals changed"] = len(said)

    def compare_sound(self, source: SourceInfo, target: SourceInfo, wanted: str) -> None:
        """Compare the sound streams packet by packet.

        `wanted` is the value of --audio, or "" if unknown. Changed sound is compared by `sound`.
        """
        if target.audio and wanted == "drop":
            self.add(
                None, f"the target holds sound ({target.audio} streams), which should be dropped"
            )
        kept = target.audio if wanted == "drop" else min(source.audio, target.audio)
        if target.audio != source.audio and (
            wanted not in ("", "drop") or target.audio > source.audio
        ):
            self._judge.append(
                Finding(
                    NAME,
                    f"the target has {target.audio} sound streams, and the source {source.audio}",
                )
            )
        self._facts["sound streams"] = (
            "dropped" if source.audio and not target.audio else target.audio
        )
        if kept and wanted in ("", "keep"):
            self._compare_packets(source, target)

    def _compare_packets(self, source: SourceInfo, target: SourceInfo) -> None:
        from efface.media.video.stream_digests import (
            sound_kept,
        )  # loads PyAV, which photos do not need

        streams = sound_kept(sound_of(source), sound_of(target))
        for i, sound in enumerate(streams, 1):
            if not sound.is_same:
                self._judge.append(
                    Finding(NAME, f"sound stream {i} is not that of the source, packet by packet")
                )
            elif sound.missing:
                self._judge.append(
                    Finding(NAME, f"sound stream {i} lacks {sound.missing} packets of the source")
                )
        self._facts["sound packets"] = sum(s.packets for s in streams)

    def check(self) -> Check:
        """Return the result."""
        facts: dict[str, str | int | float] = {
            "frames": self._frames,
            "last frame at, s": round(self._last_s, 3),
        }
        facts |= {"compared with": self._with or "nothing"} | self._likeness.facts() | self._facts
        found = (
            *self.found,
            *self._judge,
            *(Finding(NAME, f"the source: {note}") for note in self._notes),
        )
        if found:
            return Check(NAME, Outcome.NOT_CLEAN if self.found else Outcome.REVIEW, found, facts)
        if not self._with:
            return Check(
                NAME,
                Outcome.SKIPPED,
                facts=facts,
                why="there is neither source nor plan to compare it with",
            )
        return Check(NAME, Outcome.CLEAN, facts=facts)


def _changed_signals(source: SourceInfo, target: SourceInfo) -> list[str]:
    if "video" not in (source.medium, target.medium):
        return []
    from efface.media.video.stream_digests import signals  # loads PyAV, which photos do not need

    before, after = signals(source), signals(target)
    if before.get("pixels", "").split(",")[0] != after.get("pixels", "").split(",")[0]:
        # RGB or grey became YUV because the codec supports nothing else; samples are compared as
        # RGB then
        return []
    changed = [name for name in before if before[name] != after.get(name)]
    return [
        f"its {name} is {after.get(name, 'not stated')}, and the source's {before[name]}"
        for name in changed
    ]


@dataclass(slots=True)
class Likeness:
    """PSNR and SSIM of the compared frames."""

    psnr: list[float] = field(default_factory=list)
    ssim: list[float] = field(default_factory=list)

    def add(self, views: Views, regions: Sequence[Region]) -> bool:
        """Add another frame. Returns False if the two are not the same picture.

        The samples that were kept are enough where they say that the two are alike.
        """
        db, index = self._of_samples(views, regions)
        if db is None or db < DOUBTFUL_DB:
            before, after = views.both()
            shown = visible(before.size_wh, regions)
            db, index = psnr(before, after, shown), ssim(before, after, shown)
        if db is None:
            return True
        self.psnr.append(db)
        if index is not None:
            self.ssim.append(index)
        return not (
            db < OTHER_DB or (db < DOUBTFUL_DB and index is not None and index < OTHER_SSIM)
        )

    def _of_samples(
        self, views: Views, regions: Sequence[Region]
    ) -> tuple[float | None, float | None]:
        if views.samples is None:
            return None, None
        return (
            sampled_psnr(views.samples, views.target, regions),
            sampled_ssim(views.samples, views.target, regions),
        )

    def facts(self) -> dict[str, float | int]:
        """Return the facts for the report."""
        said: dict[str, float | int] = {"frames compared": len(self.psnr)}
        if self.psnr:
            said |= {
                "PSNR, lowest": round(min(self.psnr), 1),
                "PSNR, mean": round(float(np.mean(self.psnr)), 1),
            }
        if self.ssim:
            said |= {
                "SSIM, lowest": round(min(self.ssim), 3),
                "SSIM, mean": round(float(np.mean(self.ssim)), 3),
            }
        return said


def is_same_size(old: Size, new: Size) -> bool:
    """Return whether a frame has its size. Most 4:2:0 codecs support only even sizes, so an odd one
    may have gained a row or a column."""
    return new == old or new == (old[0] + old[0] % 2, old[1] + old[1] % 2)
