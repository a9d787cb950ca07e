"""Writes the network of a run as ONNX, with the maps of persons alone, and its checksum.

python -m training.persons.export RUN/last.pt src/efface/detect/models/persons.onnx
    --pin src/efface/detect/persons.sha256
"""

from __future__ import annotations

import torch

from training.export import asked, exported, write
from training.persons.labels import PERSON
from training.persons.network import PersonNetwork, only


def main() -> None:
    """Command line."""
    a = asked(__doc__)
    saved = torch.load(a.checkpoint, map_location="cpu", weights_only=True)
    net = PersonNetwork().eval()
    net.load_state_dict(saved["average"])
    write(exported(only(net, PERSON)), saved["step"], a)


if __name__ == "__main__":
    main()
