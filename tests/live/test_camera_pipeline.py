"""The promise: nothing leaves that was not looked at, whatever the detector does."""

from __future__ import annotations

import contextlib
import threading
import time

import av
import numpy as np
import pytest

from efface.bench.frame_numbers import is_placeholder, read_number
from efface.detections import FACE, TEXT, Detections
from efface.errors import DetectorFailed
from efface.live import camera_pipeline
from efface.live.camera_pipeline import CameraPipeline
from efface.live.cameras import wanted
from efface.live.slow_looks import LONGEST_S
from efface.live_options import LiveOptions
from efface.options import Options, PaintOptions
from tests.live.peers import FRAMES, needs_ffmpeg, numbers_in

pytestmark = needs_ffmpeg


class Watcher:
    """A detector that notes the number of each frame that it is shown, and takes its time."""

    infos, sure = (), {FACE: 0.25}

    def __init__(self, pause_s):
        self.pause_s, self.numbers = pause_s, set()

    def detect(self, frame, look):
        self.numbers.add(read_number(frame.look(frame.size_wh)))
        time.sleep(self.pause_s(len(self.numbers)))
        return Detections.none()


def run(monkeypatch, source, target, detector, lanes=2, slow=None, **options):
    @contextlib.contextmanager
    def opened(_):
        yield (detector,) * lanes

    @contextlib.contextmanager
    def opened_slow(_):
        yield {} if slow is None else {"text": slow}

    monkeypatch.setattr(camera_pipeline, "open_lanes", opened)
    monkeypatch.setattr(camera_pipeline, "open_slow", opened_slow)
    chosen = Options(live=LiveOptions(**options), paint=PaintOptions(style="solid"))
    pipeline = CameraPipeline(
        wanted("one", str(source), [str(target)], "", "", chosen), lambda _: None
    )
    pipeline.run()
    return pipeline


def pictures(folder):
    (made,) = folder.glob("r-*.mkv")
    return made


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize(
    "pause_s",
    [lambda n: 0.0, lambda n: 0.1, lambda n: 0.4, lambda n: 2.5 if n % 20 == 0 else 0.0],
    ids=["quick", "slow", "very slow", "stutters"],
)
def test_what_leaves_was_looked_at(monkeypatch, tmp_path, clip, pause_s, lanes):
    detector = Watcher(pause_s)
    pipeline = run(monkeypatch, clip, tmp_path / "r.mkv", detector, lanes, delay_s=0.6)
    shown = numbers_in(pictures(tmp_path))
    there = [n for n in shown if n is not None]
    assert set(there) <= detector.numbers
    assert there == sorted(set(there))
    facts = pipeline.facts
    assert facts.frames_in == FRAMES
    assert (
        facts.frames_out + facts.frames_passed + facts.frames_missed + facts.frames_refused
        == FRAMES
    )
    assert facts.frames_out == len(there)


