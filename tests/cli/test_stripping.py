"""Needles: unmistakable words planted wherever a photo or a video can hold some, and searched for
in what comes out."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from PIL import Image, ImageCms

NEEDLE = "NeedleInTheHaystack"
UUID = "086f3693-b7b3-4f2c-9653-21492feee5b8"
COORDINATES = ("12.3456", "65.4321")

needs_exiftool = pytest.mark.skipif(
    not shutil.which("exiftool"), reason="exiftool is not installed"
)

ABOUT_THE_FILE = {
    "SourceFile", "ExifToolVersion", "FileName", "Directory", "FileSize", "FileModifyDate",
    "FileAccessDate",
    "FileInodeChangeDate", "FilePermissions", "FileType", "FileTypeExtension", "MIMEType",
}  # fmt: skip
"""What exiftool says of every file, whatever is in it."""

JPEG_TAGS = {
    "JFIFVersion", "ResolutionUnit", "XResolution", "YResolution", "ImageWidth", "ImageHeight",
    "EncodingProcess",
    "BitsPerSample", "ColorComponents", "YCbCrSubSampling", "ImageSize", "Megapixels",
}  # fmt: skip
PNG_TAGS = {
    "ImageWidth", "ImageHeight", "BitDepth", "ColorType", "Compression", "Filter", "Interlace",
    "SRGBRendering",
    "ImageSize", "Megapixels",
}  # fmt: skip
MP4_TAGS = {
    "MajorBrand", "MinorVersion", "CompatibleBrands", "MovieHeaderVersion", "CreateDate",
    "ModifyDate", "TimeScale", "Duration",
    "PreferredRate", "PreferredVolume", "PreviewTime", "PreviewDuration", "PosterTime",
    "SelectionTime", "SelectionDuration",
    "CurrentTime", "NextTrackID", "TrackHeaderVersion", "TrackCreateDate", "TrackModifyDate",
    "TrackID", "TrackDuration",
    "TrackLayer", "TrackVolume", "MatrixStructure", "ImageWidth", "ImageHeight",
    "MediaHeaderVersion", "MediaCreateDate",
    "MediaModifyDate", "MediaTimeScale", "MediaDuration", "MediaLanguageCode", "HandlerType",
    "HandlerDescription",
    "GraphicsMode", "OpColor", "CompressorID", "SourceImageWidth", "SourceImageHeight",
    "XResolution", "YResolution",
    "BitDepth", "PixelAspectRatio", "VideoFrameRate", "MediaDataSize", "MediaDataOffset",
    "ImageSize", "Megapixels",
    "AvgBitrate", "Rotation", "BufferSize", "MaxBitrate", "AverageBitrate", "ColorProfiles",
    "ColorPrimaries",
    "TransferCharacteristics", "MatrixCoefficients", "VideoFullRangeFlag", "Balance", "AudioFormat",
    "AudioChannels",
    "AudioBitsPerSample", "AudioSampleRate", "HandlerVendorID", "Free", "MediaData", "Unknown_edts",
    "AVCConfiguration",
    "SyncSampleTable", "SampleToChunk", "SampleSizes", "ChunkOffset", "CompositionTimeToSample",
    "TimeToSampleTable",
    "SampleGroupDescription", "SampleToGroup", "Unknown_btrt", "Unknown_esds",
}  # fmt: skip
EMPTY_DATES = {
    "CreateDate",
    "ModifyDate",
    "TrackCreateDate",
    "TrackModifyDate",
    "MediaCreateDate",
    "MediaModifyDate",
}


def exiftool(*arguments: object) -> str:
    done = subprocess.run(
        ["exiftool", *map(str, arguments)], check=True, capture_output=True, text=True
    )
    return done.stdout


def tags(path: Path) -> dict[str, str]:
    """All that exiftool finds inside, embedded files included."""
    (found,) = json.loads(exiftool("-j", "-a", "-u", "-ee", "-api", "largefilesupport=1", path))
    return {name: value for name, value in found.items() if name not in ABOUT_THE_FILE}


def leaks(*files: Path) -> list[str]:
    """Needles in the raw bytes, in any of the encodings that text is stored in."""
    words = (NEEDLE, *COORDINATES, UUID, "x264", "Lavf", "Lavc", "exiftool", "PK\x03\x04", "ftypqt")
    found = []
    for file in files:
        content = file.read_bytes()
        for word in words:
            forms = {word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be")}
            if word == UUID:
                forms.add(bytes.fromhex(word.replace("-", "")))
            found += [f"{word} in {file.name}" for form in forms if form in content]
    return found


def device_profile() -> bytes:
    """An ICC profile whose description is a needle."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    name = b"sRGB built-in"
    assert name in profile or name.decode().encode("utf-16-be") in profile
    short = NEEDLE[: len(name)].ljust(len(name), ".")
    return profile.replace(name, short.encode()).replace(
        name.decode().encode("utf-16-be"), short.encode("utf-16-be")
    )


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as z:
        z.writestr(f"{NEEDLE}.txt", NEEDLE)
    return packed.getvalue()


