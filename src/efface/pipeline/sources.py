"""Opening of sources and creation of targets, by the kind of file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from efface.containers.admission import AdmittedSource
from efface.containers.sniff import WRITTEN_AS, is_media_name
from efface.errors import TargetUnsuitable
from efface.media.interfaces import Sink, Source, SourceInfo
from efface.options import ReadOptions, WriteOptions

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


@contextmanager
def opened(admitted: AdmittedSource, options: ReadOptions) -> Iterator[Source]:
    """Open the source in that file. Raises InputError in all its kinds."""
    admitted.require_readable()
    if admitted.medium == "photo":
        from efface.media.still.stills import open_still as open_source
    else:
        from efface.media.video.probe import open_video as open_source
    source = open_source(admitted, options)
    try:
        yield source
    finally:
        source.close()


def create(draft: Path, info: SourceInfo, options: WriteOptions, target: Path) -> Sink:
    """Create a file of the right kind to write to.

    Raises OutputError in all its kinds, EncoderMissing.
    """
    if info.medium == "video":
        from efface.media.video.encode import create_video

        return create_video(draft, info, options, target=target)
    from efface.media.still.stills import create_still

    _require_telling(target, info)
    return create_still(draft, info, options)


def require_suitable(
    source: AdmittedSource, target: Path, read: ReadOptions, write: WriteOptions
) -> None:
    """Check whether the target can hold a film, before the film is examined.

    Photos are quick, and not checked here.

    Raises what `create` raises, and InputError.
    """
    source.require_readable()
    if source.medium == "photo":
        return
    from efface.media.video.output_format import require_suitable as require_film

    with opened(source, read) as film:
        require_film(film.info, write, target)


def _require_telling(target: Path, info: SourceInfo) -> None:
    # A photo keeps its format. A name with another format's suffix is a mistake, unless the source
    # has that suffix, too.
    suffix = target.suffix.lower()
    endings = ENDINGS[WRITTEN_AS.get(info.format, info.format)]
    own = () if info.format in WRITTEN_AS else (info.path.suffix.lower(),)
    if is_media_name(target) and suffix not in (*endings, *own):
        keeps = (
            f"{info.format} becomes png"
            if own == ()
            else f"a photo keeps its format, which is {info.format}"
        )
        raise TargetUnsuitable(target, keeps, f"Choose a name that ends in {endings[0]}.")
