"""Start `efface`, or `python -m efface`: handle signals and check the available memory before any
large import."""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
from typing import NoReturn

from efface.processors import use_one_thread_for_products
from efface.signals import SIGNALS, leave_at_once_on

LEAST_BYTES, BYTES_A_CORE = 1_200 << 20, 100 << 20
"""Address space in bytes that the libraries take, and that the threads of each core take. With
less, importing NumPy hangs or crashes."""

EXIT_PART_MISSING, EXIT_INTERRUPTED = 4, 130


def main() -> NoReturn:
    """Run the command line and end the process."""
    leave_at_once_on(SIGNALS)
    use_one_thread_for_products()
    _make_printable()
    # The interpreter's last collection would go through all libraries for nothing: .2 s.
    atexit.register(gc.freeze)
    if not {"--help", "-h", "--version"} & set(sys.argv[1:]) and (short := _memory_is_short()):
        print(short, file=sys.stderr)
        sys.exit(EXIT_PART_MISSING)
    from efface.cli.main import main as run

    run()


def app() -> NoReturn:
    """Open the page, as `efface open` does, where there may be no console.

    What would have been printed of an error is shown in a window: otherwise nothing would happen
    after a double-click.
    """
    has_console = sys.stderr is not None and sys.stderr.isatty()
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  to the end
    sys.argv[1:1] = ["open"]
    if has_console:
        main()
    said, real = io.StringIO(), sys.stderr
    sys.stderr = said
    try:
        main()
    except SystemExit as e:
        text = said.getvalue().strip()
        real.write(said.getvalue())
        if e.code not in (0, None, EXIT_INTERRUPTED) and text:
            from efface.cli.message_window import show_message

            show_message(text)
        raise
    finally:
        sys.stderr = real


def _make_printable() -> None:
    """Let names be printed that the encoding of the output lacks, as escapes. A file or a pipe on
    Windows takes 256 characters."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
            stream.reconfigure(errors="backslashreplace")


def _memory_is_short() -> str:
    """Return a sentence if a system limit leaves too little memory; otherwise an empty string."""
    try:
        import resource
    except ImportError:  # Windows
        return ""
    least = LEAST_BYTES + BYTES_A_CORE * (os.cpu_count() or 1)
    for limit, name in ((resource.RLIMIT_AS, "ulimit -v"), (resource.RLIMIT_DATA, "ulimit -d")):
        granted = resource.getrlimit(limit)[0]
        if granted != resource.RLIM_INFINITY and granted < least:
            return (
                f"efface: The system grants only {granted >> 20} MB of memory ({name}), "
                "and efface needs at least "
                f"{least >> 20} MB. Nothing was written. Raise the limit and run the same "
                "command again."
            )
    return ""


if __name__ == "__main__":
    main()
