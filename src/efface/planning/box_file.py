"""A file with boxes from another program: CVAT's XML, or Label Studio's JSON."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

from efface.errors import BadBoxes
from efface.files import open_plain, reason
from efface.planning.cvat_format import read_cvat
from efface.planning.given_boxes import LARGEST, GivenBoxes
from efface.planning.label_studio_format import read_label_studio

HINT = "Export it again as CVAT for images 1.1, CVAT for video 1.1, or Label Studio's JSON."


def load_boxes(path: Path) -> GivenBoxes:
    """Return what the file says. Raises BadBoxes."""
    try:
        with open_plain(path) as f:
            data = f.read(min(os.fstat(f.fileno()).st_size, LARGEST) + 1)
    except OSError as e:
        raise BadBoxes(path, reason(e), "") from e
    except ValueError as e:  # a NUL byte in the name
        raise BadBoxes(path, str(e), "") from e
    if len(data) > LARGEST:
        raise BadBoxes(path, f"it is larger than {LARGEST >> 20} MB", "Export it in parts.")
    if data.startswith(b"PK"):
        raise BadBoxes(
            path, "it is a ZIP archive", "Unpack it, and name the annotations.xml in it."
        )
    sha256 = hashlib.sha256(data).hexdigest()
    is_xml = data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    try:
        return replace((read_cvat if is_xml else read_label_studio)(data, sha256), path=str(path))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError) as e:
        raise BadBoxes(path, str(e) or type(e).__name__, HINT) from e
    except MemoryError as e:
        raise BadBoxes(path, "it does not fit into the memory", "Export it in parts.") from e
