"""Where the server may listen, and where its token comes from."""

from __future__ import annotations

import pytest

from headwater.errors import InputError
from headwater.ledger.serving.guarding import VARIABLE, check_host, is_loopback, read_token

GOOD = "0123456789abcdef"


def test_the_token_is_in_a_file_or_in_the_environment_and_the_file_comes_first(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert read_token(None) is None
    monkeypatch.setenv(VARIABLE, GOOD)
    assert read_token(None) == GOOD
    file = tmp_path / "token"
    file.write_text(f"{GOOD}!\n")
    assert read_token(file) == f"{GOOD}!"


@pytest.mark.parametrize("bad", ["", "   ", "short", "a b" * 10, "ä" * 20, "x" * 5_000, "\0" * 20])
def test_a_token_that_protects_nothing_is_refused_without_being_shown(tmp_path, monkeypatch, bad):
    file = tmp_path / "token"
    file.write_bytes(bad.encode())
    with pytest.raises(InputError) as error:
        read_token(file)
    assert not bad.strip() or bad not in str(error.value)
    if "\0" not in bad:
        monkeypatch.setenv(VARIABLE, bad)
        with pytest.raises(InputError):
            read_token(None)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_token(tmp_path / "token")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"])
def test_loopback_needs_no_token(host):
    assert is_loopback(host)
    check_host(host, None)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "10.0.0.1", "192.168.1.1", "example.org", "", "localhost.example.org", "127.0.0.1.x"],
)
def test_beyond_loopback_a_token_is_needed(host):
    assert not is_loopback(host)
    with pytest.raises(InputError, match="no token"):
        check_host(host, None)
    check_host(host, GOOD)
