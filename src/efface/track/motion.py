"""Where an object will be: it keeps its velocity, which fades with time.

People stop and turn; cars continue. An object that crosses space evenly does not cross the picture
evenly: the nearer a car is, the larger its plate, and the faster the plate grows and moves. The
distance changes evenly, and the size is one over the distance. So objects that move like cars have
a rate of approach besides their velocity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from efface.detections import CODE, DRAWN, FACE, PERSON, PLATE, TEXT


@dataclass(frozen=True, slots=True)
class Motion:
    """How objects of one kind move.

    memory_s      sightings within this time determine the velocity; older ones belong to another
                  movement.
    most_recent   maximum number of these sightings; enough for memory_s at any usual frame rate.
    fade_s        an unseen object moves on for about this long.
    keeps_size    changes in the size of single sightings count as noise, not as coming nearer or
                  going away.
    is_flat       boxes are so low that the shares below refer to the longer side, not to each
                  side's own length.
    reach         share by which boxes grow before they are compared.
    young_reach   the same share while the velocity is little known.
    reach_per_s   added to this share for each second without a sighting.
    doubt         s². How far a velocity from a short time is believed: noise of sightings over what
                  is usual, squared.
    least_strong  buffered IoU from which a strong detection continues a track; below, it begins its
                  own track.
    weak_within_s a weak detection continues only a track that was seen within this time.
    max_ratio     boxes whose areas differ by more than this ratio are two objects.
    growth_per_s  share that an unseen box gains on every side for each second since (or until) a
                  sighting.
    most_growth   maximum of this growth.
    held_from     mean score from which an object that is suddenly not seen counts as hidden, and
                  not as gone.
    followed_from mean score from which it is followed by its pixels for longer than it is covered
    anyway.
    weak_counts   an object that is seen weakly, but often, counts.
    most_unusual  maximum size of a weak sighting, over that of the sightings around it, where
                  keeps_size.
    unsure        share that a box with a low score gains on every side: the detector knows its
                  edges less well.
    """

    memory_s: float
    most_recent: int
    fade_s: float
    keeps_size: bool
    is_flat: bool
    reach: float
    young_reach: float
    reach_per_s: float
    doubt: float
    least_strong: float
    weak_within_s: float
    max_ratio: float
    growth_per_s: float
    most_growth: float
    held_from: float
    followed_from: float
    weak_counts: bool
    unsure: float
    most_unusual: float = math.inf


FACE_MOTION = Motion(
    memory_s=0.3, most_recent=12, fade_s=0.4, keeps_size=True, is_flat=False, reach=0.3,
    young_reach=0.3,
    reach_per_s=0.7, doubt=1e-6, least_strong=0.2, weak_within_s=0.4, max_ratio=2.5,
    growth_per_s=0.5, most_growth=0.5,
    held_from=0.4, followed_from=0.4, weak_counts=True, unsure=0.25, most_unusual=1.3,
)  # fmt: skip
PLATE_MOTION = Motion(
    memory_s=0.4, most_recent=48, fade_s=3.0, keeps_size=False, is_flat=True, reach=0.3,
    young_reach=0.8,
    reach_per_s=0.35, doubt=0.001, least_strong=0.3, weak_within_s=0.5, max_ratio=4.0,
    growth_per_s=0.4, most_growth=0.5,
    held_from=math.inf, followed_from=0.6, weak_counts=False, unsure=0.0,
)  # fmt: skip
"""A plate passes in a few frames, moves by more than its height from one frame to the next, and
keeps its direction."""

TEXT_MOTION = replace(
    FACE_MOTION, is_flat=True, weak_within_s=math.inf, max_ratio=4.0, unsure=0.0,
    most_unusual=math.inf,
)  # fmt: skip
"""Lines are flat, and a neighbouring look may join or part two of them."""

CODE_MOTION = replace(TEXT_MOTION, is_flat=False)
"""Edges of codes are exact, and a bar code may be found in parts."""

PERSON_MOTION = replace(
    FACE_MOTION, weak_within_s=0.5, max_ratio=3.0, growth_per_s=0.2, most_growth=0.3, unsure=0.1,
    most_unusual=math.inf,
)  # fmt: skip
"""A body is large, and arms and legs change its box; a box that grew as a face's does would erase
its neighbours."""

FEW_SIGHTINGS = 4
"""Number of sightings below which a velocity is little known."""

MOTIONS = {
    FACE: FACE_MOTION,
    PLATE: PLATE_MOTION,
    DRAWN: FACE_MOTION,
    TEXT: TEXT_MOTION,
    CODE: CODE_MOTION,
    PERSON: PERSON_MOTION,
}
"""By kind."""

FASTEST = 1.5
"""Maximum approach, as a share of the distance in a second; more is noise.

