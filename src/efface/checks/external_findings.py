"""Compare what exiftool and ffprobe report of a finished file with lists of what they may
report."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from efface.media import external_tools

ABSENT = "not on this machine"
MOST_NAMED = 20
"""Maximum number of unlisted parts that are named. More add nothing."""


@dataclass(frozen=True, slots=True)
class ToolFindings:
    """program: its name. unlisted: what it reports that is on no list. why: why it gave no answer.
    version: of the program."""

    program: str
    unlisted: tuple[str, ...] = ()
    why: str = ""
    version: str = ""


ABOUT_THE_FILE = frozenset(("System", "ExifTool", "Composite", "File"))
"""Groups of exiftool that describe the file's name and size, or repeat other groups."""

TAGS = {
    "JFIF": "JFIFVersion ResolutionUnit XResolution YResolution",
    "APP14": "DCTEncodeVersion APP14Flags0 APP14Flags1 ColorTransform",
    "PNG": (
            "ImageWidth ImageHeight BitDepth ColorType Compression Filter Interlace "
            "AnimationFrames AnimationPlays"
        ),
    "PNG-cICP": "ColorPrimaries TransferCharacteristics MatrixCoefficients VideoFullRangeFlag",
    "RIFF": "WebP_Flags ImageWidth ImageHeight VP8Version HorizontalScale VerticalScale "
    "AlphaIsUsed BackgroundColor AnimationLoopCount "
    "FrameCount Duration AlphaPreprocessing AlphaFiltering AlphaCompression FrameRate "
    "MaxDataRate StreamCount StreamType VideoCodec "
    "VideoFrameRate VideoFrameCount Quality SampleSize VideoWidth VideoHeight Encoding "
    "NumChannels SampleRate AvgBytesPerSec "
    "BitsPerSample AudioCodec AudioSampleRate AudioSampleCount TotalFrameCount BMPVersion "
    "Planes BitDepth Compression ImageLength "
    "PixelsPerMeterX PixelsPerMeterY NumColors NumImportantColors",
    "GIF": "GIFVersion ImageWidth ImageHeight HasColorMap ColorResolutionDepth BitsPerPixel "
    "BackgroundColor AnimationIterations FrameCount Duration TransparentColor",
    "IFD": "ImageWidth ImageHeight BitsPerSample Compression PhotometricInterpretation "
    "StripOffsets SamplesPerPixel RowsPerStrip "
    "StripByteCounts PlanarConfiguration Predictor ExtraSamples",
    "Meta": "PrimaryItemReference MetaImageSize HandlerType ImageSpatialExtent ImagePixelDepth "
    "AV1ConfigurationVersion AuxiliaryImageType "
    "ImageWidth ImageHeight ColorProfiles ColorPrimaries TransferCharacteristics "
    "MatrixCoefficients VideoFullRangeFlag",
    "QuickTime": "MajorBrand MinorVersion CompatibleBrands "
    "MovieHeaderVersion CreateDate ModifyDate TimeScale Duration PreferredRate "
    "PreferredVolume PreviewTime PreviewDuration PosterTime SelectionTime "
    "SelectionDuration CurrentTime NextTrackID MediaDataSize "
    "MediaDataOffset HandlerType HandlerDescription HandlerClass HandlerVendorID "
    "PrimaryItemReference ImageSpatialExtent ImagePixelDepth "
    "HEVCConfigurationVersion GeneralProfileSpace GeneralTierFlag GeneralProfileIDC "
    "GenProfileCompatibilityFlags ConstraintIndicatorFlags "
    "GeneralLevelIDC MinSpatialSegmentationIDC ParallelismType ChromaFormat BitDepthLuma "
    "BitDepthChroma AverageFrameRate ConstantFrameRate "
    "NumTemporalLayers TemporalIDNested AV1ConfigurationVersion MetaImageSize ImageWidth "
    "ImageHeight AuxiliaryImageType ColorProfiles "
    "ColorPrimaries TransferCharacteristics MatrixCoefficients VideoFullRangeFlag Rotation "
    "CleanAperture MatrixStructure "
    "ChromaSamplePosition ChromaSubsampling SeqProfile SeqLevelIdx0 SeqTier0 HighBitDepth "
    "TwelveBit AlphaChannel",
    "Track": "TrackHeaderVersion TrackCreateDate TrackModifyDate TrackID TrackDuration TrackLayer "
    "TrackVolume MatrixStructure ImageWidth "
    "ImageHeight MediaHeaderVersion MediaCreateDate MediaModifyDate MediaTimeScale "
    "MediaDuration MediaLanguageCode HandlerType HandlerClass "
    "HandlerDescription GraphicsMode OpColor CompressorID SourceImageWidth "
    "SourceImageHeight XResolution YResolution BitDepth "
    "PixelAspectRatio VideoFrameRate BufferSize MaxBitrate AverageBitrate ColorProfiles "
    "ColorPrimaries TransferCharacteristics "
    "MatrixCoefficients VideoFullRangeFlag Balance AudioFormat AudioChannels "
    "AudioBitsPerSample AudioSampleRate AudioVendorID VendorID "
    "PurchaseFileFormat HandlerVendorID TrackProperty LayoutFlags AudioChannelTypes "
    "NumChannelDescriptions Endianness",
    "Matroska": "EBMLVersion EBMLReadVersion DocType "
    "DocTypeVersion DocTypeReadVersion TimecodeScale TimestampScale Duration MuxingApp "
    "WritingApp TagTrackUID",
    "Info": "TimecodeScale TimestampScale Duration MuxingApp WritingApp",
    "M2TS": (
            "VideoStreamType AudioStreamType AudioBitrate SurroundMode AudioChannels "
            "AudioSampleRate Duration"
        ),
    "AC3": "AudioBitrate SurroundMode AudioChannels AudioSampleRate",
    "H264": "ImageWidth ImageHeight",
    "MPEG": "MPEGAudioVersion AudioLayer AudioBitrate SampleRate ChannelMode ModeExtension "
    "MSStereo IntensityStereo CopyrightFlag OriginalMedia Emphasis VBRFrames VBRBytes VBRScale",
}  # fmt: skip
"""Groups of exiftool, and the tags in them that may appear."""
_TRACKS = (
    "TrackNumber TrackUID TrackType TrackUsed TrackDefault TrackForced CodecID "
    "VideoCodecID AudioCodecID DefaultDuration "
    "VideoFrameRate ImageWidth ImageHeight DisplayWidth DisplayHeight DisplayUnit "
    "VideoScanType FieldOrder AudioSampleRate "
    "AudioChannels AudioBitsPerSample TrackLanguage MinCache CodecDelay SeekPreRoll "
    "OutputAudioSampleRate TrackTimecodeScale"
)
TAGS["Track"] += " " + _TRACKS
TAGS["Matroska"] += " " + _TRACKS
TAGS["Animation"] = TAGS["GIF"]

