"""Opening of sources and creation of targets, by the kind of file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from efface.containers.admission import AdmittedSource
from efface.containers.sniff import WRITTEN_AS, is_media_name
from efface.errors import TargetUnsuitable
from efface.media.decoder.source_opening import open_source, sound_of
from efface.media.interfaces import Sink, Source, SourceInfo
from efface.options import ReadOptions, WriteOptions
from efface.sound_change import SoundChange

ENDINGS = {
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "png": (".png", ".apng"),
    "webp": (".webp",),
    "tiff": (".tif", ".tiff"),
    "gif": (".gif",),
    "heif": (".heic", ".heif", ".heics", ".heifs", ".hif"),
    "avif": (".avif", ".avifs"),
}
"""Valid suffixes of a photo's name, by its format."""

CONVERTED_TO = ("png", "jpeg")
"""Formats that a photo of one picture may be converted to, by the name of the target."""


@contextmanager
def opened(admitted: AdmittedSource, options: ReadOptions) -> Iterator[Source]:
    """Open the source in that file. Raises InputError in all its kinds, WorkerDied,
    WallsMissing."""
    admitted.require_readable()
    keeps = admitted.keeps
    if keeps is not None:
        yield admitted.opened_once(
            options, lambda: keeps.enter_context(closing(open_source(admitted, options)))
        )
        return
    with closing(open_source(admitted, options)) as source:
        yield source


@contextmanager
def kept_open(admitted: AdmittedSource) -> Iterator[None]:
    """Open a photo only once for all of `opened` inside the block, unless it changes: so it is
    decoded once to be searched and painted. Films are opened once in any case."""
    if admitted.medium != "photo":
        yield
        return
    with ExitStack() as admitted.keeps:
        try:
            yield
        finally:
            admitted.keeps = None
            admitted.forget_opened()


def create(
    draft: Path,
    info: SourceInfo,
    options: WriteOptions,
    target: Path,
    sound: SoundChange | None = None,
) -> Sink:
    """Create a file of the right kind to write to. `sound` is how the sound of a film is changed.

    Raises OutputError in all its kinds, EncoderMissing.
    """
    if info.medium == "video":
        from efface.media.video.encode import create_video

        return create_video(
            draft, info, options, target=target, sound=sound, sound_source=sound_of(info)
        )
    from efface.media.still.stills import create_still

    return create_still(draft, info, options, format_of(target, info))


def require_suitable(
    source: AdmittedSource, target: Path, read: ReadOptions, write: WriteOptions
) -> None:
    """Check whether the target can hold a film, before the film is examined.

    Photos are quick, and not checked here. Only what `--jpeg exact` needs must be installed.

    Raises what `create` raises, InputError, and ExtraMissing.
    """
    source.require_readable()
    if source.medium == "photo":
        if (source.format, write.jpeg) == ("jpeg", "exact"):
            from efface.media.still.jpeg_coefficients import library  # loads Pillow

            library()
        return
    from efface.media.video.output_format import require_suitable as require_film

    with opened(source, read) as film:
        require_film(sound_of(film.info), write, target)


def format_of(target: Path, info: SourceInfo) -> str:
    """Return the format of a photo's target: the source's, or PNG or JPEG if the name says so.

    Raises TargetUnsuitable for the name of another format, unless the source has that suffix, too.
    """
    suffix, kept = target.suffix.lower(), WRITTEN_AS.get(info.format, info.format)
    own = () if info.format in WRITTEN_AS else (info.path.suffix.lower(),)
    if not is_media_name(target) or suffix in (*ENDINGS[kept], *own):
        return kept
    asked = next((f for f, endings in ENDINGS.items() if suffix in endings), "")
    if asked in CONVERTED_TO and info.medium == "photo" and info.frame_count == 1:
        return asked
    keeps = (
        f"{info.format} becomes png"
        if own == ()
        else f"a photo keeps its format, which is {info.format}, or becomes png or jpeg"
    )
    raise TargetUnsuitable(target, keeps, f"Choose a name that ends in {ENDINGS[kept][0]}.")
