"""How caller, server and supervisors talk: a JSON header and bytes over a socket, descriptors beside them."""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import Any

HEADER = struct.Struct("<II")  # length of the JSON, length of the bytes after it


def send(control: socket.socket, header: dict[str, Any], body: bytes = b"") -> None:
    text = json.dumps(header).encode()
    control.sendall(HEADER.pack(len(text), len(body)) + text + body)


def receive(source: socket.socket, length: int) -> tuple[bytes, list[int]]:
    """Up to `length` bytes, with the descriptors that came with them, closed at an exec."""
    data, descriptors, _, _ = socket.recv_fds(source, length, 250)
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)  # this Python ignores MSG_CMSG_CLOEXEC in recv_fds
    return data, descriptors


def exactly(control: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = control.recv(min(length - len(parts), 1 << 20))
        if not part:
            raise ConnectionResetError("the caller went away")
        parts += part
    return bytes(parts)
