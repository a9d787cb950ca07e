"""Recognise a file's format by its content.

A suffix can be wrong: phones store HEIC as .jpg, and messengers WebP as .png. So only the first few
kilobytes decide. Suffixes serve one purpose, selecting files in a folder. efface opens or reports
every file whose name or content looks like a photo or a video, and silently skips others, such as a
text beside the pictures.
"""

from __future__ import annotations

import errno
import re
import stat
from pathlib import Path, PurePath
from typing import Literal

from efface.containers import raw_streams
from efface.errors import NotMedia, SourceUnreadable
from efface.files import reason, require_source

HEAD = 4096
"""Number of bytes examined. Twenty packets of a transport stream fit in."""

PHOTOS = ("jpeg", "png", "webp", "tiff", "gif", "heif", "avif", "bmp", "ppm", "jp2", "ico")
"""Formats that open as photos, including their animations."""

WRITTEN_AS = {"bmp": "png", "ppm": "png", "jp2": "png", "ico": "png"}
"""Formats that efface reads but does not write, and the formats of their targets.

PNG is lossless.
"""

_PHOTO_ENDINGS = (
    "jpg jpeg jpe jfif mpo png apng webp tif tiff gif heic heif heics heifs hif avif avifs "
    "bmp dib ppm pgm pbm pnm jp2 j2k jpf jpx j2c jpc ico"
)
_VIDEO_ENDINGS = (
    "mp4 m4v mov qt 3gp 3g2 mkv webm avi ts mts m2ts m2t mpg mpeg mpe vob wmv asf flv f4v ogv "
    "mxf insv"
)
_OTHER_ENDINGS = (
    "jxl jxr wdp hdp psd psb pam pfm tga sgi pcx xcf exr hdr dds qoi flif bpg "
    "3fr arw cr2 cr3 crw dcr dcs dng erf fff gpr iiq kdc mef mos mrw nef nrw orf pef ptx "
    "raf raw rw2 rwl sr2 srf srw x3f "
    "av1 yuv nut rm rmvb swf amv bik divx xvid evo f4p f4a gxf mod tod mts1 mkv3d mk3d ogm "
    "ogx roq vro vp8 vp9 wtv "
    "xesc 360 lrv insp pdf djvu djv xps eps ai svg svgz wmf emf icns cur thm ktx dpx cin fits"
)
"""Photos and videos that efface may be unable to open. It reports them in a folder, so that nobody
believes they were redacted."""
_SOUND_ENDINGS = "m4a m4b m4r aac ac3 aif aiff flac mka mp3 oga ogg opus spx wav wma"
"""Sound files. They are skipped in a folder, although their content may begin as that of a video
does."""

_SUFFIXES = frozenset(
    "." + ending
    for ending in (
        f"{_PHOTO_ENDINGS} {_VIDEO_ENDINGS} {raw_streams.ENDINGS} {_OTHER_ENDINGS}"
    ).split()
)

