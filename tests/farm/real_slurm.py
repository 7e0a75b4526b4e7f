"""A real Slurm on this machine, as root and without systemd: a controller and two virtual nodes."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

NODES = ("n1", "n2")
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch")


class Slurm:
    """Its daemons, by name: "slurmctld", "n1", "n2"."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        program = shutil.which("slurmctld" if name == "slurmctld" else "slurmd", path=_path())
        argv = [str(program), "-D", "-f", str(self.folder / "slurm.conf")]
        if name != "slurmctld":
            argv += ["-N", name]
        # A session of its own, so that a node's death takes what it started along.
        self.daemons[name] = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)

    def kill(self, name: str) -> None:
        """As if the power had gone: the daemon and everything below it."""
        daemon = self.daemons.pop(name)
        for pid in [daemon.pid, *_below(daemon.pid), *self._steps(name)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        daemon.wait()

    def _steps(self, name: str) -> list[int]:
        """Processes of the node's jobs, and of Slurm around them, which are nobody's children."""
        found: list[int] = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if f"SLURMD_NODENAME={name}\0".encode() in (folder / "environ").read_bytes():
                    parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                    above = Path(f"/proc/{parent}/cmdline").read_bytes()
                    found += [parent] * above.startswith(b"slurmstepd") + [int(folder.name)]
        return found

    def run(self, *argv: str) -> str:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
        return done.stdout.strip()

    def jobs(self) -> dict[str, str]:
        """Job -> node, of those that run."""
        lines = self.run("squeue", "--noheader", "--states=R", "--format=%i %N").splitlines()
        return dict(line.split() for line in lines if len(line.split()) == 2)


def _path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def _below(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_below(int(child))]
    return found


def _ports(count: int) -> list[int]:
    """Free ones, next to each other."""
    for first in range(16800, 30000, 50):
        with contextlib.ExitStack() as held:
            try:
                for port in range(first, first + count):
                    probe = held.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return list(range(first, first + count))
    raise RuntimeError("no free ports")


@contextlib.contextmanager
def slurm(folder: Path) -> Iterator[Slurm]:
    """Up, with both nodes idle. Skips where the packages are missing or we are not root."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} missing: apt install --no-install-recommends slurm-wlm munge")
    if os.geteuid() != 0:
        pytest.skip("a Slurm of our own needs root")
    name = socket.gethostname()
    munge = folder / "munge"
    controller, first, second = _ports(3)
    for sub in ("state", "spool.n1", "spool.n2", "munge"):
        (folder / sub).mkdir()
    for part in (folder, *folder.parents):
        if part != Path("/") and not part.stat().st_mode & 0o001:
            part.chmod(part.stat().st_mode | 0o011)
    key = munge / "key"
    key.write_bytes(os.urandom(1024))
    user = pwd.getpwnam("munge")
    for path in (munge, key):
        os.chown(path, user.pw_uid, user.pw_gid)
    munge.chmod(0o711)
    key.chmod(0o400)
    (folder / "slurm.conf").write_text(
        "\n".join(
            [
                "ClusterName=hayate",
                f"SlurmctldHost={name}(127.0.0.1)",
                f"SlurmctldPort={controller}",
                "CommunicationParameters=NoInAddrAny,NoCtldInAddrAny,NoAddrCache",
                "SlurmUser=root",
                "SlurmdUser=root",
                "AuthType=auth/munge",
                f"AuthInfo=socket={munge}/socket",
                "CredType=cred/munge",
                f"StateSaveLocation={folder}/state",
                f"SlurmdSpoolDir={folder}/spool.%n",
                f"SlurmctldPidFile={folder}/slurmctld.pid",
                f"SlurmdPidFile={folder}/slurmd.%n.pid",
                "ProctrackType=proctrack/linuxproc",
                "TaskPlugin=task/affinity",
                "JobAcctGatherType=jobacct_gather/none",
                "AccountingStorageType=accounting_storage/none",
                "SelectType=select/cons_tres",
                "SelectTypeParameters=CR_Core",
                "MpiDefault=none",
                "ReturnToService=2",
                "SlurmdTimeout=10",
                "KillWait=1",
                "SchedulerParameters=sched_min_interval=1000,batch_sched_delay=0",
                *(
                    f"NodeName={node} NodeHostname={name} NodeAddr=127.0.0.1 Port={port} "
                    f"CPUs={os.cpu_count()} State=UNKNOWN"
                    for node, port in zip(NODES, (first, second), strict=True)
                ),
                "PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP",
                "",
            ]
        )
    )
    before = {key: os.environ.get(key) for key in ("SLURM_CONF", "PATH")}
    os.environ.update(SLURM_CONF=str(folder / "slurm.conf"), PATH=_path())
    munged = subprocess.Popen(
        [
            str(shutil.which("munged")),
            "--foreground",
            f"--socket={munge}/socket",
            f"--key-file={key}",
            f"--pid-file={munge}/pid",
            f"--log-file={munge}/log",
            f"--seed-file={munge}/seed",
        ],
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    made = Slurm(folder)
    try:
        _until(lambda: (munge / "socket").exists(), "munged does not start")
        for daemon in ("slurmctld", *NODES):
            made.start(daemon)
        _until(
            lambda: made.run("sinfo", "--noheader", "--format=%D %t") == f"{len(NODES)} idle",
            f"Slurm does not come up: see {folder}",
        )
        yield made
    finally:
        made.run("scancel", "--user=root")
        with contextlib.suppress(RuntimeError):  # else a step would outlive its daemons
            _until(lambda: made.run("squeue", "--noheader") == "", "jobs are left", 20)
        for daemon in list(made.daemons):
            made.kill(daemon)
        munged.terminate()
        munged.wait()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _until(true: object, message: str, limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not true():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise RuntimeError(message)
        time.sleep(0.1)
