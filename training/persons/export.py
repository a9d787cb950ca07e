"""Writes the network of a run as ONNX, with the maps of persons alone, and its checksum.

python -m training.persons.export RUN/last.pt src/efface/detect/models/persons.onnx
    --pin src/efface/detect/persons.sha256
"""

from __future__ import annotations

from training.export import asked, exported, loaded, write
from training.persons.labels import PERSON
from training.persons.network import PersonNetwork, only


def main() -> None:
    """Command line."""
    a = asked(__doc__)
    net = PersonNetwork()
    step = loaded(net, a.checkpoint)
    write(exported(only(net, PERSON)), step, a)


if __name__ == "__main__":
    main()
