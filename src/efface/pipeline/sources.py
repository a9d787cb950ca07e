"""Opens whatever a file holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from efface.files import require_source
from efface.media.base import Sink, Source, SourceInfo
from efface.media.sniff import medium_of
from efface.options import ReadOptions, WriteOptions


@contextmanager
def opened(path: Path, options: ReadOptions) -> Iterator[Source]:
    """The source behind that path. Raises InputError in all its kinds."""
    require_source(path)
    if medium_of(path) == "photo":
        from efface.media.stills import open_still as open_source
    else:
        from efface.media.decode import open_video as open_source
    source = open_source(path, options)
    try:
        yield source
    finally:
        source.close()


def create(draft: Path, info: SourceInfo, options: WriteOptions, target: Path) -> Sink:
    """A file of the right kind to write to. Raises OutputError in all its kinds, EncoderMissing."""
    if info.medium == "video":
        from efface.media.encode import create_video

        return create_video(draft, info, options, target=target)
    from efface.media.stills import create_still

    return create_still(draft, info, options)