EXPECTED = {
    "HandlerDescription": {"VideoHandler", "SoundHandler", "DataHandler", ""},
    "MuxingApp": {"none"}, "WritingApp": {"none"},
    "TrackLanguage": {"und", "eng"},
    "MediaLanguageCode": {"und", "eng", "32767", "Unknown (32767)"},
    "AudioVendorID": {"FFmpeg"},
    "VendorID": {"FFmpeg"}, "HandlerVendorID": {"Apple"},
}  # fmt: skip
_NO_DATE = "0000:00:00 00:00:00"


MANIFEST = frozenset(("JUMBF", "CBOR", "Jpeg2000"))
"""Groups in which exiftool reports a C2PA manifest."""


def exiftool(path: Path, *, is_signed: bool = False) -> ToolFindings:
    """Return what exiftool reports of the file. is_signed: it holds a manifest, of which efface
    knows every byte."""
    known = MANIFEST if is_signed else frozenset()
    return _asked("exiftool", external_tools.exiftool, path, partial(_unlisted, known=known))


def _asked(
    program: str,
    ask: Callable[[Path], dict[str, Any] | None],
    path: Path,
    unlisted: Callable[[dict[str, Any]], Iterator[str]],
) -> ToolFindings:
    """Return the unlisted parts of the program's answer, or why it gave no answer."""
    try:
        answer = ask(path)
    except external_tools.NoAnswer as e:
        return ToolFindings(program, why=str(e))
    if answer is None:
        return ToolFindings(program, why=ABSENT)
    return ToolFindings(
        program,
        tuple(islice(unlisted(answer), MOST_NAMED)),
        version=external_tools.version_of(program),
    )


def _unlisted(tags: dict[str, Any], known: frozenset[str]) -> Iterator[str]:
    for name, value in tags.items():
        if not _is_allowed(name, value) and name.split(":")[0] not in known:
            yield f"the tag {name}"


def _is_allowed(name: str, value: object) -> bool:
    group, _, tag = name.rpartition(":")
    if group in ABOUT_THE_FILE or name == "SourceFile":
        return tag != "Comment"  # exiftool files a JPEG's comment under the file's own properties
    if (
        tag not in TAGS.get(group, TAGS.get(re.sub(r"\d+$", "", group), "")).split()
    ):  # "Track2", but also "AC3"
        return False
    if tag.endswith("Date"):
        return value == _NO_DATE
    return tag not in EXPECTED or str(value) in EXPECTED[tag]


FORMAT_TAGS = frozenset(("major_brand", "minor_version", "compatible_brands"))
STREAM_TAGS = frozenset(("language", "handler_name", "vendor_id", "duration"))


def ffprobe(path: Path) -> ToolFindings:
    """Return what ffprobe reports of a video. Photos are skipped, as ffprobe treats them as
    one-frame videos."""
    return _asked("ffprobe", external_tools.ffprobe, path, _strange)


def _strange(said: dict[str, Any]) -> Iterator[str]:
    if said.get("chapters"):
        yield f"{len(said['chapters'])} chapters"
    kinds = [s.get("codec_type") for s in said["streams"]]
    if kinds.count("video") != 1:
        yield f"{kinds.count('video')} streams of pictures"
    yield from (f"a stream of {kind}" for kind in kinds if kind not in ("video", "audio"))
    yield from (
        f"the tag {t} of the file"
        for t, v in _tags(said.get("format"))
        if not _is_plain(t, v, FORMAT_TAGS)
    )
    for stream in said["streams"]:
        yield from (
            f"the tag {t} of stream {stream.get('index')}"
            for t, v in _tags(stream)
            if not _is_plain(t, v, STREAM_TAGS)
        )


def _tags(of: object) -> Iterator[tuple[str, str]]:
    tags = of.get("tags") if isinstance(of, dict) else None
    yield from ((str(k), str(v)) for k, v in tags.items()) if isinstance(tags, dict) else ()


def _is_plain(tag: str, value: str, allowed: frozenset[str]) -> bool:
    match tag.lower():
        case "encoder":
            return value == "none"  # Matroska requires the name of a program
        case "handler_name":
            return value in ("VideoHandler", "SoundHandler")
        case "language":
            return value in ("und", "eng")
        case "vendor_id":
            return value in ("[0][0][0][0]", "FFMP")
        case name:
            return name in allowed
