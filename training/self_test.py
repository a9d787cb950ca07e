"""Makes src/efface/detect/self_test.json anew: what each network gives for the known input.

Run it when weights change.

python training/self_test.py
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from efface.detect import (
    map_network,
    persons,
    plate_context,
    plates,
    self_test,
    speech,
    text_lines,
    trunk,
)
from efface.options import DetectOptions

COMPARED = {
    "centerface": ("537", "538", "539", "387", "413"),
    "centerface-int8": ("537", "538", "539", "387.8bit", "413.8bit", "413"),
}
"""What heads read: the tensors of faces, and those from which plates and persons go on."""


def main() -> None:
    """Writes the file."""
    made: dict[str, dict[str, list[float]]] = {}

    def note(name: str, tensors: Mapping[str, NDArray[np.float32]], device: str) -> None:
        made[name] = {n: [float(f"{v:.6g}") for v in self_test.sums(t)] for n, t in tensors.items()}

    for module in (trunk, map_network, plate_context, speech, text_lines):
        module.require_right = note  # type: ignore[attr-defined]
    trunk.tensors_of = lambda name: list(COMPARED[name])  # type: ignore[attr-defined]
    for precision in ("float32", "int8"):
        options = DetectOptions(precision=precision)
        trunk.Trunk(options, 1)
        plates.PlateHead(options, 1)
        persons.PersonHead(options, 1)
    speech.SpeechFinder()
    text_lines.TextFinder(DetectOptions(), 1)
    lines = [f' "{name}": {json.dumps(tensors)}' for name, tensors in made.items()]
    target = Path(self_test.__file__).with_name(self_test.REFERENCE)
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="ascii")


if __name__ == "__main__":
    main()
