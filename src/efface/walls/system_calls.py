"""The system calls of Linux that the walls tell apart, with their numbers, and how each is treated.

Numbers are those of the kernel's own headers: x86-64 (unistd_64.h) and AArch64 (asm-generic).
"""

from __future__ import annotations

import platform


def _names(text: str) -> list[str]:
    return text.split()


ALLOWED = _names("""
    read write readv writev pread64 pwrite64 preadv pwritev lseek close dup fcntl fstat
    newfstatat statx stat lstat access faccessat faccessat2 readlink readlinkat getcwd
    getdents64 fadvise64 mmap munmap mprotect mremap brk madvise mincore membarrier futex
    futex_waitv set_robust_list rseq set_tid_address gettid getpid getppid getuid geteuid
    getgid getegid exit exit_group rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending
    sigaltstack restart_syscall clock_gettime clock_getres clock_nanosleep nanosleep
    gettimeofday times time sched_yield sched_getaffinity sched_getparam sched_getscheduler
    getrusage getrlimit sysinfo uname getrandom arch_prctl getcpu poll ppoll select pselect6
""")
"""What a decoder needs: its open files, memory, threads, clocks and signals to itself."""

BOUNDED = _names("""
    open openat clone clone3 openat2 prctl prlimit64 tgkill ioctl
""")
"""Allowed with some arguments only, see `seccomp`."""

STREAMS = _names("""
    connect bind sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg shutdown getsockname getpeername
    setsockopt getsockopt epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2 pipe2
""")
"""What a process that reads a stream needs besides. Which sockets it may have: see `seccomp`."""

NETWORK = _names("""
    socket socketpair connect bind listen accept accept4 sendto sendmsg sendmmsg recvmmsg
""")

CHANGES = _names("""
    chmod fchmod fchmodat chown fchown lchown fchownat utime utimes futimesat utimensat
    setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
""")
"""Changes to a file's rights, owner, times and attributes, which Landlock does not know."""

RINGS = _names("""
    io_uring_setup io_uring_enter io_uring_register
""")
"""A second way to most other calls, around any filter."""

NEVER = _names("""
    execve execveat ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd
    bpf userfaultfd perf_event_open keyctl add_key request_key kexec_load kexec_file_load
    init_module finit_module delete_module mount umount2 pivot_root chroot setns unshare
    open_by_handle_at open_tree move_mount fsopen kcmp
""")
"""No decoder asks for these. One that does is no longer itself, and is killed."""

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The kernel's name of each architecture in a filter."""

SECCOMP = {"x86_64": 317, "aarch64": 277}
"""The call that raises the filter."""

# fmt: off
_NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67),
    "pwrite64": (18, 68), "preadv": (295, 69), "pwritev": (296, 70), "lseek": (8, 62),
    "close": (3, 57), "dup": (32, 23), "fcntl": (72, 25), "fstat": (5, 80),
    "newfstatat": (262, 79), "statx": (332, 291), "stat": (4, None), "lstat": (6, None),
    "access": (21, None), "faccessat": (269, 48), "faccessat2": (439, 439),
    "readlink": (89, None), "readlinkat": (267, 78), "getcwd": (79, 17), "getdents64": (217, 61),
    "fadvise64": (221, 223), "mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226),
    "mremap": (25, 216), "brk": (12, 214), "madvise": (28, 233), "mincore": (27, 232),
    "membarrier": (324, 283), "futex": (202, 98), "futex_waitv": (449, 449),
    "set_robust_list": (273, 99), "rseq": (334, 293), "set_tid_address": (218, 96),
    "gettid": (186, 178), "getpid": (39, 172), "getppid": (110, 173), "getuid": (102, 174),
    "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177), "exit": (60, 93),
    "exit_group": (231, 94), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136), "sigaltstack": (131, 132),
    "restart_syscall": (219, 128), "clock_gettime": (228, 113), "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115), "nanosleep": (35, 101), "gettimeofday": (96, 169),
    "times": (100, 153), "time": (201, None), "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123), "sched_getparam": (143, 121),
    "sched_getscheduler": (145, 120), "getrusage": (98, 165), "getrlimit": (97, 163),
    "sysinfo": (99, 179), "uname": (63, 160), "getrandom": (318, 278), "arch_prctl": (158, None),
    "getcpu": (309, 168), "poll": (7, None), "ppoll": (271, 73), "select": (23, None),
    "pselect6": (270, 72), "open": (2, None), "openat": (257, 56), "clone": (56, 220),
    "clone3": (435, 435), "openat2": (437, 437), "prctl": (157, 167), "prlimit64": (302, 261),
    "tgkill": (234, 131), "ioctl": (16, 29), "socket": (41, 198), "socketpair": (53, 199),
    "connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202),
    "accept4": (288, 242), "sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269),
    "recvmmsg": (299, 243), "recvfrom": (45, 207), "recvmsg": (47, 212), "shutdown": (48, 210),
    "getsockname": (51, 204), "getpeername": (52, 205), "setsockopt": (54, 208),
    "getsockopt": (55, 209), "epoll_create": (213, None), "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21), "epoll_wait": (232, None), "epoll_pwait": (281, 22),
    "eventfd2": (290, 19), "pipe2": (293, 59), "chmod": (90, None), "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16), "execve": (59, 221),
    "execveat": (322, 281), "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "process_madvise": (440, 440), "pidfd_getfd": (438, 438),
    "bpf": (321, 280), "userfaultfd": (323, 282), "perf_event_open": (298, 241),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "mount": (165, 40),
    "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "setns": (308, 268),
    "unshare": (272, 97), "open_by_handle_at": (304, None), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "kcmp": (312, 272),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
}
# fmt: on


def machine() -> str | None:
    """Return the architecture, or None where no numbers are known."""
    return platform.machine() if platform.machine() in AUDIT else None


def numbers(names: list[str]) -> list[int]:
    """Return the numbers that these calls have here. Calls that do not exist here are left out."""
    column = list(AUDIT).index(machine() or "x86_64")
    found = (_NUMBERS[name][column] for name in names)
    return [number for number in found if number is not None]


def number(name: str) -> int | None:
    """Return the number of one call, or None if it does not exist here."""
    return next(iter(numbers([name])), None)
