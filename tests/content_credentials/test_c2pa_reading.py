"""Reading and signing ask no network, whatever a file or a certificate asks for."""

from __future__ import annotations

import io
import json
import socket
import threading

import pytest

from efface.content_credentials import c2pa_reading
from efface.content_credentials.c2pa_reading import SETTINGS, answer
from efface.content_credentials.c2pa_signing import signed_bytes
from efface.content_credentials.signing_key import BLACK, open_signing_key
from efface.content_credentials.statement import TRIAL


@pytest.fixture
def server():
    """A server on loopback: its address, and the list of connections to it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        calls = []

        def serve():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                calls.append(1)
                connection.close()

        waiting = threading.Thread(target=serve, daemon=True)
        waiting.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/", calls
        listening.shutdown(socket.SHUT_RDWR)
        waiting.join()


@pytest.fixture
def remote(server, certify, tmp_path):
    """A PNG whose manifest lies at an address, signed by a certificate that names an address, too,
    for questions about its revocation."""
    import c2pa

    address, _ = server
    key = open_signing_key(*certify(ocsp=address))
    about = c2pa.C2paSignerInfo(key.algorithm.encode(), key.chain, key.key, None)
    context = c2pa.Context(c2pa.Settings.from_dict(SETTINGS), c2pa.Signer.from_info(about))
    path = tmp_path / "remote.png"
    with c2pa.Builder(json.dumps(TRIAL.definition()), context) as builder:
        builder.set_no_embed()
        builder.set_remote_url(address + "manifest.c2pa")
        with open(path, "w+b") as f:
            builder.sign("image/png", io.BytesIO(BLACK), f)
    local = tmp_path / "local.png"
    local.write_bytes(signed_bytes(TRIAL.definition(), key.algorithm, key.chain, key.key, BLACK,
                                   "image/png"))  # fmt: skip
    return path, local


def test_no_address_is_asked(server, remote):
    path, local = remote
    assert "error" in json.loads(answer(str(path), "image/png"))
    assert json.loads(answer(str(local), "image/png"))["validation_state"] == "Valid"
    assert server[1] == []


def test_the_settings_are_what_keeps_it_from_asking(server, remote, monkeypatch):
    path, local = remote
    asks = {"version": 1, "verify": {"ocsp_fetch": True, "verify_trust": False}}
    monkeypatch.setattr(c2pa_reading, "SETTINGS", asks)
    answer(str(path), "image/png")
    after_remote = len(server[1])
    answer(str(local), "image/png")
    assert 0 < after_remote < len(server[1])


def test_a_file_without_a_manifest_is_an_error(photo):
    pytest.importorskip("c2pa", reason="comes with the extra test")
    assert "ManifestNotFound" in json.loads(answer(str(photo("a.jpg")), "image/jpeg"))["error"]
    assert "error" in json.loads(answer("/no/such/file", "image/jpeg"))
