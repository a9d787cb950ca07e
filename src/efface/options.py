"""Defines every option once: name, default, unit, help and choices.

Command-line flags, the reference page and what a plan records are made from these classes. Each
package gets only its branch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, get_args, get_type_hints

from efface.errors import UsageError
from efface.kinds import BY_DEFAULT, FACE, FINDABLE, KINDS, PERSON
from efface.live_options import LiveOptions
from efface.option_fields import Checked, Setting, comma_separated, setting
from efface.option_values import given_area, muted_span

PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip
"""Encoder efforts, by rising effort, in the names of x264."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectOptions(Checked):
    """What to look for, and how hard."""

    kinds: str = setting(
        ",".join(BY_DEFAULT), flag="--kinds", items=FINDABLE,
        help="What to find and erase. What is not named stays visible. text and code are not read; "
        "text is slow.",
    )  # fmt: skip
    text: str = setting(
        "all", flag="--text", choices=("all", "captions", "small"),
        help="Which text to erase, if it is among the kinds. captions: lines that stand still in a "
        "film for two seconds. small: lines of up to 6 % of the picture's height.",
    )  # fmt: skip
    sensitivity: str = setting(
        "normal", flag="--sensitivity", choices=("low", "normal", "high"),
        help=(
                "How readily something counts as a face or a plate. high finds more, and covers "
                "more things that are neither."
            ),
    )  # fmt: skip
    detail: str = setting(
        "paced", flag="--detail", choices=("all", "paced", "sparse"),
        help="At which sizes the detector looks at the frames of a video. paced: small sizes of "
        "every frame, each larger size of every third (from 45 frames a second: every fifth). "
        "sparse: the largest size of every ninth frame only; misses more. all: every size of "
        "every frame; slowest.",
    )  # fmt: skip
    device: str = setting(
        "auto", flag="--device", choices=("auto", "cpu", "cuda", "openvino"),
        help=(
                "Device that runs the detector. auto is the CPU; cuda and openvino need another "
                "build of ONNX Runtime."
            ),
    )  # fmt: skip
    precision: str = setting(
        "auto", flag="--precision", choices=("auto", "int8", "float32"),
        help="Number format of the networks. auto is int8 on the CPU, and float32 for checks and "
        "other devices. int8 takes little more than half the time, and misses and leaks no more.",
    )  # fmt: skip
    timeout_s: float = setting(
        120.0,
        flag="--detect-timeout",
        unit="s",
        at_least=0.1,
        help="Give up when the detector takes longer than this for one frame. Frames of more "
        "than 25 megapixels get more time, in proportion to their size.",
    )

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        if self.precision == "int8" and not self.is_on_processor:
            raise UsageError(
                f"--precision int8 works only on the CPU. Leave it out with --device {self.device}."
            )

    @property
    def is_on_processor(self) -> bool:
        """Whether the CPU runs the detector."""
        return self.device in ("auto", "cpu")

    @property
    def wanted(self) -> tuple[str, ...]:
        """The kinds to look for, always in the same order."""
        return tuple(k for k in FINDABLE if k in comma_separated(self.kinds))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackOptions(Checked):
    """How sightings become tracks, and how long they last."""

    bridge_s: float = setting(
        2.0,
        flag="--track-bridge",
        unit="s",
        at_least=0.0,
        help="Cover gaps of up to this length between two sightings.",
    )
    lead_in_s: float = setting(
        0.5,
        flag="--track-lead-in",
        unit="s",
        at_least=0.0,
        help=(
            "Also cover up to this long before the first sighting. An object seen clearly and "
            "often gets all of it."
        ),
    )
    lead_out_s: float = setting(
        0.5,
        flag="--track-lead-out",
        unit="s",
        at_least=0.0,
        help=(
            "Also cover up to this long after the last sighting. An object seen clearly and "
            "often gets all of it."
        ),
    )
    hold_s: float = setting(
        3.0, flag="--track-hold", unit="s", at_least=0.0,
        help="Lead-in and lead-out of a clearly seen face that appears or disappears in "
        "mid-picture, and of anything that can still be followed.",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverOptions(Checked):
    """How much to cover around what was found."""

    part: str = setting(
        "face", flag="--cover", choices=("face", "head", "person"),
        help="What to cover of a person. head also covers hair, ears and neck line, for people "
        "who can be recognised by more than their features. person also finds persons, from behind "
        "too, and covers them whole.",
    )  # fmt: skip
    margin: float = setting(
        0.25, flag="--margin", unit="of the box's width and height", at_least=0.0, at_most=2.0,
        help="Margin on every side of a face: hair, chin and ears identify people too. "
        "Faces that a film shows large and clearly get six tenths of it.",
    )  # fmt: skip
    plate_margin: float = setting(
        0.2, flag="--plate-margin", unit="of the box's width and height", at_least=0.0, at_most=2.0,
        help="Margin on every side of a plate. Half a character is enough to guess the rest.",
    )  # fmt: skip
    erase: tuple[str, ...] = setting(
        (), flag="--erase", unit="LEFT,TOP,RIGHT,BOTTOM[@START-END]", parse=given_area,
        help="Always erase this area, in pixels or per cent of the picture as it is shown: "
        "10,10,200,60@0:00-0:05. Without @ throughout; of a folder in every file. Repeatable.",
    )  # fmt: skip
    keep: tuple[str, ...] = setting(
        (), flag="--keep", unit="LEFT,TOP,RIGHT,BOTTOM[@START-END]", parse=given_area,
        help="Do not erase what was found wholly inside this area, written in the same way. What "
        "reaches beyond it is erased, and an area to erase always wins. Repeatable.",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskOptions(Checked):
    """When a person should look."""

    bound: float = setting(
        0.5, flag="--risk-bound", at_least=0.0, at_most=1.0,
        help=(
                "End with exit code 7 if a moment is riskier than this. 0 asks for a look at every "
                "doubt, 1 at none."
            ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintOptions(Checked):
    """What replaces the erased areas. No style uses a pixel of the erased area."""

    style: str = setting(
        "smooth", flag="--style", choices=("smooth", "solid", "tiles"),
        help="What replaces the area: smooth is a soft fill in the colours of the rim, solid is "
        "one colour, tiles is a mosaic in the colours of the rim.",
    )  # fmt: skip
    shape: str = setting(
        "rounded",
        flag="--shape",
        choices=("rounded", "ellipse", "box"),
        help="Every shape contains the whole box.",
    )
    colour: str = setting(
        "#000000",
        flag="--colour",
        unit="a colour, #rrggbb",
        pattern=r"#[0-9a-fA-F]{6}",
        help="Colour of the solid style.",
    )
    seed: int = setting(0, flag="--seed", at_least=0, help="Selects the pattern of the tiles.")
    rim: str = setting(
        "blocks", flag="--rim", choices=("blocks", "shape"),
        help="Where erased areas of a JPEG end. blocks: where blocks of its compression end, so "
        "that nothing that stays was computed from what goes; areas are boxes then. shape: where "
        "the shape ends.",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions(Checked):
    """How to read sources."""

    bad_frames: str = setting(
        "fail", flag="--bad-frames", choices=("fail", "cover"),
        help=(
                "What to do with frames that cannot be decoded: fail gives up on the file, cover "
                "blacks out the whole frame."
            ),
    )  # fmt: skip
    max_pixels: int = setting(
        200_000_000,
        flag="--max-pixels",
        unit="px",
        at_least=1,
        help="Refuse larger pictures. Guards against decompression bombs.",
    )
    max_total_pixels: int = setting(
        4_000_000_000, flag="--max-total-pixels", unit="px", at_least=1,
        help=(
                "Refuse photos and animations whose pages or frames have more pixels in total. "
                "Each counts as at least 250,000."
            ),
    )  # fmt: skip
    walls: str = setting(
        "auto", flag="--walls", choices=("auto", "require"),
        help=(
                "Decode in a process that can reach no other file and no network. auto raises the "
                "walls that the system offers; require refuses to decode where one is missing."
            ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions(Checked):
    """How to write targets."""

    codec: str = setting(
        "auto", flag="--codec", choices=("auto", "h264", "hevc", "vp9", "av1"),
        help="Video codec. auto is H.264 for 8-bit video, HEVC for more bits, and VP9 for .webm.",
    )  # fmt: skip
    crf: int | None = setting(
        None, flag="--crf", at_least=0, at_most=63,
        help="Constant rate factor. Lower means better quality and larger files. "
        "Default: 18 for h264, 20 for hevc, 24 for vp9 and av1.",
    )  # fmt: skip
    preset: str = setting(
        "medium",
        flag="--preset",
        choices=PRESETS,
        help="Encoder effort, from ultrafast (large files) to veryslow (small files).",
    )
    jpeg: str = setting(
        "recode", flag="--jpeg", choices=("recode", "exact"),
        help="How a JPEG is made of a JPEG. recode encodes all of it anew. exact keeps blocks "
        "outside of erased areas as they are, without loss; traces of earlier compression, which "
        "point to a camera or an editor, stay as well. It needs the extra jpeg.",
    )  # fmt: skip
    audio: str = setting(
        "drop", flag="--audio", choices=("drop", "keep", "disguise", "mute"),
        help="Voices identify people, so sound is dropped unless you ask for it. keep copies it "
        "unchanged, but for spans that somebody made silent in the review. mute leaves out the "
        "spans that --mute names. disguise changes voices for ears, not for machines.",
    )  # fmt: skip
    mute: tuple[str, ...] = setting(
        (), flag="--mute", unit="a span, or speech", parse=muted_span,
        help="Make this span silent, as in 0:10-0:14; speech: wherever somebody seems to speak. "
        "Only in sound that is muted or disguised. Repeatable.",
    )  # fmt: skip
    overwrite: bool = setting(
        False,
        flag="--overwrite",
        help="Replace targets that exist already. Sources are never replaced.",
    )
    discard_edits: bool = setting(
        False, flag="--discard-edits",
        help="Discard what a person changed in a plan, look again, and replace the plan. "
        "Without this option efface obeys a changed plan.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        if self.audio == "mute" and not self.mute:
            raise UsageError("--audio mute needs --mute: a span as in 0:10-0:14, or speech.")
        if self.mute and self.audio not in ("disguise", "mute"):
            raise UsageError(f"--mute has no effect with --audio {self.audio}: say --audio mute.")

    @property
    def encodes_sound(self) -> bool:
        """Whether sound is changed."""
        return self.audio in ("disguise", "mute")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions(Checked):
    """How finished targets are checked."""

    level: str = setting(
        "quick", flag="--verify", choices=("quick", "full", "off"),
        help="How the finished copy is checked before it gets its name. full takes a second "
        "look at every frame, quick at a sample of them; off checks nothing at all.",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions(Checked):
    """Which identifying facts a report contains."""

    told: str | None = setting(
        None, flag="--report-with", items=("names", "date"),
        help=(
                "What a report also contains: names of files, and when it was made (UTC). Both may "
                "point to people."
            ),
    )  # fmt: skip

    @property
    def wanted(self) -> tuple[str, ...]:
        """The facts to include."""
        return tuple(comma_separated(self.told)) if self.told else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOptions(Checked):
    """Whose signature the copies get. No plan and no report holds these values: they name files of
    the signer."""

    c2pa_sign: str | None = setting(
        None, flag="--c2pa-sign", unit="CERT.pem,KEY.pem",
        help="Sign copies with Content Credentials (C2PA), which say what was erased, with which "
        "version and models. The certificate names the owner of the key to everybody who gets a "
        "copy.",
    )  # fmt: skip
    c2pa_source_hash: bool = setting(
        False, flag="--c2pa-source-hash",
        help="Also sign the SHA-256 of the source. Whoever has the source can then show that the "
        "copy was made from it, with your name under it.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        if self.c2pa_sign is not None and not all(self.files):
            raise UsageError(
                f"--c2pa-sign: {self.c2pa_sign!r} must name two files, separated by one comma: "
                "CERT.pem,KEY.pem."
            )
        if self.c2pa_source_hash and self.c2pa_sign is None:
            raise UsageError("--c2pa-source-hash has no effect without --c2pa-sign.")

    @property
    def files(self) -> tuple[str, str]:
        """The certificate and the key; empty if they are not named."""
        named = comma_separated(self.c2pa_sign or "")
        return (named[0], named[1]) if len(named) == 2 else ("", "")


FACES, PERSONS = KINDS[FACE], KINDS[PERSON]

PAINTED = ("paint", "read", "write", "verify")
"""Branches of the options that count when a target is written; the others count when the plan is
made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All options. Values are checked while this is built; errors are `UsageError`."""

    detect: DetectOptions = field(default_factory=DetectOptions)
    track: TrackOptions = field(default_factory=TrackOptions)
    cover: CoverOptions = field(default_factory=CoverOptions)
    risk: RiskOptions = field(default_factory=RiskOptions)
    paint: PaintOptions = field(default_factory=PaintOptions)
    read: ReadOptions = field(default_factory=ReadOptions)
    write: WriteOptions = field(default_factory=WriteOptions)
    verify: VerifyOptions = field(default_factory=VerifyOptions)
    sign: SignOptions = field(default_factory=SignOptions)
    report: ReportOptions = field(default_factory=ReportOptions)
    live: LiveOptions = field(default_factory=LiveOptions)

    def __post_init__(self) -> None:
        """Whoever covers persons looks for them, wherever faces are looked for."""
        kinds = self.detect.wanted
        if self.cover.part == "person" and FACES in kinds and PERSONS not in kinds:
            detect = dataclasses.replace(self.detect, kinds=",".join((*kinds, PERSONS)))
            object.__setattr__(self, "detect", detect)

    @classmethod
    def from_values(cls, values: Mapping[tuple[str, str], Any]) -> Options:
        """Build options from {(branch, name): value}. What is not named keeps its default.

        Raises UsageError, also for an option that does not exist.
        """
        branches = get_type_hints(cls)
        for branch, name in values.keys() - {(s.branch, s.name) for s in settings()}:
            raise UsageError(f"There is no option {branch}.{name}.")
        return cls(
            **{
                b: t(**{n: v for (of, n), v in values.items() if of == b})
                for b, t in branches.items()
            }
        )


def recorded(options: Options) -> dict[str, Any]:
    """Return the options branch by branch, as a plan holds them. No plan names files of a
    signer."""
    found = dataclasses.asdict(options)
    del found["sign"]
    return found


@cache
def settings() -> tuple[Setting, ...]:
    """Return every option, branch by branch. Each command asks for them several times."""
    return tuple(_settings())


def _settings() -> Iterator[Setting]:
    for branch, branch_type in get_type_hints(Options).items():
        hints = get_type_hints(branch_type)
        for f in dataclasses.fields(branch_type):
            plain = next((t for t in get_args(hints[f.name]) if t is not type(None)), hints[f.name])
            m = f.metadata
            yield Setting(
                branch,
                f.name,
                plain,
                f.default,
                m["help"],
                m["unit"],
                m["choices"],
                m["items"],
                m["flag"],
            )
