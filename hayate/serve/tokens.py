"""Who may ask: tokens from a file or the environment. Only names leave this module."""

from __future__ import annotations

import hashlib
import hmac
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from hayate.errors import WrongUse

ENVIRONMENT = "HAYATE_TOKENS"
ANYONE = "anyone"  # the name of all clients of a server without tokens

_SHORTEST = 16
_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,63}):([\x21-\x7e]+)")
_FORM = f"lines NAME:TOKEN, the token of {_SHORTEST} printable characters or more"


class Tokens:
    """Names by token. Without any, everybody is `anyone`."""

    def __init__(self, tokens: Mapping[str, str] | None = None) -> None:
        """`tokens`: name -> token. Raises WrongUse for one that can be guessed or has two names."""
        tokens = tokens or {}
        for name, token in tokens.items():
            if len(token) < _SHORTEST:
                raise WrongUse(f"the token of {name} is too short", where="tokens", allowed=_FORM)
        self._digests = [(name, _digest(token)) for name, token in tokens.items()]
        if len({digest for _, digest in self._digests}) < len(self._digests):
            raise WrongUse("two names have the same token", where="tokens", allowed=_FORM)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def name(self, authorization: str | None) -> str | None:
        """Whose `Authorization: Bearer ...` this is; None: nobody's. Takes as long for every wrong one."""
        if not self._digests:
            return ANYONE
        scheme, _, token = (authorization or "").partition(" ")
        given = _digest(token.strip() if scheme.lower() == "bearer" else "")
        found = None
        for name, digest in self._digests:
            if hmac.compare_digest(digest, given):
                found = name
        return found


def load(file: Path | None, environment: Mapping[str, str]) -> Tokens:
    """Of the file, else of HAYATE_TOKENS (as in the file, or separated by commas). Raises WrongUse."""
    if file is not None:
        try:
            mode = file.stat().st_mode
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise WrongUse(f"can't be read: {error}", where=str(file), allowed=_FORM) from error
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise WrongUse(
                "others than its owner may read the tokens", where=str(file), allowed=f"chmod 600 {file}"
            )
        found = _parse(text.splitlines(), str(file))
        if not found:
            raise WrongUse("no token in it", where=str(file), allowed=_FORM)
        return Tokens(found)
    given = environment.get(ENVIRONMENT, "")
    return Tokens(_parse(re.split(r"[\n,]", given), ENVIRONMENT))


def _parse(lines: list[str], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:  # the line may hold a token: it is not quoted
            raise WrongUse(f"line {number} is not NAME:TOKEN", where=where, allowed=_FORM)
        if match[1] in found:
            raise WrongUse(f"line {number}: the name {match[1]} is there twice", where=where, allowed=_FORM)
        found[match[1]] = match[2]
    return found


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()
