"""How well a machine knows disguised voices again: equal error rates of a speaker verification.

    python -m benchmarks.disguise SPEECH PRETRAINED.pt [--seconds 4] [--draws 4] [--seed 1]

SPEECH holds a folder for each speaker, with recordings in it: audio_data/librispeech_test-other of
the repository resemble-ai/Resemblyzer (LibriSpeech, CC BY 4.0). PRETRAINED.pt is Resemblyzer's
network (Apache-2.0), which its wheel ships; it is run here without torch. Nothing of either is part
of efface.

Every recording is a trial against every other one as enrolment. The attacker knows who spoke the
enrolment, and asks whether the trial is of the same person. The rows:

    open        neither is disguised
    ignorant    the trial is disguised, and the attacker does not know it
    informed    the attacker disguises the enrolment with the same tool, and takes the mean of some
                draws
    searching   the same, and the likest of the draws counts
"""

from __future__ import annotations

import argparse
import io
import pickle
import pickletools
import random
import struct
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from efface.media.video.voice_disguise import RATE, Disguise

Sound = NDArray[np.float32]
BANDS, WINDOW, HOP = 40, 400, 160
PARTIAL, STEP = 160, 77
"""Mel frames of a part that is embedded, and from one to the next."""

LOUDNESS_DB = -30.0


# The network, from a file that torch wrote, without torch


class _Tensors(pickle.Unpickler):
    """Reads the tensors of such a file, and makes nothing else."""

    KNOWN: Mapping[tuple[str, str], Any] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): lambda key, offset, size, *_: (key, offset, size),
        ("torch", "FloatStorage"): np.float32,
        ("torch", "LongStorage"): np.int64,
    }

    def find_class(self, module: str, name: str) -> Any:
        return self.KNOWN[module, name]

    def persistent_load(self, said: Any) -> str:
        return str(said[2])


def weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """Return the tensors of the network by name."""
    with open(path, "rb") as f:
        for _ in range(3):  # magic, version, system
            pickle.load(io.BytesIO(_one(f)))
        state = _Tensors(io.BytesIO(_one(f))).load()["model_state"]
        keys = pickle.load(io.BytesIO(_one(f)))
        storages = {}
        for key in keys:
            (count,) = struct.unpack("<q", f.read(8))
            storages[key] = np.frombuffer(f.read(4 * count), np.float32)
    found = {}
    for name, (key, offset, size) in state.items():
        count = int(np.prod(size))
        if key in storages:
            found[name] = storages[key][offset : offset + count].reshape(size)
    return found


def _one(f: Any) -> bytes:
    """Return the bytes of the next pickle."""
    start = f.tell()
    for opcode, _, _ in pickletools.genops(f):
        if opcode.name == "STOP":
            break
    end = f.tell()
    f.seek(start)
    data: bytes = f.read(end - start)
    return data