@pytest.fixture
def laden_photo(kept, tmp_path):
    """laden_photo(name) gives a photo with everything in it, face.jpg or face.png."""

    def make(name: str) -> Path:
        path = tmp_path / name
        with Image.open(kept / name) as picture:
            exif = Image.Exif()
            exif[0x010E] = NEEDLE
            more = {"comment": NEEDLE.encode()} if name.endswith("jpg") else {}
            picture.save(path, exif=exif, icc_profile=device_profile(), **more)
            thumbnail = tmp_path / "thumbnail.jpg"
            picture.convert("RGB").resize((64, 64)).save(thumbnail, comment=NEEDLE.encode())
        embedded = [f"-PNG:Title={NEEDLE}"]
        if name.endswith("jpg"):
            embedded = [
                f"-ThumbnailImage<={thumbnail}",
                f"-IPTC:Keywords={NEEDLE}",
                f"-Comment={NEEDLE}",
            ]
        exiftool(
            "-overwrite_original",
            f"-GPSLatitude={COORDINATES[0]}",
            "-GPSLatitudeRef=N",
            f"-XMP:City={NEEDLE}",
            f"-SerialNumber={NEEDLE}",
            f"-OwnerName={NEEDLE}",
            *embedded,
            path,
        )
        thumbnail.unlink()
        with open(path, "ab") as f:  # a motion photo, and an archive behind it
            f.write((kept / "clip.mp4").read_bytes() + NEEDLE.encode() + archive())
        return path

    return make


@pytest.fixture
def laden_clip(kept, kit, tmp_path):
    """laden_clip(name) gives a clip with everything in it that its container can hold."""

    def make(name: str) -> Path:
        path, side = tmp_path / name, tmp_path / "side"
        side.mkdir()
        (side / "chapters").write_text(
            f";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle={NEEDLE}\n"
        )
        (side / "words.srt").write_text(f"1\n00:00:00,000 --> 00:00:00,300\n{NEEDLE}\n")
        Image.new("RGB", (64, 64), "red").save(side / "cover.jpg", comment=NEEDLE.encode())
        matroska = path.suffix == ".mkv"
        more = (
            ["-attach", side / "cover.jpg", "-metadata:s:t", "mimetype=image/jpeg"]
            if matroska
            else ["-timecode", "01:02:03:04"]
        )
        cover = (
            []
            if matroska
            else [
                "-i",
                side / "cover.jpg",
                "-map",
                "4:v",
                "-c:v:1",
                "copy",
                "-disposition:v:1",
                "attached_pic",
            ]
        )
        kit.ffmpeg(
            "-i",
            kept / "clip.mp4",
            "-i",
            side / "words.srt",
            "-i",
            side / "chapters",
            "-f",
            "lavfi",
            "-i",
            "sine=d=0.4",
            *cover[:2],
            "-map",
            "0:v",
            "-map",
            "1:s",
            "-map",
            "3:a",
            *cover[2:],
            "-map_metadata",
            2,
            "-map_chapters",
            2,
            "-c:v:0",
            "copy",
            "-c:a",
            "aac",
            "-c:s",
            "srt" if matroska else "mov_text",
            "-bsf:v:0",
            f"h264_metadata=sei_user_data={UUID}+{NEEDLE}",
            *(
                f
                for tag in ("title", "comment", "artist", "description", "make")
                for f in ("-metadata", f"{tag}={NEEDLE}")
            ),
            "-metadata",
            f"location=+{COORDINATES[0]}+{COORDINATES[1]}/",
            "-metadata:s:v:0",
            f"handler_name={NEEDLE}",
            "-metadata:s:a:0",
            f"handler_name={NEEDLE}",
            "-metadata:s:a:0",
            f"title={NEEDLE}",
            "-metadata:s:v:0",
            f"title={NEEDLE}",
            "-metadata",
            "creation_time=2021-06-01T10:20:30Z",
            *more,
            path,
        )
        if path.suffix in (".mp4", ".mov"):
            exiftool(
                "-overwrite_original", f"-XMP:City={NEEDLE}", f"-Keys:DisplayName={NEEDLE}", path
            )
        shutil.rmtree(side)
        return path

    return make


