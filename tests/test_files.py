"""Writing a file at once or not at all, and the errors of reading one."""

from __future__ import annotations

import os
import stat

import pytest

from headwater.errors import InputError, OutputError
from headwater.files import read_bytes, unreadable, write_bytes


def test_a_file_of_the_limit_is_read_and_one_byte_more_is_not(tmp_path):
    """The limit is the largest size that is read."""
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert read_bytes(path, 5) == b"12345"
    with pytest.raises(InputError, match="more than 4 bytes"):
        read_bytes(path, 4)


def test_the_system_s_reasons_become_remedies():
    """Permission and odd failures are told too."""
    assert "permission" in unreadable("a", PermissionError(13, "denied")).problem
    assert "cannot be read: Input/output error" in unreadable("a", OSError(5, "Input/output error")).problem


def test_a_file_keeps_its_permissions_and_a_link_stays_a_link(tmp_path):
    """Only the content changes."""
    path, link = tmp_path / "a", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    write_bytes(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(os.listdir(tmp_path)) == ["a", "link"]


def test_a_pipe_is_written_to_directly(tmp_path):
    """Renaming over it would take it away from its reader."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_bytes(path, b"new")
        assert os.read(reader, 10) == b"new"
    finally:
        os.close(reader)


@pytest.mark.parametrize("name", ["", "missing/a", "a\0b"])
def test_a_place_that_cannot_be_written_is_one_error(tmp_path, name):
    """A directory, a missing folder, a name that cannot be."""
    with pytest.raises(OutputError, match="cannot be written") as raised:
        write_bytes(f"{tmp_path}/{name}", b"new")
    assert isinstance(raised.value, OSError)
    assert raised.value.remedy