Such a car passes in two thirds of a second.
"""

NEAREST = 0.6
"""Maximum share of the distance that an unseen object is taken to cover: a closer object would fill
the picture."""

USUAL_NOISE, USUAL_APPROACH = 0.04, 0.5
"""Noise of a sighting's size, and the approach of ordinary traffic in a second. Their ratio tells
how far to believe an approach from few sightings. Where sizes scatter more than that, the approach
is believed less."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """How a box moves at the moment, or how n boxes do.

    velocity  (2,) pixels per second of its centre; (n, 2).
    approach  share of its distance that it comes nearer in a second, which is also the share of its
              size that it grows;
              negative when it goes away; (n, 1).
    """

    velocity: NDArray[np.float64]
    approach: float | NDArray[np.float64] = 0.0

    def never_receding(self) -> Course:
        """Return the same course, except that a receding object keeps its size."""
        return replace(self, approach=np.maximum(self.approach, 0.0))


STILL = Course(np.zeros(2))


def course(seconds: NDArray[np.float64], xyxy: NDArray[np.float32], motion: Motion) -> Course:
    """Return the course at the last of these sightings, by least squares over the motion's memory.

    seconds  (n,) increasing; xyxy (n, 4).
    """
    recent = seconds >= seconds[-1] - motion.memory_s
    t, boxes = seconds[recent], xyxy[recent]
    if len(t) < 2:
        return STILL
    velocity = velocities(t[None], boxes[None], motion)[0]
    if motion.keeps_size:
        return Course(velocity)
    t = t - t.mean()
    # Both slopes hold for the middle of the memory. At its end the object is nearer.
    approach = _approach(t, boxes)
    nearer = 1 / (1 - np.clip(approach * t[-1], -NEAREST, NEAREST))
    return Course(velocity * nearer**2, float(np.clip(approach * nearer, -FASTEST, FASTEST)))


def velocities(
    seconds: NDArray[np.float64], xyxy: NDArray[np.float32], motion: Motion
) -> NDArray[np.float64]:
    """Return (m, 2) velocities of m objects, by least squares over all n sightings of each.

    seconds  (m, n) increasing; xyxy (m, n, 4).
    """
    centre = (xyxy[..., :2] + xyxy[..., 2:]).astype(np.float64) / 2
    t = seconds - seconds.mean(axis=1, keepdims=True)
    away = t[..., None] * (centre - centre.mean(axis=1, keepdims=True))
    spread = (t**2).sum(axis=1, keepdims=True)
    return np.asarray(away.sum(axis=1) / (spread + motion.doubt), np.float64)


def _approach(t: NDArray[np.float64], boxes: NDArray[np.float32]) -> float:
    sides = np.maximum((boxes[:, 2:] - boxes[:, :2]).astype(np.float64), 1e-3)
    size = np.log(sides).mean(axis=1)
    size -= size.mean()
    together, spread = (t * size).sum(), (t**2).sum()
    scatter = float(((size - together / spread * t) ** 2).sum()) / max(len(t) - 2, 1)
    noise = max(USUAL_NOISE**2, scatter)
    return float(np.clip(together / (spread + noise / USUAL_APPROACH**2), -FASTEST, FASTEST))


def moved(
    xyxy: NDArray[np.floating], course: Course, elapsed_s: NDArray[np.float64], motion: Motion
) -> NDArray[np.float64]:
    """Return the boxes (n, 4) after these times (n,) on that course, (n, 4); where the time is 0,
    they stay."""
    acted_s = travelled(elapsed_s, motion)[:, None]
    larger = 1 / (1 - np.minimum(course.approach * acted_s, NEAREST))
    shift = course.velocity * acted_s * larger
    half = (xyxy[:, 2:] - xyxy[:, :2]) / 2 * (larger - 1)
    return np.concatenate([xyxy[:, :2] + shift - half, xyxy[:, 2:] + shift + half], axis=1)


def travelled(elapsed_s: NDArray[np.float64] | float, motion: Motion) -> NDArray[np.float64]:
    """Return for how long the last velocity has acted after that time.

    It acts less and less, and never for more than the motion's fade_s in all.
    """
    return motion.fade_s * (1 - np.exp(-np.asarray(elapsed_s, np.float64) / motion.fade_s))
