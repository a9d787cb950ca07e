"""Every error says in one line what happened, survives a trip through pickle, and has its exit
code."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface import errors
from efface.errors import EffaceError, printable, worst


def every(base=EffaceError):
    return [base, *(deeper for child in base.__subclasses__() for deeper in every(child))]


PUBLIC = sorted({c for c in every() if c.__name__ in errors.__all__}, key=lambda c: c.__name__)
ARGUMENTS = {
    "WallsMissing": ("Landlock",),
    "UndecodableFrame": ("a.mp4", "0:00:01.000"),
    "TooManyPixels": ("a.png", 10**10, 300_000_000),
    "ModelUnusable": ("centerface", "its file is missing"),
    "DeviceMissing": ("cuda",),
    "DetectorFailed": ("centerface", "frame 3", "it took longer than 1 s"),
    "EncoderMissing": ("libx265",),
    "WorkerDied": ("a.mp4", "it crashed (SIGSEGV)"),
    "OutOfMemory": ("a.mp4",),
    "ExtraMissing": ("review",),
    "ClusterUnusable": ("it cannot be reached", "Is it running?"),
    "ProtocolMissing": ("SRT", "libsrt is not installed"),
    "CameraGivenUp": ("gate", "it crashed (SIGSEGV)"),
    "VerificationFailed": ("a.mp4", ["one", "two"]),
    "Interrupted": (),
    "EffaceError": ("something",),
    "UsageError": ("something",),
    "PartMissing": ("something",),
}
CODES = {
    "UsageError": 2,
    "InputError": 3,
    "PartMissing": 4,
    "OutputError": 5,
    "VerificationFailed": 6,
    "Interrupted": 130,
}


def one(kind):
    return kind(*ARGUMENTS.get(kind.__name__, ("a.mp4", "the disk is on fire", "Put it out.")))


@pytest.mark.parametrize("kind", PUBLIC, ids=lambda c: c.__name__)
def test_an_error_survives_the_trip_home_from_a_worker(kind):
    error = one(kind)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    assert again.__dict__ == error.__dict__


@pytest.mark.parametrize("kind", PUBLIC, ids=lambda c: c.__name__)
def test_the_exit_code_is_that_of_its_branch(kind):
    branch = next((c for c in kind.__mro__ if c.__name__ in CODES), None)
    assert kind.exit_code == (CODES[branch.__name__] if branch else 1)


@pytest.mark.parametrize(
    "kind", [k for k in PUBLIC if k.exit_code in (3, 4, 5, 6) and k.__name__ != "PartMissing"]
)
def test_a_message_says_where_that_leaves_the_files(kind):
    assert "Nothing was written." in str(one(kind))
    assert "\n" not in str(one(kind))


def test_every_error_is_imported_from_errors():
    ours = (c for c in every() if c.__module__.startswith("efface."))
    of_efface = {c for c in ours if not c.__name__.startswith("_")}
    assert {c.__name__ for c in of_efface} - set(errors.__all__) == {"AboutFile"}
    assert all(getattr(errors, name) for name in set(errors.__all__) - {"EXIT_OK"})
    assert errors.EXIT_OK == 0


def test_the_tree_in_the_docstring_is_complete():
    for kind in PUBLIC:
        assert kind.__name__ in errors.__doc__


@given(st.text(st.characters(codec=None)))
def test_anything_is_printable(text):
    shown = printable(text)
    assert shown.isprintable()
    shown.encode("utf-8")


def test_names_are_shown_on_one_line_and_undecodable_bytes_as_such():
    assert printable("a\nb\x1b[31m\udcff\ud800\u202e.jpg") == r"a\nb\x1b[31m\xff\ud800\u202e.jpg"
    assert printable("Ω ünï 日本.jpg") == "Ω ünï 日本.jpg"


@pytest.mark.parametrize("kind", [k for k in PUBLIC if k not in (errors.Interrupted,)])
def test_strange_names_do_not_break_a_message(kind):
    arguments = list(ARGUMENTS.get(kind.__name__, ("a.mp4", "why")))
    arguments[0] = "a\n\udcff\ud800.mp4"
    assert str(kind(*arguments)).isprintable()


def test_many_findings_are_counted():
    message = str(errors.VerificationFailed("a.mp4", [f"finding {i}" for i in range(9)]))
    assert "finding 4" in message
    assert "finding 5" not in message
    assert "and 4 more" in message


@pytest.mark.parametrize(
    ("codes", "end"),
    [
        ([], 0),
        ([0, 7], 7),
        ([7, 2], 2),
        ([7, 5], 5),
        ([3, 7], 3),
        ([6, 7, 0], 6),
        ([0, 3], 3),
        ([5, 3, 2], 3),
        ([4, 3], 4),
        ([6, 4], 6),
        ([1, 6], 1),
        ([130, 1], 130),
        ([0, 99], 99),
    ],
)
def test_a_batch_ends_with_the_gravest_code(codes, end):
    assert worst(codes) == end


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("MemoryError", ""),
        ("RuntimeException", "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : std::bad_alloc"),
        (
            "RuntimeException",
            "BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer "
            "of size 9",
        ),
        (
            "error",
            "OpenCV(4.10) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate "
            "9 bytes in function",
        ),
        ("ImportError", "libx.so: failed to map segment from shared object"),
        ("RuntimeError", "can't start new thread"),
        ("OSError", "[Errno 12] Cannot allocate memory"),
    ],
)
def test_want_of_memory_is_known_however_it_is_said(kind, text):
    from efface.cli.unexpected_errors import as_efface_error

    assert errors.is_about_memory(kind, text)
    found = as_efface_error(errors.Unforeseen(kind, text, "Traceback"), "a.jpg")
    assert isinstance(found, errors.OutOfMemory)
    assert found.exit_code == 4
    assert str(found).startswith("a.jpg: there is not enough memory")
    of_detector = as_efface_error(
        errors.DetectorFailed("centerface", "frame 1", f"{kind}: {text}"), "a.jpg"
    )
    assert isinstance(of_detector, errors.OutOfMemory) or kind == "MemoryError"


def test_what_is_about_a_file_stays_so():
    from efface.cli.unexpected_errors import as_efface_error

    error = errors.WriteFailed("bad_alloc.jpg", "no space left on device")
    assert as_efface_error(error, "bad_alloc.jpg") is error
