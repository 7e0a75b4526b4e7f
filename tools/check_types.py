"""mypy, as strictly as what is installed here lets it.

`make setup` installs what the tests need. The extras (a cluster, the service) come with more packages; where one is
missing, what it offers has no type, and code that uses it can't be checked as strictly. With all of them, as in
continuous integration, nothing is loosened.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

# What hayate imports of the extras, those aside that pyproject.toml never asks mypy to follow.
EXTRAS = ("fastapi", "h11", "httpx", "parsl", "prometheus_client", "starlette", "uvicorn")
LOOSER = (
    "--ignore-missing-imports",
    "--allow-untyped-decorators",
    "--no-warn-return-any",
    "--no-warn-unused-ignores",
)


def main() -> int:
    """mypy's exit status."""
    missing = [name for name in EXTRAS if find_spec(name) is None]
    if missing:
        print(f"types: without {', '.join(missing)}, what uses them is checked less strictly than in CI")
    return subprocess.run([sys.executable, "-m", "mypy", *(LOOSER if missing else ())]).returncode


if __name__ == "__main__":
    sys.exit(main())
