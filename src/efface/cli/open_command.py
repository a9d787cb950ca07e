"""`efface open`: opens the page into which files are dropped or chosen."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from efface.cli.commands import Command, has_page
from efface.cli.parameters import A_PATH
from efface.errors import ExtraMissing

FIRST_TAB_S = 120.0
"""efface-app has no terminal in which it could be ended, so it ends if no browser comes."""


@click.command(
    "open",
    cls=Command,
    examples=(("open", "drop photos and films into a page"), ("open holiday/", "begin with these")),
)
@click.argument("paths", nargs=-1, metavar="[PATH...]", type=A_PATH)
@click.option(
    "--no-browser",
    is_flag=True,
    show_default="off",
    help="Only print the address of the page, and do not open it.",
)
def open_page(paths: tuple[Path, ...], no_browser: bool) -> None:
    """Open efface's page in a browser on this machine: drop files, erase, review, save.

    `efface` without arguments does the same on a terminal. Copies of dropped files go to the folder
    efface in your downloads; copies of files that you choose go beside them. The command ends when
    the last tab is closed, or with Ctrl-C.
    """
    if not has_page():
        raise ExtraMissing("review")
    from efface.files import require_source
    from efface.options import Options
    from efface.pipeline.naming import collisions, jobs_for
    from efface.review.serve import review

    for path in paths:
        if not path.is_dir():
            require_source(path)
    found = (job for path in paths for job in jobs_for([path], None))
    jobs = list({os.path.realpath(job.source): job for job in found}.values())
    for error in collisions(jobs).values():
        raise error
    browser = not no_browser and has_screen()
    patience_s = FIRST_TAB_S if browser and not sys.stdout.isatty() else float("inf")
    review(
        jobs, Options(), browser=browser, say=click.echo, home=Path.home(), first_tab_s=patience_s
    )


def has_screen() -> bool:
    """Return whether a browser can be shown. Without a screen, one for text would take the
    terminal."""
    if sys.platform != "linux":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