_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"mif1"))
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_MOV_ATOMS = frozenset((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"))
_PACKET_SIZES = (188, 192, 204)
"""Packet sizes in bytes of a transport stream: plain, with the timestamps of M2TS, with the check
bytes of broadcast."""

_MAGIC = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"FLV\x01", "flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"\x00\x00\x01\xb3", "mpeg"),
    (b"OggS", "ogg"),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "mxf"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jp2"),
    (b"\xff\x4f\xff\x51", "jp2"),
)
_PADDED_MPEG = re.compile(rb"\x00{2,512}\x01[\xb3\xba]")
"""Recorders write zeros before the first start code."""

_MPEG_SUFFIXES = (".mpg", ".mpeg", ".mpe", ".vob", ".m2p")
_PACK = re.compile(rb"\x00\x00\x01\xba[\x20-\x2f\x40-\x7f]")
"""An MPEG pack header. If the file name suggests MPEG, it counts at any position, since a recording
may begin anywhere."""

_OTHER_FORMATS = (
    (b"PK\x03\x04", "it looks like a zip archive or an office document"),
    (b"%PDF", "it looks like a PDF; save its pictures one by one"),
    (b"\x1f\x8b", "it looks like a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "it looks like a 7z archive"),
    (b"Rar!", "it looks like a RAR archive"),
    (b"\x7fELF", "it looks like a program"),
    (b"MZ", "it looks like a program"),
    (b"8BPS", "it looks like a Photoshop document; save it as PNG or TIFF"),
    (b"\x00\x00\x00\x0cJXL ", "it looks like JPEG XL; save it as JPEG or PNG"),
    (b"\xff\x0a", "it looks like JPEG XL; save it as JPEG or PNG"),
    (b"ID3", "it holds sound only"),
    (b"fLaC", "it holds sound only"),
    (b"IIRO", "it is a camera's raw file; develop it into a TIFF or JPEG"),
    (b"IIU\x00", "it is a camera's raw file; develop it into a TIFF or JPEG"),
    (b"FUJIFILM", "it is a camera's raw file; develop it into a TIFF or JPEG"),
)

_UNOPENED = tuple(
    magic for magic,
    why in _OTHER_FORMATS
    if any(word in why for word in ("JPEG XL", "PDF", "Photoshop", "raw file"))
)  # fmt: skip


def medium_of(path: Path) -> Literal["photo", "video"]:
    """Return whether the file opens as a photo or as a video. Raises SourceUnreadable, NotMedia."""
    return "photo" if format_of(path) in PHOTOS else "video"


def format_of(path: Path) -> str:
    """Return the format's short name: one of PHOTOS, or a video container. Raises SourceUnreadable,
    NotMedia."""
    require_source(path)
    return sniffed(path)


def sniffed(path: Path) -> str:
    """As `format_of`, of a file that is known to be a plain one.

    Raises SourceUnreadable, NotMedia.
    """
    try:
        with open(path, "rb") as f:
            head = f.read(HEAD)
        size = path.stat().st_size
        found = _by_content(head, size, path.suffix)
        if found == "jpeg" and raw_streams.is_jpeg_stream(path):
            found = "mjpeg"
    except OSError as e:
        raise SourceUnreadable(path, reason(e)) from e
    if found is None:
        raise NotMedia(path, _guess(head))
    return found


def _by_content(head: bytes, size: int, suffix: str) -> str | None:
    return (
        _by_magic(head)
        or _by_box(head, size)
        or (
            "bmp"
            if _is_bitmap(head)
            else "ppm"
            if _is_portable_map(head)
            else "ico"
            if _is_icon(head, size)
            else None
        )
        or ("mpegts" if _is_transport_stream(head) else None)
        or (
            "mpeg"
            if _PADDED_MPEG.match(head) or (suffix.lower() in _MPEG_SUFFIXES and _PACK.search(head))
            else None
        )
        or raw_streams.raw_format(head, suffix)
    )


def looks_like_media(path: Path) -> bool:
    """Return whether the name or content of a file looks like a photo or a video, including ones
    that efface cannot open.

    A file that cannot be examined counts, so it is reported as unreadable rather than skipped.
    Sound files and dangling links do not count.
    """
    if is_media_name(path):
        return True
    if path.suffix.lower()[1:] in _SOUND_ENDINGS.split():
        return False
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would block for ever
            return False
        with open(path, "rb") as f:
            head = f.read(HEAD)
        found = _by_content(head, path.stat().st_size, path.suffix)
        return found is not None or head.startswith(_UNOPENED) or _is_raw(head)
    except OSError as e:
        return e.errno not in (errno.ENOENT, errno.ELOOP)


def is_media_name(path: PurePath) -> bool:
    """Return whether the name suggests a photo or a video. Use it to select files in folders; the
    content decides the format."""
    return path.suffix.lower() in _SUFFIXES


def is_video_name(path: PurePath) -> bool:
    """Return whether the name suggests a video, for files whose content is out of reach."""
    return path.suffix.lower()[1:] in f"{_VIDEO_ENDINGS} {raw_streams.ENDINGS}".split()


def _by_magic(head: bytes) -> str | None:
    if head[:4] == b"RIFF":
        return {b"WEBP": "webp", b"AVI ": "avi", b"AVIX": "avi"}.get(head[8:12])
    if (
        head[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+") and head[8:10] != b"CR"
    ):  # CR: Canon's raw files
        return "tiff"
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def _by_box(head: bytes, file_size: int) -> str | None:
    """Recognise files made of boxes (ISO base media). Each box begins with its length and a
    four-letter name."""
    length, name = int.from_bytes(head[:4], "big"), head[4:8]
    if name == b"ftyp":
        return _by_brand(head[8:12], head[16 : min(length, HEAD)])
    # Old QuickTime files start without a brand. The length is checked too, since a text may begin
    # with these letters.
    plausible = length in (0, 1) or 8 <= length <= file_size
    return "mp4" if name in _MOV_ATOMS and plausible else None


def _by_brand(major: bytes, others: bytes) -> str | None:
    if major == b"crx ":  # Canon's raw files
        return None
    if major not in _HEIF_BRANDS | _AVIF_BRANDS:  # includes image sequences of HEIF
        return "mp4"
    brands = {major} | {others[i : i + 4] for i in range(0, len(others), 4)}
    return "avif" if brands & _AVIF_BRANDS else "heif"


_BITMAP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
"""Sizes in bytes of the header after a bitmap's first 14 bytes. With two letters alone, many texts
would count as bitmaps."""


def _is_bitmap(head: bytes) -> bool:
    return head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS


def _is_icon(head: bytes, file_size: int) -> bool:
    """Return whether this is an icon. Its first entry must lie within the file."""
    count, size, at = (int.from_bytes(head[a:b], "little") for a, b in ((4, 6), (14, 18), (18, 22)))
    return (
        head[:4] == b"\0\0\1\0"
        and 0 < count < 256
        and at >= 6 + 16 * count
        and 0 < size <= file_size - at
    )


def _is_portable_map(head: bytes) -> bool:
    """Return whether this is a PBM, PGM or PPM: a P, a digit, white space, then the width or a
    comment."""
    return re.match(rb"P[1-6]\s+(#[^\n]*\n\s*)*\d+\s+(#[^\n]*\n\s*)*\d+\s", head) is not None


def _is_raw(head: bytes) -> bool:
    """Return whether this is a Canon raw file.

    Other raw files are TIFF, or listed in _OTHER_FORMATS.
    """
    return head[4:12] == b"ftypcrx " or (head[:2] in (b"II", b"MM") and head[8:10] == b"CR")


def _is_transport_stream(head: bytes) -> bool:
    """Return whether a sync byte repeats at packet distance: in at least three packets, or eight if
    there are that many."""
    for size in _PACKET_SIZES:
        wanted = min(8, len(head) // size)
        if wanted >= 3 and any(
            head[start::size][:wanted] == b"\x47" * wanted for start in range(size)
        ):
            return True
    return False


def _guess(head: bytes) -> str:
    if _is_raw(head):
        return "it is a camera's raw file; develop it into a TIFF or JPEG"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "it holds sound only"
    for magic, why in _OTHER_FORMATS:
        if head.startswith(magic):
            return why
    start = head[:512].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "it looks like a web page"
    if start.startswith((b"<?xml", b"<svg")):
        return "it looks like XML or SVG"
    return "it looks like text" if _is_text(head) else "its content is of an unknown kind"


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as e:
        if e.start < len(head) - 4 or len(head) < HEAD:  # the last letter may be cut in two
            return False
        text = head[: e.start].decode("utf-8")
    return all(c.isprintable() or c.isspace() for c in text)
