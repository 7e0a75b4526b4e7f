"""An OpenAI-compatible endpoint without a model: it answers with kernels that hayate's tasks come with, in turn.

python examples/scripted_model.py --task dgemm --port 8000
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hayate import tasks


def server(replies: Sequence[str], port: int = 0) -> ThreadingHTTPServer:
    """Serves `/v1/chat/completions` on loopback; port 0 takes a free one."""
    turns = itertools.cycle(replies)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(_completion(str(asked["model"]), next(turns))).encode()
            self.send_response(200 if self.path.endswith("/chat/completions") else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def _completion(model: str, reply: str) -> dict[str, Any]:
    return {
        "id": "scripted",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": reply}}
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", default="dgemm")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    known = tasks.find(options.task)
    sources = [s.text for s in (known.reference, *known.yardsticks)]
    with server([f"```c\n{text.strip()}\n```" for text in sources], options.port) as endpoint:
        print(f"http://127.0.0.1:{endpoint.server_port}/v1", flush=True)
        endpoint.serve_forever()


if __name__ == "__main__":
    main()
