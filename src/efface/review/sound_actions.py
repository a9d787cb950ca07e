"""Actions on a film's sound: its waveform, proposals where somebody speaks, and what becomes of it
in the copy.

A waveform is kept in memory only. Silent spans are edits of the plan; whether the copy has sound at
all is asked of each rendering.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from efface.events import Listener
from efface.options import Options, WriteOptions
from efface.review import apart
from efface.review.file_registry import FileRegistry, Folder, Work
from efface.review.running_work import WorkRunner

CHOICES = ("drop", "keep", "disguise")
"""What a person chooses from. Silent spans are silent in all of them."""


class SoundActions:
    """The actions. `change` adds edits to the plan of a file, whatever else has changed."""

    def __init__(
        self,
        registry: FileRegistry,
        works: WorkRunner,
        options: Callable[[], Options],
        change: Callable[[int, list[dict[str, object]]], object],
    ) -> None:
        self._registry, self._works = registry, works
        self._options, self._change = options, change

    def wave(self, number: int) -> Work | None:
        """Measure how loud the sound is. Do nothing for a film without sound, or if it was measured
        before."""
        folder = self._registry.open(number)
        if folder.wave is not None or not has_sound(folder):
            return None

        def do(work: Work, listener: Listener) -> None:
            asked = (folder.job.source, self._options(), folder.plan)
            folder.wave = self._works.sound.call(
                folder.job.source, apart.waveform_of, *asked, tell=listener
            )

        return self._works.start(number, "wave", do, self._works.sound)

    def find_speech(self, number: int) -> Work | None:
        """Make silent where somebody seems to speak, as one edit."""
        folder = self._registry.open(number)
        if not has_sound(folder):
            return None

        def do(work: Work, listener: Listener) -> None:
            asked = (folder.job.source, self._options(), folder.plan)
            found = self._works.sound.call(
                folder.job.source, apart.speech_in, *asked, tell=listener
            )
            if found:
                self._change(number, [{"edit": "mute", "off": [], "on": found}])
            work.result = {"spans": len(found) // 2}

        return self._works.start(number, "speech", do, self._works.sound)

    def choose(self, number: int, audio: str) -> None:
        """Set what becomes of the sound in copies of that file. Raises ValueError."""
        if audio not in CHOICES:
            raise ValueError("what is to become of the sound is unknown")
        self._registry.open(number).audio = audio


def has_sound(folder: Folder) -> bool:
    """Return whether a film under review has sound."""
    is_film = folder.document is not None and folder.plan.medium == "video"
    return is_film and folder.pictures is not None and folder.pictures.has_sound


def write_options(folder: Folder, write: WriteOptions) -> WriteOptions:
    """Return the options with what a person chose for the sound of that file. Spans that the
    command named stay silent."""
    audio = folder.audio or write.audio
    if audio == "keep" and write.mute:
        audio = "mute"
    return replace(write, audio=audio, mute=write.mute if audio in ("mute", "disguise") else ())


def described_sound(folder: Folder, write: WriteOptions) -> dict[str, object]:
    """Return what the page needs to know of a file's sound: silent spans in milliseconds, and what
    becomes of the rest."""
    audio = write_options(folder, write).audio
    spans = folder.plan.muted
    return {
        "has_sound": has_sound(folder),
        "silent": [[round(1000 * s.start_s), round(1000 * s.end_s)] for s in spans],
        "named": list(write.mute),
        "audio": "keep" if audio == "mute" else audio,
    }
