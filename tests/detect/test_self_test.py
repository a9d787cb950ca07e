"""A network that computes wrongly is refused as it is opened, and never finds nobody."""

from __future__ import annotations

import hashlib
import time

import numpy as np
import pytest

from efface.detect import map_network, persons, plate_context, plates, self_test, trunk
from efface.detect.registry import open_detector
from efface.detect.weights import load_weights
from efface.errors import ModelUnusable
from efface.options import DetectOptions

NAMES = (
    "centerface", "plates", "persons", "plate-context",
    "centerface-int8", "plates-int8", "persons-int8", "plate-context-int8",
)  # fmt: skip
TIMES = 5
HOMES = {"centerface": trunk, "plates": map_network, "persons": map_network}


def opened(name):
    options = DetectOptions(precision="int8" if name.endswith("int8") else "float32")
    network = {"centerface": trunk.Trunk, "plates": plates.PlateHead, "persons": persons.PersonHead}
    return network.get(name.split("-int8")[0], plate_context.PlateContext)(options, 1)


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def test_the_picture_is_the_same_everywhere():
    shown = self_test.picture()
    assert (shown.shape, shown.dtype) == ((160, 160, 3), np.uint8)
    assert hashlib.sha256(shown.tobytes()).hexdigest() == PICTURE


PICTURE = "cab0c6b8bbf9366ada06af4ae127a394ee486df553fdd57e70a9305c5baf6a8c"


def test_an_unharmed_network_passes_by_far(name, monkeypatch):
    away = []

    def note(of, made, device):
        if of != name:
            return
        away.extend(
            self_test.difference(values, self_test._reference()[name][t])
            for t, values in made.items()
        )

    for home in (trunk, map_network, plate_context):
        monkeypatch.setattr(home, "require_right", note)
    opened(name)
    # The one with integers gives a tensor both as integers and as floats.
    assert len(away) == {"centerface": 5, "centerface-int8": 6}.get(name, 2)
    assert max(away) < self_test.TOLERANCE["float32"] / 4


@pytest.mark.parametrize("share", [0.1, 0.2, 0.4, 0.6])
def test_wrong_weights_that_the_run_time_takes_are_noticed(name, monkeypatch, share):
    """A stretch of 2 kB of one initializer, its numbers shifted by five places."""
    data, digest = load_weights(name)
    step = 5 if name.endswith("int8") else 20
    at = int(share * len(data))
    stretch = data[at : at + 2048]
    harmed = data[:at] + stretch[step:] + stretch[:step] + data[at + 2048 :]
    for home in (trunk, map_network, plate_context):
        monkeypatch.setattr(
            home, "load_weights", lambda of: (harmed, digest) if of == name else load_weights(of)
        )
    with pytest.raises(ModelUnusable) as caught:
        opened(name)
    assert caught.value.name == name
    assert caught.value.exit_code == 4


FAULTS = {
    "scaled": lambda values: values * np.float32(1.05),
    "rounded": lambda values: np.round(values, 0),
    "shifted": lambda values: np.roll(values, 1, axis=-1),
    "empty": np.zeros_like,
    "nan": lambda values: np.full_like(values, np.nan),
    "one column": lambda values: np.where(np.arange(values.shape[-1]) == 3, 0, values),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_kernels_that_compute_wrongly_are_noticed(name, monkeypatch, fault):
    home = HOMES.get(name.split("-int8")[0], plate_context)
    real = home.open_session

    class Faulty:
        def __init__(self, session):
            self._session = session
            self.get_inputs, self.get_outputs = session.get_inputs, session.get_outputs

        def run(self, *arguments):
            return [FAULTS[fault](np.float32(values)) for values in self._session.run(*arguments)]

    def open_session(*arguments, **how):
        session, runtime = real(*arguments, **how)
        return Faulty(session), runtime

    monkeypatch.setattr(home, "open_session", open_session)
    with pytest.raises(ModelUnusable, match="it computes wrongly here") as caught:
        opened(name)
    assert "try --device cpu" in str(caught.value)


def test_no_detector_is_opened_then(monkeypatch):
    monkeypatch.setattr(self_test, "difference", lambda values, expected: float("nan"))
    with pytest.raises(ModelUnusable), open_detector(DetectOptions()):
        pass


def test_it_takes_little_time():
    """Of the processor, as other processes may be at work."""
    session = opened("centerface")
    spent = []
    for _ in range(TIMES):
        start = time.process_time()
        self_test.require_right(
            "centerface",
            session.tensors(self_test.picture(), self_test.tensors_of("centerface")),
            "cpu",
        )
        spent.append(time.process_time() - start)
    assert min(spent) < 0.1
