import contextlib
import signal
import sys
import threading
import time
import weakref

import pytest

from efface.stopping import SOON_S, heeding

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
pytestmark = on_posix


class Thing:
    pass


def send(number=signal.SIGTERM):
    signal.raise_signal(number)


def asleep():
    end = time.monotonic() + 5
    while time.monotonic() < end:
        time.sleep(0.01)


def test_a_signal_interrupts_and_is_told():
    told = threading.Event()
    with pytest.raises(KeyboardInterrupt), heeding([signal.SIGTERM], told):
        send()
    assert told.is_set()


def test_a_second_one_is_impatience():
    told = threading.Event()
    with heeding([signal.SIGTERM], told):
        with contextlib.suppress(KeyboardInterrupt):
            send()
        send()


def test_a_later_one_counts_again():
    with heeding([signal.SIGTERM], threading.Event(), patience_s=0.05):
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                send()
            send()
            time.sleep(0.06)


@pytest.mark.parametrize("how", ["finaliser", "weak reference"])
def test_an_interrupt_is_not_lost_where_python_drops_it(how, capfd):
    thing, told = Thing(), threading.Event()
    if how == "finaliser":
        Thing.__del__ = lambda self: send()
    kept = weakref.ref(thing, lambda _: send())
    try:
        with pytest.raises(KeyboardInterrupt), heeding([signal.SIGTERM], told):  # noqa: PT012
            del thing
            send()  # a second one, at once, changes nothing
            asleep()
    finally:
        if how == "finaliser":
            del Thing.__del__
    assert kept() is None
    assert told.is_set()
    assert "Traceback" not in capfd.readouterr().err


def test_the_import_system_is_not_interrupted_within():
    """A signal there waits for a moment, and is then raised."""
    names = {"send": signal.raise_signal}
    exec(compile("def work(): send(15); x = 1; return x + 2", "<frozen importlib._bootstrap>", "exec"), names)
    seen = []
    with pytest.raises(KeyboardInterrupt), heeding([signal.SIGTERM], threading.Event()):  # noqa: PT012
        seen.append(names["work"]())
        asleep()
    assert seen == [3]


def test_what_was_lost_is_not_raised_after_the_block():
    Thing.__del__ = lambda self: send()
    heard, before = [], signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        with heeding([signal.SIGTERM], threading.Event()):
            thing = Thing()
            del thing
        time.sleep(10 * SOON_S)
    finally:
        signal.signal(signal.SIGTERM, before)
        del Thing.__del__
    assert not heard


def test_other_errors_that_python_drops_are_still_told(capsys):
    told = []
    before, sys.unraisablehook = sys.unraisablehook, told.append
    try:
        thing = Thing()
        kept = weakref.ref(thing, lambda _: 1 / 0)
        with heeding([signal.SIGTERM], threading.Event()):
            del thing
    finally:
        sys.unraisablehook = before
    assert kept() is None
    assert [t.exc_type for t in told] == [ZeroDivisionError]


def test_what_was_ignored_stays_ignored_and_handlers_come_back():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    mine = signal.getsignal(signal.SIGTERM)
    try:
        with heeding([signal.SIGHUP, signal.SIGTERM], threading.Event()):
            send(signal.SIGHUP)
            assert signal.getsignal(signal.SIGTERM) is not mine
        assert signal.getsignal(signal.SIGTERM) is mine
        with heeding([signal.SIGTERM], threading.Event(), ignored_after=True):
            pass
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
        signal.signal(signal.SIGTERM, mine)
