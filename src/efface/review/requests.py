"""What the body of a request says."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request


async def asked_of(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request. Raises ValueError."""
    try:
        asked = json.loads(await request.body())
    except (ValueError, RecursionError) as e:
        raise ValueError("the request body is not JSON") from e
    if not isinstance(asked, dict):
        raise ValueError("the request body is not an object")
    return asked
