"""Files to walk through come from the writers of media."""

from __future__ import annotations

from tests.media.conftest import clip, paced, pages, passed_through, picture_of, run_ffmpeg, scene

__all__ = ["clip", "paced", "pages", "passed_through", "picture_of", "run_ffmpeg", "scene"]
