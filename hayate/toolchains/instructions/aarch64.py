"""AArch64: every word decoded. What no kernel needs is a list of names here, since no object was at hand to try on.

So this is less than what x86.py does, and `docs/measurement.md` says so.
"""

from __future__ import annotations

import re

from capstone import CS_ARCH_ARM64, CS_MODE_ARM, Cs

from hayate.toolchains.instructions.facts import CodeFacts, Piece

_REFUSED = re.compile(
    r"svc|hvc|smc|brk|hlt|dcps[123]|msr|sysl?|dc|ic|tlbi|at|cfp|cpp|dvp|eret\w*|drps|wf[ei]t?|sev|sevl|esb|psb|tsb"
    r"|ldg\w*|stg\w*|st[z2]+g\w*|irg|gmi|tstart|tcommit|tcancel|ttest|ld64b|st64bv?0?|smstart|smstop|braa\w*|blraa\w*"
)
_ARITHMETIC = re.compile(
    r"f(?:n?m?(?:add|sub)|n?mul|ml[as]|n?ml[as]|mulx|div|sqrt|max|min|maxnm|minnm|abd|recp|rsqrt|rint|cadd|cmla|addp|scale)\w*"
    r"|bf\w*(?:dot|mmla|mlal\w*)|fmmla"
)
_VECTOR = re.compile(r"\b(?:v\d+\.(?:\d+[hsd]|[hsd]\b)|z\d+\.)")
_SCALABLE = re.compile(r"\b[zp]\d+\b")  # SVE, whose vectors may be wider
_BRANCH = re.compile(r"(?:bl?|b\.\w+|cbn?z|tbn?z)")
_TARGET = re.compile(r"#(0x[0-9a-f]+|\d+)$")
_STACK = re.compile(r"sp, sp, (?:#(0x[0-9a-f]+|\d+)(?:, lsl #(\d+))?|\w+)")


def read(pieces: tuple[Piece, ...]) -> CodeFacts:
    """Decodes each word. Zeros are no instruction and can't run; whatever else does not decode is refused."""
    decoder = Cs(CS_ARCH_ARM64, CS_MODE_ARM)
    decoder.skipdata = True
    starts: set[int] = set()
    targets: list[tuple[int, int]] = []
    forms: dict[str, str] = {}
    found: list[str] = []
    called: set[int] = set()
    pieces_taken: list[tuple[int, int]] = []
    packed = prefetches = frame = variable = 0
    for piece in pieces:
        end = piece.address
        for address, size, mnemonic, operands in decoder.disasm_lite(piece.data, piece.address):
            end = address + size
            if mnemonic == ".byte":
                if piece.data[address - piece.address :][:size].strip(b"\0"):
                    found.append(f"the bytes at {address:#x} are no instruction that is known here")
                continue
            starts.add(address)
            if not forms and _SCALABLE.search(operands):
                forms["SVE"] = f"{mnemonic} {operands} at {address:#x}"
            if _REFUSED.fullmatch(mnemonic) or (mnemonic == "mrs" and "tpidr_el0" not in operands):
                found.append(f"the instruction {mnemonic} at {address:#x} is not one that kernels need")
            elif _ARITHMETIC.fullmatch(mnemonic):
                packed += bool(_VECTOR.search(operands))
            elif mnemonic.startswith("prf"):
                prefetches += 1
            elif _BRANCH.fullmatch(mnemonic):
                target = _TARGET.search(operands)
                if target:
                    targets.append((address, int(target[1], 0)))
                    if mnemonic == "bl":
                        called.add(int(target[1], 0))
            elif mnemonic == "sub" and operands.startswith("sp, sp"):
                taken = _STACK.fullmatch(operands)
                if taken is None or taken[1] is None:
                    variable += 1
                else:
                    size_bytes = int(taken[1], 0) << int(taken[2] or 0)
                    frame = max(frame, size_bytes)
                    pieces_taken.append((address, size_bytes))
        if piece.data[end - piece.address :].strip(b"\0"):
            found.append(f"the bytes at {end:#x} are no instruction that is known here")
    for address, goal in targets:
        if goal not in starts:
            found.append(f"the jump at {address:#x} goes to {goal:#x}, where no instruction starts")
    return CodeFacts(
        instructions=len(starts),
        packed=packed,
        prefetches=prefetches,
        forms=forms,
        frame_bytes=frame,
        taken=tuple(pieces_taken),
        entries=frozenset(called),
        variable_frames=variable,
        starts=frozenset(starts),
        violations=tuple(found),
    )
