"""Writes the network of a run as ONNX, with the maps of persons alone, and its checksum.

python -m training.persons.export RUN/last.pt src/efface/detect/models/persons.onnx
    --pin src/efface/detect/persons.sha256
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch

from training.export import exported
from training.persons.labels import PERSON
from training.persons.network import PersonNetwork, only


def main() -> None:
    """Command line."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("checkpoint", type=Path)
    p.add_argument("target", type=Path)
    p.add_argument("--pin", type=Path, help="file for the SHA-256 of the target")
    a = p.parse_args()
    saved = torch.load(a.checkpoint, map_location="cpu", weights_only=True)
    net = PersonNetwork().eval()
    net.load_state_dict(saved["average"])
    data = exported(only(net, PERSON))
    a.target.write_bytes(data)
    checksum = hashlib.sha256(data).hexdigest()
    if a.pin:
        a.pin.write_text(f"{checksum}  {a.target.name}\n", "ascii")
    print(f"step {saved['step']}: {len(data) / 1e6:.1f} MB, SHA-256 {checksum}")


if __name__ == "__main__":
    main()