def test_when_looking_stops_the_placeholder_is_shown(monkeypatch, tmp_path, clip):
    pipeline = run(
        monkeypatch,
        clip,
        tmp_path / "r.mkv",
        Watcher(lambda n: 3.0 if n > 20 else 0.0),
        delay_s=0.5,
    )
    with av.open(str(pictures(tmp_path))) as container:
        drawn = [is_placeholder(f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]
    assert sum(drawn) >= 5
    assert pipeline.facts.placeholder_s > 1
    assert pipeline.facts.frames_missed > 50


@pytest.mark.parametrize("pause_s", [0.15, 2.0], ids=["slow", "too slow"])
def test_nothing_leaves_long_after_a_look_for_text(monkeypatch, tmp_path, clip, pause_s):
    slow = Watcher(lambda n: pause_s)
    slow.sure = {TEXT: 0.5}
    quick = Watcher(lambda n: 0.0)
    pipeline = run(monkeypatch, clip, tmp_path / "r.mkv", quick, slow=slow, delay_s=0.6)
    there = [n for n in numbers_in(pictures(tmp_path)) if n is not None]
    assert set(there) <= quick.numbers
    frames = LONGEST_S * 25 + 1
    assert all(any(n - frames <= looked <= n for looked in slow.numbers) for n in there)
    facts = pipeline.facts
    if pause_s > 1:
        assert facts.frames_missed > FRAMES / 2
    else:
        assert len(slow.numbers) >= 4


def test_what_left_visible_is_among_the_facts(monkeypatch, tmp_path, clip):
    class Unsure(Watcher):
        def detect(self, frame, look):
            super().detect(frame, look)
            n, (width, height) = len(self.numbers), frame.size_wh
            if not 20 <= n < 26:
                return Detections.none()
            box = np.array([[0.2 * width, 0.1 * height, 0.5 * width, 0.7 * height]], np.float32)
            return Detections(box, np.array([0.3], np.float32), np.array([FACE], np.uint8))

    pipeline = run(monkeypatch, clip, tmp_path / "r.mkv", Unsure(lambda n: 0.0), 1, delay_s=0.6)
    assert pipeline.facts.regions == 0
    assert pipeline.facts.left_faces == 1
    assert pipeline.facts.left_sightings >= 4
    assert pipeline.facts.left_s > 0.1


def test_a_detector_that_fails_ends_the_pipeline(monkeypatch, tmp_path, clip):
    class Broken(Watcher):
        def detect(self, frame, look):
            seen = super().detect(frame, look)
            if len(self.numbers) > 10:
                raise DetectorFailed("broken", "frame 11", "it is a test")
            return seen

    detector = Broken(lambda n: 0.0)
    with pytest.raises(DetectorFailed):
        run(monkeypatch, clip, tmp_path / "r.mkv", detector, delay_s=0.5)
    shown = [n for path in tmp_path.glob("r-*.mkv") for n in numbers_in(path) if n]
    assert set(shown) <= detector.numbers


def test_a_source_that_changes_its_size_goes_on_cleanly(monkeypatch, tmp_path, clip):
    """Two sizes in one stream, as a camera that is set anew sends them."""
    import subprocess

    parts = []
    for i, size in enumerate(("320x180", "480x270", "320x180")):
        parts.append(tmp_path / f"{i}.ts")
        subprocess.run(
            [
                "ffmpeg",
                "-v",
                "error",
                "-i",
                clip,
                "-t",
                "2",
                "-s",
                size,
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-bf",
                "0",
                "-output_ts_offset",
                str(2 * i),
                parts[-1],
            ],
            check=True,
        )
    whole = tmp_path / "whole.ts"
    whole.write_bytes(b"".join(p.read_bytes() for p in parts))
    pipeline = run(monkeypatch, whole, tmp_path / "r.mkv", Watcher(lambda n: 0.0), delay_s=0.4)
    sizes = []
    for path in sorted(tmp_path.glob("r-*.mkv")):
        with av.open(str(path)) as container:
            sizes += [(f.width, f.height) for f in container.decode(video=0)]
    assert {(320, 180), (480, 270)} <= set(sizes)
    assert pipeline.facts.frames_out > 60


def test_times_between_frames_are_those_of_the_source(monkeypatch, tmp_path, clip):
    run(monkeypatch, clip, tmp_path / "r.mkv", Watcher(lambda n: 0.0), delay_s=0.5)
    with av.open(str(pictures(tmp_path))) as container:
        there = [
            (float(f.time), read_number(f.to_ndarray(format="rgb24")))
            for f in container.decode(video=0)
        ]
    seen = np.array([(t, n) for t, n in there if n])
    if len(seen) > 50:  # Matroska rounds to a millisecond
        assert np.abs(np.diff(seen[:, 0]) - np.diff(seen[:, 1]) / 25).max() < 0.002


def test_no_thread_outlives_a_line(monkeypatch, tmp_path, clip):
    before = set(threading.enumerate())
    run(monkeypatch, clip, tmp_path / "r.mkv", Watcher(lambda n: 0.0), delay_s=0.3)
    left = [t for t in set(threading.enumerate()) - before if t.name != "efface-live-reader"]
    assert not left
