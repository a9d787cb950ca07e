"""The filters, run as the kernel runs them: what it would answer to each system call."""

from __future__ import annotations

import errno
import os
import struct

import pytest

from efface.walls import seccomp, system_calls
from efface.walls.system_calls import (
    ALLOWED,
    BOUNDED,
    CHANGES,
    NETWORK,
    NEVER,
    RINGS,
    STREAMS,
    number,
)

ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000

pytestmark = pytest.mark.usefixtures("_machine")


@pytest.fixture(params=["x86_64", "aarch64"])
def _machine(request, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: request.param)


def answer(lines, call, *arguments, machine=None):
    """Run a filter (classic BPF, as in the kernel's Documentation/networking/filter.rst)."""
    arch = system_calls.AUDIT[machine or system_calls.machine()]
    wide = [a & (1 << 64) - 1 for a in (*arguments, *[0] * (6 - len(arguments)))]
    data = struct.pack("<IIQ6Q", call, arch, 0, *wide)
    at, loaded = 0, 0
    while True:
        code, then, otherwise, value = lines[at]
        at += 1
        if code == 0x20:
            (loaded,) = struct.unpack_from("<I", data, value)
        elif code == 0x54:
            loaded &= value
        elif code == 0x15:
            at += then if loaded == value else otherwise
        elif code == 0x45:
            at += then if loaded & value else otherwise
        else:
            assert code == 0x06
            return value


def refused(number):
    return REFUSE | number


def known(names):
    return [n for n in names if number(n) is not None]


@pytest.mark.parametrize(
    "make",
    [
        seccomp.for_decoder, seccomp.for_program, seccomp.for_worker,
        lambda: seccomp.for_stream(has_datagrams=True, is_device=False),
    ],
    ids=lambda m: m.__name__,
)  # fmt: skip
def test_calls_of_another_architecture_kill(make):
    other = next(a for a in system_calls.AUDIT if a != system_calls.machine())
    assert answer(make(), number("read"), machine=other) == KILL
    assert answer(make(), 0x40000000) == refused(errno.ENOSYS), "x32"


def test_a_decoder_may_do_what_it_needs():
    lines = seccomp.for_decoder()
    for name in known(ALLOWED):
        assert answer(lines, number(name)) == ALLOW, name
    for name in known(NEVER):
        assert answer(lines, number(name)) == KILL, name
    for name in known([*NETWORK, *CHANGES, *RINGS]):
        assert answer(lines, number(name)) == refused(errno.EPERM), name
    assert answer(lines, 4000) == refused(errno.EPERM), "calls that are not invented yet"


def test_a_decoder_may_do_some_things_with_some_arguments():
    lines = seccomp.for_decoder()
    said = {
        name: answer(lines, number(name), *arguments)
        for name, arguments in {
            "openat": (0, 0, os.O_RDONLY | os.O_CLOEXEC),
            "clone": (0x10000 | 0x100,),
            "prctl": (15,),
            "prlimit64": (0,),
            "tgkill": (os.getpid(),),
        }.items()
    }
    assert said == dict.fromkeys(said, ALLOW)
    for flag in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC, os.O_APPEND):
        assert answer(lines, number("openat"), 0, 0, flag) == refused(errno.EACCES)
    for name, arguments, why in (
        ("clone", (17,), errno.EPERM),
        ("prctl", (16,), errno.EPERM),
        ("prlimit64", (1,), errno.EPERM),
        ("tgkill", (1,), errno.EPERM),
        ("clone3", (), errno.ENOSYS),
        ("openat2", (), errno.ENOSYS),
        ("ioctl", (), errno.ENOTTY),
    ):
        assert answer(lines, number(name), *arguments) == refused(why), name


def test_a_program_has_no_network():
    lines = seccomp.for_program()
    for name in known(NETWORK):
        assert answer(lines, number(name)) == refused(errno.EACCES), name
    for name in known([*CHANGES, "ptrace", "mount", "bpf"]):
        assert answer(lines, number(name)) == refused(errno.EPERM), name
    for name in known([*ALLOWED, *BOUNDED, "execve"]):
        assert answer(lines, number(name)) == ALLOW, name


def test_a_worker_speaks_with_its_own_processes_only():
    lines = seccomp.for_worker()
    for name in known(["socketpair", "sendto", "sendmsg", "recvmmsg", "execve", "chmod"]):
        assert answer(lines, number(name)) == ALLOW, name
    for name in known(["socket", "connect", "bind", "listen", "accept4"]):
        assert answer(lines, number(name)) == refused(errno.EACCES), name
    for name in known(["ptrace", "process_vm_readv", "unshare"]):
        assert answer(lines, number(name)) == refused(errno.EPERM), name


def test_an_unknown_machine_has_no_filter(monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(OSError, match=os.strerror(errno.ENOSYS)):
        seccomp.install(seccomp.for_decoder())


TCP, UDP, RAW, CLOEXEC = 1, 2, 3, 0o2000000


@pytest.mark.parametrize("has_datagrams", [True, False])
def test_a_stream_has_sockets_of_its_kind(has_datagrams):
    lines = seccomp.for_stream(has_datagrams=has_datagrams, is_device=False)
    for family in (2, 10):
        assert answer(lines, number("socket"), family, TCP | CLOEXEC, 0) == ALLOW
        assert answer(lines, number("socket"), family, TCP, 6) == ALLOW
        said = answer(lines, number("socket"), family, UDP | CLOEXEC, 17)
        assert said == (ALLOW if has_datagrams else refused(errno.EAFNOSUPPORT))
        for kind, protocol in ((RAW, 0), (4, 0), (5, 132), (TCP, 132), (TCP, 262)):
            said = answer(lines, number("socket"), family, kind, protocol)
            assert said == refused(errno.EAFNOSUPPORT), (kind, protocol)
    for family in (0, 1, 16, 17, 40):
        assert answer(lines, number("socket"), family, TCP) == refused(errno.EAFNOSUPPORT)


def test_a_stream_connects_where_landlock_sees_it():
    lines = seccomp.for_stream(has_datagrams=True, is_device=False)
    for name in known(STREAMS):
        assert answer(lines, number(name)) == ALLOW, name
    for name, place in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
        arguments = [*[0] * place, 0x20000000 | 0x4000]
        assert answer(lines, number(name), *arguments) == refused(errno.EPERM), name
    assert answer(lines, number("ioctl"), 0, 0x5421) == ALLOW
    assert answer(lines, number("ioctl"), 0, 0x5412) == refused(errno.ENOTTY), "types for a person"
    for name in known(["listen", "accept4", "socketpair", *CHANGES, *RINGS]):
        assert answer(lines, number(name)) == refused(errno.EPERM), name
    for name in known(NEVER):
        assert answer(lines, number(name)) == KILL, name
    assert answer(lines, number("openat"), 0, 0, os.O_RDWR) == refused(errno.EACCES)


def test_a_camera_at_this_machine_is_controlled_and_has_no_network():
    lines = seccomp.for_stream(has_datagrams=False, is_device=True)
    assert answer(lines, number("openat"), 0, 0, os.O_RDWR) == ALLOW
    assert answer(lines, number("ioctl"), 0, 0xC0DE) == ALLOW
    for name in known(["socket", *STREAMS]):
        assert answer(lines, number(name)) == refused(errno.EPERM), name
