"""Makes docs/cli.md from the commands themselves: their own words, and the defaults and units of
`efface.options`.

    python docs/make_cli_reference.py           writes docs/cli.md
    python docs/make_cli_reference.py --print   prints it

It reads the parameters and not the text of `--help`, whose line breaks change with the releases of
click.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

from efface.cli.commands import GROUPS, Command
from efface.cli.main import cli
from efface.option_fields import Setting
from efface.options import settings

TARGET = Path(__file__).with_name("cli.md")

COLUMNS = 100
"""Width of the page's lines, outside of tables and code."""

HEAD = """# The command line

`docs/make_cli_reference.py` makes this page from the program itself; do not edit it by hand.
`efface COMMAND --help` says the same.
"""

ENVIRONMENT = """## Environment

`EFFACE_TRACEBACK=1` shows where an unexpected error came from. It is off by default, because \
tracebacks quote paths and values.

`NO_COLOR`, if it is set and not empty, switches colours off where `--color` is `auto`.
"""


def reference() -> str:
    """The whole page."""
    return _wrapped("\n".join([HEAD, *_overview(), *_commands(), *_options(), ENVIRONMENT]))


def _wrapped(text: str) -> str:
    """The text with its prose broken into lines of COLUMNS."""
    blocks = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(
        b if b.startswith("```") else "\n".join(map(_filled, b.split("\n"))) for b in blocks
    )


def _filled(line: str) -> str:
    if line.startswith(("|", "#")):
        return line
    indent = "  " if line.startswith("- ") else ""
    return textwrap.fill(
        line, COLUMNS, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _overview() -> Iterator[str]:
    yield f"{_plain(cli.help)}\n"
    yield "| command | what it does |\n|---|---|"
    for name, command in _leaves(cli):
        yield f"| [`efface {name}`](#efface-{name.replace(' ', '-')}) | {_paragraphs(command)[0]} |"
    yield ""


def _commands() -> Iterator[str]:
    for name, command in _leaves(cli):
        yield f"## efface {name}\n"
        yield f"```\nefface {name} [OPTIONS] {' '.join(_arguments(command))}\n```\n"
        yield "\n\n".join(_paragraphs(command)) + "\n"
        yield from _examples(command)
        yield from _own_options(command)
        if groups := list(_groups(command)):
            yield f"It also takes the options of these groups: {', '.join(groups)}.\n"


def _examples(command: click.Command) -> Iterator[str]:
    if isinstance(command, Command) and command.examples:
        width = max(len(typed) for typed, _ in command.examples)
        lines = (f"efface {typed:{width}}  # {does}" for typed, does in command.examples)
        yield "```\n" + "\n".join(lines) + "\n```\n"


def _groups(command: click.Command) -> Iterator[str]:
    """Links to the groups of which the command has options; which ones, where it has not all of
    them."""
    has = {o for p in command.params if not getattr(p, "hidden", False) for o in p.opts}
    for branch, heading in GROUPS.items():
        ours = [s.flag for s in settings() if s.branch == branch]
        taken, left = [f for f in ours if f in has], [f for f in ours if f not in has]
        words = f"[{heading}](#{heading.lower().replace(' ', '-')})"
        if taken and left:
            named, without = (taken, "") if len(taken) <= len(left) else (left, "without ")
            words += f" ({without}{', '.join(f'`{f}`' for f in named)})"
        if taken:
            yield words


def _leaves(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with the words that call it, by name."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from _leaves(command, f"{before}{name} ")
        else:
            yield before + name, command


def _arguments(command: click.Command) -> Iterator[str]:
    return (
        p.metavar or p.name.upper()
        for p in command.params
        if isinstance(p, click.Argument) and p.name
    )


def _own_options(command: click.Command) -> Iterator[str]:
    own = [
        p for p in command.params if isinstance(p, click.Option) and not (_branch(p) or p.hidden)
    ]
    for option in own:
        needed = " Required." if option.required else ""
        takes = "" if option.is_flag else f" {option.metavar or _kind(option)}"
        default = (
            f" Default: `{option.default}`." if option.show_default and not option.is_flag else ""
        )
        yield f"- `{', '.join(option.opts)}{takes}` {option.help}{needed}{default}"
    yield ""


def _kind(option: click.Option) -> str:
    return "|".join(option.type.choices) if isinstance(option.type, click.Choice) else "PATH"


def _branch(parameter: click.Parameter) -> str:
    return parameter.name.split("__")[0] if parameter.name and "__" in parameter.name else ""


def _options() -> Iterator[str]:
    yield (
        "# Options\n\nAn option means the same in every command that has it, and in the library.\n"
    )
    for branch, heading in GROUPS.items():
        yield f"## {heading}\n"
        for setting in (s for s in settings() if s.branch == branch):
            yield f"### {setting.flag}\n\n{_facts(setting)}\n\n{setting.help}\n"


def _facts(setting: Setting) -> str:
    default = (
        "off"
        if setting.default is False
        else "none"
        if setting.default is None or setting.is_repeatable
        else f"`{setting.default}`"
    )
    facts = [f"Default: {default}"]
    if setting.choices:
        facts.append("one of " + ", ".join(f"`{c}`" for c in setting.choices))
    elif setting.items:
        facts.append(
            "one or more of " + ", ".join(f"`{i}`" for i in setting.items) + ", with commas between"
        )
    elif setting.unit:
        facts.append(f"unit: {setting.unit}")
    return "; ".join([*facts, f"in the library: `Options.{setting.branch}.{setting.name}`"]) + "."


def _paragraphs(command: click.Command) -> list[str]:
    return [" ".join(p.split()) for p in (command.help or "").split("\n\n")]


def _plain(text: str | None) -> str:
    return "\n\n".join(" ".join(p.split()) for p in (text or "").split("\n\n"))


def main(arguments: list[str]) -> None:
    """Writes or prints the page."""
    if "--print" in arguments:
        sys.stdout.write(reference())
    else:
        TARGET.write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
