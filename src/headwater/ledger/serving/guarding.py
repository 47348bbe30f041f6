"""Who may talk to the server: everybody on this machine, or whoever knows the token.

Without a token the server listens on loopback only, and turns away what a web page in somebody's
browser could send there. The token comes from the environment or a file, because a command line
can be read by everybody on the machine.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from headwater.errors import InputError
from headwater.files import read_bytes
from headwater.ledger.serving.bodies import Refused

VARIABLE = "HEADWATER_LEDGER_TOKEN"
SHORTEST = 16
LONGEST = 1_000

_SIGNS = frozenset(string.ascii_letters + string.digits + string.punctuation)


def read_token(file: Path | None) -> str | None:
    """The token in a file, or in the environment; ``None`` where neither says one.

    Raises
    ------
    InputError
        If the file cannot be read, or the token is too short or holds blanks.
    """
    if file is not None:
        text, where = read_bytes(file, LONGEST + 2).decode("latin-1"), str(file)
    elif VARIABLE in os.environ:
        text, where = os.environ[VARIABLE], VARIABLE
    else:
        return None
    token = text.strip()
    if not SHORTEST <= len(token) <= LONGEST or not _SIGNS.issuperset(token):
        # never with the token itself: messages end in logs
        raise InputError(
            f"the token has {len(token):,} characters, or others than letters, digits and punctuation",
            f"use {SHORTEST} to {LONGEST:,}, such as those of `openssl rand -hex 32`",
            where,
        )
    return token


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.org")]
    [True, True, True, False, False]
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_host(host: str, token: str | None) -> None:
    """Refuse to listen to the world without a token.

    Raises
    ------
    InputError
        If `host` is beyond loopback and there is no token.
    """
    if token is None and not is_loopback(host):
        raise InputError(
            f"--host {host!r:.80} is beyond this machine, and there is no token",
            f"put one into the environment variable {VARIABLE} or a file for --token-file, "
            "or listen on 127.0.0.1",
        )


@dataclass(frozen=True)
class Guard:
    """Lets requests in, or refuses them."""

    token: str | None = None

    def check(self, headers: Mapping[str, str]) -> None:
        """Look at the headers of a request.

        Raises
        ------
        Refused
            With 401 without the token, 403 if it is from a web page.
        """
        if self.token is not None:
            self._check_token(headers.get("authorization", ""))
            return
        if "origin" in headers:
            raise Refused(403, "forbidden", "requests from web pages are not taken")
        # a page may reach loopback under a name of its own choice, which stands here
        if not is_loopback(_host_of(headers.get("host", ""))):
            raise Refused(403, "forbidden", "the Host header must name this machine, such as localhost")

    def _check_token(self, given: str) -> None:
        assert self.token is not None
        scheme, _, token = given.partition(" ")
        # digests, so that the time does not tell the length either
        same = hmac.compare_digest(_digest(token.strip()), _digest(self.token))
        if scheme.lower() != "bearer" or not same:
            raise Refused(401, "unauthorised", "send the token: Authorization: Bearer TOKEN")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def _host_of(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]
