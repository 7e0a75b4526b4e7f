"""x86-64: the instructions that kernels are made of, by name. All others are refused."""

from __future__ import annotations

import re
from functools import cache

_INTEGER = r"""
    mov|movabs|movsx|movsxd|movzx|movbe|lea|add|sub|adc|sbb|and|or|xor|not|neg|inc|dec|cmp|test|imul|mul|idiv|div
    |sar|shr|shl|sal|rol|ror|rcl|rcr|sarx|shrx|shlx|rorx|shld|shrd|bt[src]?|bs[fr]|bswap|xchg|xadd
    |cmpxchg(?:8b|16b)?|popcnt|[lt]zcnt|andn|bextr|blsi|blsmsk|blsr|bzhi|pdep|pext|mulx|adcx|adox|crc32
    |cbw|cwde|cdqe|cwd|cdq|cqo|push|pop|leave|ret|nop|ud2|int3|endbr64|pause|[mls]fence|[ls]ahf|cld
    |(?:movs|stos|lods|scas|cmps)[bwdq]|set\w+|cmov\w+|j\w+|call
"""
# Conversions of long double need fldcw, and the compiler's __float128 fldenv. Nothing needs the whole state.
_X87 = r"""
    f(?:ld|ld1|ldz|ldpi|ldl2e|ldl2t|ldlg2|ldln2|st|stp|i?add|addp|i?subr?|subr?p|i?mul|mulp|i?divr?|divr?p|ild|ist
    |istp|isttp|chs|abs|sqrt|xch|u?comp?|u?compp|u?compi|u?comi|cmov\w+|tst|xam|rndint|scale|prem1?|patan|ptan|sin
    |cos|sincos|2xm1|yl2x|yl2xp1|xtract|freep?|nstsw|nstcw|ldcw|nstenv|ldenv)|wait|emms
"""
_VECTOR = r"""
    v?(?:add|sub|mul|div|sqrt|min|max|andn?|or|xor|unpck[lh]|shuf|blendv?|h?add|h?sub|addsub|dp|round|rcp|rsqrt|u?comi
        |extract|insert)[ps][sdh]
    |v?mov(?!dir)\w+|v?(?:p?maskmov)\w+|v?lddqu|v?stmxcsr|v?cmp\w*[ps][sdh]|v?cvt\w+2\w+|v?pack[su]s\w+
    |v?p(?:abs|add|align|and|avg|blend|clmul|cmp|ext|hadd|hminpos|hsub|insr|madd|max|min|mov|mul|or|sad|shuf|sign|sll|sra
        |srl|sub|test|unpck|xor)\w*
    |vp(?:broadcast|erm|gather|scatter|lzcnt|opcnt|conflict|compress|expand|multishift|ro[lr]|sh[lr]d|ternlog|dp)\w*
    |v(?:align|broadcast|extract|insert|perm|gather|scatter|compress|expand|blendm|getexp|getmant|fixupimm|range|reduce
        |rndscale|scalef|rcp\d+|rsqrt\d+|fpclass|exp2|dbpsad|shuf|test|dpbf16|bcst|zero)\w*
    |vfn?m(?:add|sub|addsub|subadd)\d+[ps][sdh]|vfc?m(?:add|ul)c[ps]h
    |k(?:add|andn?|mov|not|or|ortest|shift[lr]|test|unpck|xnor|xor)[bwdq]{1,2}
    |v?aes\w+|v?gf2p8\w+|sha(?:1|256)\w+
"""
_KNOWN = re.compile(f"(?:{_INTEGER}|{_X87}|{_VECTOR})", re.VERBOSE)
_PREFETCH = re.compile(r"prefetch(?:nta|t[012]|w|wt1)")
_REPEATED = frozenset({"rep", "repe", "repz", "repne", "repnz", "lock", "notrack", "bnd"})
# Moves, logic and integer work are left out: the compiler uses them for memcpy, zeroing and fabs in scalar code too.
_PACKED = re.compile(
    r"v?(?:add|sub|mul|div|min|max|sqrt|hadd|hsub|addsub|dp|round|rndscale|scalef|rcp\d*|rsqrt\d*|reduce|range|getexp"
    r"|getmant|fixupimm|exp2)p[sdh]|vfn?m\w+p[sdh]|vfc?m(?:add|ul)cph|vdpbf16ps|pf\w+"
)
_LOOKED_AT = frozenset({"sub", "add", "and", "mov", "lea", "push", "pop"})


@cache
def kind(mnemonic: str) -> str:
    """ "refused", or what there is to look at: "" (nothing), "packed", "prefetch", "branch", "mask", "operands"."""
    *before, name = mnemonic.split(" ")
    if not _REPEATED.issuperset(before):
        return "refused"
    if _PREFETCH.fullmatch(name):
        return "prefetch"
    if not _KNOWN.fullmatch(name):
        return "refused"
    if _PACKED.fullmatch(name):
        return "packed"
    if name == "call" or name.startswith("j"):
        return "branch"
    if name.startswith("k"):
        return "mask"
    return "operands" if name in _LOOKED_AT else ""