@needs_exiftool
@pytest.mark.parametrize("name", ["face.jpg", "face.png"])
def test_photos(efface, kit, laden_photo, tmp_path, name):
    source = laden_photo(name)
    planted = tags(source)
    assert len([v for v in planted.values() if NEEDLE[:13] in str(v)]) >= 5, "the needles are in"
    assert leaks(source)
    done = efface("redact", source)
    assert (done.code, done.err) == (0, "")
    target, plan = (
        source.with_stem(source.stem + ".redacted"),
        tmp_path / f"face.redacted{source.suffix}.plan.json",
    )
    assert leaks(target, plan) == []
    left = tags(target)
    assert set(left) <= (JPEG_TAGS if name.endswith("jpg") else PNG_TAGS), left
    assert "1 face" in done.out
    assert source.name not in plan.read_text(), "not even the name"
    assert len(kit.plan_of(plan)["tracks"]) == 1


@needs_exiftool
@pytest.mark.parametrize("name", ["laden.mp4", "laden.mov", "laden.mkv"])
@pytest.mark.parametrize("sound", ["drop", "keep"])
def test_videos(efface, laden_clip, tmp_path, name, sound):
    source = laden_clip(name)
    assert (
        len([leak for leak in leaks(source) if NEEDLE in leak or "ftypqt" in leak or UUID in leak])
        >= 1
    )
    assert source.read_bytes().count(NEEDLE.encode()) >= 8
    done = efface("redact", source, "--audio", sound, "--preset", "ultrafast")
    assert (done.code, done.err) == (0, "")
    target, plan = tmp_path / "laden.redacted.mp4", tmp_path / "laden.redacted.mp4.plan.json"
    # Sound is copied unchanged where it is asked for, and AAC by FFmpeg names its encoder in its
    # first packet.
    assert [
        leak for leak in leaks(target, plan) if sound == "drop" or not leak.startswith("Lavc")
    ] == []
    left = tags(target)
    assert set(left) <= MP4_TAGS, set(left) - MP4_TAGS
    assert "0 bytes" in left["Free"]
    assert {left[t] for t in EMPTY_DATES if t in left} <= {"0000:00:00 00:00:00"}
    assert left["HandlerDescription"] in ("VideoHandler", "SoundHandler")
    said = json.loads(
        subprocess.run(
            [
                "ffprobe",
                "-v",
                "error",
                "-of",
                "json",
                "-show_streams",
                "-show_format",
                "-show_chapters",
                target,
            ],
            check=True,
            capture_output=True,
        ).stdout
    )
    assert [s["codec_type"] for s in said["streams"]] == ["video", "audio"][: 1 + (sound == "keep")]
    assert said["chapters"] == []
    assert set(said["format"]["tags"]) <= {"major_brand", "minor_version", "compatible_brands"}
    for stream in said["streams"]:
        assert set(stream["tags"]) <= {"language", "handler_name", "vendor_id"}


@needs_exiftool
@pytest.mark.parametrize("suffix", [".mkv", ".mov", ".ts"])
def test_other_containers(efface, laden_clip, tmp_path, suffix):
    source = laden_clip("laden.mp4")
    target = tmp_path / ("out" + suffix)
    assert efface("redact", source, "-o", target, "--preset", "ultrafast").code == 0
    found = [
        leak
        for leak in leaks(target, tmp_path / f"out{suffix}.plan.json")
        if suffix != ".mov" or "ftypqt" not in leak
    ]
    assert found == []


def test_the_examples(efface, kit, tmp_path):
    """The words that examples/make.py planted."""
    planted = (
        b"EFFACE-SERIAL-4711",
        b"EFFACE-OWNER",
        b"EFFACE-PLACE",
        b"EFFACE-TITLE",
        b"+38.8882",
    )
    for name in ("astronaut.jpg", "astronaut.mp4"):
        source = Path(shutil.copy(kit.EXAMPLES / name, tmp_path))
        assert [w for w in planted if w in source.read_bytes()]
        target, plan = tmp_path / f"out{source.suffix}", tmp_path / f"out{source.suffix}.plan.json"
        done = efface("redact", source, "-o", target, "--overwrite", *kit.FAST)
        assert done.code == 0
        assert re.search(r": [13] face", done.out)  # in the film a bar passes before the face
        assert [w for w in planted if w in target.read_bytes() + plan.read_bytes()] == []