class Verifier:
    """Embeds voices."""

    def __init__(self, path: Path) -> None:
        self._weights, self._mel = weights(path), _mel_bands()

    def embed(self, sound: Sound) -> NDArray[np.float64]:
        """Return the (256,) direction of a voice."""
        mel = self._frames(sound)
        starts = range(0, max(1, len(mel) - PARTIAL + 1), STEP)
        parts = np.stack([np.pad(m := mel[s : s + PARTIAL], ((0, PARTIAL - len(m)), (0, 0)))
                          for s in starts])  # fmt: skip
        hidden = parts
        for layer in range(3):
            hidden = self._lstm(hidden, layer)
        linear = self._weights["linear.weight"], self._weights["linear.bias"]
        raw = np.maximum(hidden[:, -1] @ linear[0].T + linear[1], 0).astype(np.float64)
        mean = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean))

    def _frames(self, sound: Sound) -> NDArray[np.float32]:
        loud = 10 * np.log10(max(float(np.mean(sound.astype(np.float64) ** 2)), 1e-12))
        sound = sound * 10 ** (max(0.0, LOUDNESS_DB - loud) / 20)
        padded = np.pad(sound, WINDOW // 2, mode="reflect")
        framed = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
        power = np.abs(np.fft.rfft(framed * np.hanning(WINDOW + 1)[:-1], axis=1)) ** 2
        return np.asarray(power @ self._mel.T, np.float32)

    def _lstm(self, given: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        w = {n: self._weights[f"lstm.{n}_l{layer}"]
             for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}  # fmt: skip
        inputs = given @ w["weight_ih"].T + w["bias_ih"] + w["bias_hh"]
        h = c = np.zeros((len(given), 256), np.float32)
        out = []
        for t in range(given.shape[1]):
            i, f, g, o = np.split(inputs[:, t] + h @ w["weight_hh"].T, 4, axis=1)
            c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
            h = _sigmoid(o) * np.tanh(c)
            out.append(h)
        return np.stack(out, axis=1)


def _sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(0.5 + 0.5 * np.tanh(x / 2), np.float32)


def _mel_bands() -> NDArray[np.float64]:
    """Return (BANDS, bins) triangles of equal area on Slaney's mel scale."""

    def hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))

    top = 15 + 27 * np.log(RATE / 2 / 1000) / np.log(6.4)
    edges = hertz(np.linspace(0, top, BANDS + 2))
    bins = np.fft.rfftfreq(WINDOW, 1 / RATE)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])[:, None]


# Voices


def read(path: Path, seconds: float) -> Sound:
    """Return the first seconds of a recording."""
    resampler, parts = AudioResampler(format="fltp", layout="mono", rate=RATE), []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            parts += [f.to_ndarray()[0] for f in resampler.resample(frame)]
    return np.concatenate(parts).astype(np.float32)[: round(seconds * RATE)]


def disguised(sound: Sound, draw: random.Random) -> Sound:
    """Return the voice as a copy would have it."""
    changing = Disguise(1, draw)
    made = [changing.push(sound[None], 0), changing.rest()]
    return np.concatenate([m.samples[0] for m in made if m is not None])


def equal_error(same: list[float], others: list[float]) -> float:
    """Return the rate at which strangers pass as often as the person herself does not."""
    points = np.sort(np.concatenate([same, others]))
    missed = np.searchsorted(np.sort(same), points) / len(same)
    taken = 1 - np.searchsorted(np.sort(others), points) / len(others)
    at = int(np.argmin(np.abs(missed - taken)))
    return float(missed[at] + taken[at]) / 2


def rows(
    voices: list[tuple[str, Sound]], verifier: Verifier, draws: int, seed: int
) -> Iterator[tuple[str, float]]:
    """Yield each attacker, and the equal error rate."""
    draw = random.Random(seed)
    names = [name for name, _ in voices]
    plain = np.stack([verifier.embed(v) for _, v in voices])
    trial = np.stack([verifier.embed(disguised(v, draw)) for _, v in voices])
    known = np.stack(
        [[verifier.embed(disguised(v, draw)) for _, v in voices] for _ in range(draws)]
    )
    mean = known.mean(axis=0)
    mean /= np.linalg.norm(mean, axis=1, keepdims=True)
    scores = {
        "open": plain @ plain.T,
        "ignorant": plain @ trial.T,
        "informed": mean @ trial.T,
        "searching": (known @ trial.T).max(axis=0),
    }
    for who, score in scores.items():
        pairs = [(names[i] == names[j], float(score[i, j]))
                 for i in range(len(names)) for j in range(len(names)) if i != j]  # fmt: skip
        yield who, equal_error([s for is_same, s in pairs if is_same],
                               [s for is_same, s in pairs if not is_same])  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("speech", type=Path)
    parser.add_argument("network", type=Path)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    paths = sorted(p for p in asked.speech.glob("*/*") if p.suffix in (".flac", ".wav", ".mp3"))
    voices = [(p.parent.name, read(p, asked.seconds)) for p in paths]
    print(f"{len(voices)} recordings of {len({n for n, _ in voices})} speakers")
    for who, rate in rows(voices, Verifier(asked.network), asked.draws, asked.seed):
        print(f"| {who} | {100 * rate:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
