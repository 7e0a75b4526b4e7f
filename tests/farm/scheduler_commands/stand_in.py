"""A stand-in for a batch scheduler: runs job scripts as processes here, and answers as PJM's or PBS's commands do.

Linked under the names pjsub, pjstat, pjdel, qsub, qstat, qdel. State is in $STAND_IN: one folder a job. What is
to go wrong stands in $STAND_IN/trouble: "refuse", "silent" (the server does not answer).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(os.environ["STAND_IN"])


def jobs() -> dict[str, Path]:
    return {path.name: path for path in sorted(ROOT.glob("[0-9]*"), key=lambda p: int(p.name))}


def trouble() -> str:
    path = ROOT / "trouble"
    return path.read_text().strip() if path.exists() else ""


def submit(script: str) -> str:
    number = str(100 + len(jobs()))
    folder = ROOT / number
    folder.mkdir()
    text = Path(script).read_text()
    (folder / "script").write_text(text)
    forced = ROOT / "state"
    if forced.exists():
        (folder / "state").write_text(forced.read_text().strip())
        return number
    log = (folder / "log").open("wb")
    process = subprocess.Popen(["/bin/bash", script], stdout=log, stderr=log, start_new_session=True)
    (folder / "pid").write_text(str(process.pid))
    return number


def running(folder: Path) -> bool:
    try:
        pid = int((folder / "pid").read_text())
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def state(folder: Path, alive: str, ended: str) -> str:
    forced = folder / "state"
    if forced.exists():
        return forced.read_text().strip()
    return alive if running(folder) else ended


def kill(folder: Path) -> bool:
    if not running(folder):
        return False
    os.killpg(int((folder / "pid").read_text()), signal.SIGKILL)
    return True


def pjm(command: str, arguments: list[str]) -> int:
    if trouble() == "silent":
        print(f"[ERR.] PJM 9001 {command} Communication with the server failed.", file=sys.stderr)
        return 1
    if command == "pjsub":
        if trouble() == "refuse":
            print("[ERR.] PJM 0051 pjsub No such resource group: small.", file=sys.stderr)
            return 1
        print(f"[INFO] PJM 0000 pjsub Job {submit(arguments[0])} submitted.")
        return 0
    wanted = [word for word in arguments if word.isdigit()]
    known = jobs()
    if command == "pjdel":
        code = 0
        for job in wanted:
            if job in known and kill(known[job]):
                (known[job] / "state").write_text("CCL")
                print(f"[INFO] PJM 0100 pjdel Accepted job {job}.")
            else:
                print(f"[ERR.] PJM 0181 pjdel Job {job} does not exist.", file=sys.stderr)
                code = 1
        return code
    history = "-H" in arguments
    rows = []
    for job in wanted:
        if job in known:
            now = state(known[job], "RUN", "EXT")
            if (now in ("EXT", "CCL", "ERR", "RJT")) == history:
                rows.append(
                    f"{job:<10} hayate     NM  {now}  user     11/21 10:00:00  0001:00:00  1   -  -  -"
                )
    print(
        "JOB_ID     JOB_NAME   MD  ST   USER     START_DATE      ELAPSE_LIM  NODE_REQUIRE  VNODE  CORE  V_MEM"
    )
    print("\n".join(rows))
    return 0


def pbs(command: str, arguments: list[str]) -> int:
    if trouble() == "silent":
        print(f"{command}: cannot connect to server pbs (errno=111)", file=sys.stderr)
        return 111
    if command == "qsub":
        if trouble() == "refuse":
            print("qsub: Unknown queue", file=sys.stderr)
            return 170
        print(f"{submit(arguments[-1])}.pbs")
        return 0
    wanted = [word.split(".")[0] for word in arguments if word.split(".")[0].isdigit()]
    known = jobs()
    if command == "qdel":
        for job in wanted:
            if job not in known:
                print(f"qdel: Unknown Job Id {job}.pbs", file=sys.stderr)
                return 153
            if kill(known[job]):
                (known[job] / "state").write_text("F")
        return 0
    answer = {f"{job}.pbs": {"job_state": state(known[job], "R", "F")} for job in wanted if job in known}
    print(json.dumps({"Jobs": answer}))
    return 0


if __name__ == "__main__":
    name = Path(sys.argv[0]).name
    sys.exit((pjm if name.startswith("pj") else pbs)(name, sys.argv[1:]))
