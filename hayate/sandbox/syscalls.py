"""System call numbers of the two architectures, for the calls that the filters name."""

from __future__ import annotations

from typing import NamedTuple


class Architecture(NamedTuple):
    audit: int  # AUDIT_ARCH_*
    column: int  # in TABLE


ARCHITECTURES = {
    "x86_64": Architecture(0xC000003E, 0),
    "aarch64": Architecture(0xC00000B7, 1),
    "arm64": Architecture(0xC00000B7, 1),
}

NEWEST = 462  # mseal, Linux 6.10: later calls are unknown to the filters and answered with ENOSYS


def _table(text: str) -> dict[str, tuple[int | None, int | None]]:
    """Rows of `name x86_64 aarch64`; `-`: the architecture lacks it."""
    rows = (row.split() for row in text.strip().splitlines())
    return {name: (_number(x86), _number(arm)) for name, x86, arm in rows}


def _number(text: str) -> int | None:
    return None if text == "-" else int(text)


TABLE = _table("""
accept 43 202
accept4 288 242
acct 163 89
add_key 248 217
adjtimex 159 171
bind 49 200
bpf 321 280
brk 12 214
chmod 90 -
chown 92 -
chroot 161 51
clock_adjtime 305 266
clock_settime 227 112
clone 56 220
clone3 435 435
close 3 57
connect 42 203
creat 85 -
delete_module 176 106
execve 59 221
execveat 322 281
exit 60 93
exit_group 231 94
fanotify_init 300 262
fchmod 91 52
fchmodat 268 53
fchmodat2 452 452
fchown 93 55
fchownat 260 54
finit_module 313 273
fork 57 -
fsconfig 431 431
fsmount 432 432
fsopen 430 430
fspick 433 433
fstat 5 80
fstatat - 79
futex 202 98
getpid 39 172
gettid 186 178
init_module 175 105
io_uring_enter 426 426
io_uring_register 427 427
io_uring_setup 425 425
ioctl 16 29
ioperm 173 -
iopl 172 -
ioprio_set 251 30
kcmp 312 272
kexec_file_load 320 294
kexec_load 246 104
keyctl 250 219
kill 62 129
lchown 94 -
link 86 -
linkat 265 37
listen 50 201
lookup_dcookie 212 18
lseek 8 62
madvise 28 233
mbind 237 235
memfd_create 319 279
memfd_secret 447 447
migrate_pages 256 238
mknod 133 -
mknodat 259 33
mmap 9 222
modify_ldt 154 -
mount 165 40
mount_setattr 442 442
move_mount 429 429
move_pages 279 239
mprotect 10 226
mq_open 240 180
mremap 25 216
msgget 68 186
munmap 11 215
name_to_handle_at 303 264
newfstatat 262 -
nfsservctl 180 42
open 2 -
open_by_handle_at 304 265
open_tree 428 428
openat 257 56
openat2 437 437
perf_event_open 298 241
personality 135 92
pidfd_getfd 438 438
pidfd_open 434 434
pidfd_send_signal 424 424
pivot_root 155 41
prctl 157 167
pread64 17 67
prlimit64 302 261
process_madvise 440 440
process_mrelease 448 448
process_vm_readv 310 270
process_vm_writev 311 271
ptrace 101 117
quotactl 179 60
quotactl_fd 443 443
read 0 63
reboot 169 142
remap_file_pages 216 234
request_key 249 218
restart_syscall 219 128
rseq 334 293
rt_sigprocmask 14 135
rt_sigqueueinfo 129 138
rt_tgsigqueueinfo 297 240
sched_getaffinity 204 123
sched_setaffinity 203 122
sched_setattr 314 274
sched_setparam 142 118
sched_setscheduler 144 119
sched_yield 24 124
semget 64 190
set_mempolicy 238 237
set_robust_list 273 99
setdomainname 171 162
sethostname 170 161
setns 308 268
setpriority 141 140
setrlimit 160 164
settimeofday 164 170
shmat 30 196
shmctl 31 195
shmget 29 194
socket 41 198
socketpair 53 199
stat 4 -
swapoff 168 225
swapon 167 224
symlink 88 -
symlinkat 266 36
syslog 103 116
tkill 200 130
umount2 166 39
unshare 272 97
uselib 134 -
userfaultfd 323 282
vfork 58 -
vhangup 153 58
""")
