"""HTML from values: whatever is not Html already is escaped, so no text can become markup by being
forgotten."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TypeAlias

from efface.errors import printable


class Html(str):
    """Text that is markup already. Made by `tag` and `joined`; and from constants of this room."""

    __slots__ = ()


Content: TypeAlias = "str | int | float | Iterable[Content] | None"

VOID = {"meta", "br", "wbr", "path", "rect", "line"}
"""Elements without content. Those of SVG are closed with a slash."""


def tag(name: str, /, *content: Content, **attributes: str | int | float | bool | None) -> Html:
    """An element.

    Attributes: `class_` is class, `data_x` is data-x; True stands alone, None and False are left
    out.
    """
    said = "".join(
        _attribute(key, value)
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in VOID:
        return Html(f"<{name}{said}>" if name in ("meta", "br", "wbr") else f"<{name}{said}/>")
    return Html(f"<{name}{said}>{joined(*content)}</{name}>")


def joined(*content: Content) -> Html:
    """The pieces one after the other."""
    return Html("".join(_pieces(content)))


def _pieces(content: Iterable[Content]) -> Iterable[str]:
    for piece in content:
        if piece is None:
            continue
        if isinstance(piece, Html):
            yield piece
        elif isinstance(piece, str | int | float):
            yield _escaped(piece)
        else:
            yield from _pieces(piece)


def _attribute(key: str, value: str | int | float | bool) -> str:
    name = (
        key.rstrip("_").replace("_", "-") if key not in ("viewBox", "preserveAspectRatio") else key
    )
    return f" {name}" if value is True else f' {name}="{_escaped(value)}"'


def _escaped(value: object) -> str:
    # Control characters, lone surrogates and marks that turn the direction of writing are made
    # visible first.
    return html.escape(printable(value), quote=True)
