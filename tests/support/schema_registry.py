"""A schema registry in memory, over HTTP: the part of Confluent's API that clients of ours use."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Registrar(ThreadingHTTPServer):
    """Keeps schemas by id and counts requests; `fail` makes it answer with that status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.schemas: dict[int, str] = {}
        self.subjects: dict[str, list[int]] = {}
        self.requests: list[tuple[str, str]] = []
        self.authorisations: set[str | None] = set()
        self.fail = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, schema: str) -> int:
        known = {text: number for number, text in self.schemas.items()}
        number = known.get(schema, len(self.schemas) + 1)
        self.schemas[number] = schema
        return number


class Handler(BaseHTTPRequestHandler):
    server: Registrar

    def do_GET(self) -> None:
        self._note()
        number = int(self.path.partition("?")[0].rpartition("/")[2])
        schema = self.server.schemas.get(number)
        self._answer({"schema": schema} if schema else None)

    def do_POST(self) -> None:
        self._note()
        schema = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["schema"]
        path = self.path.partition("?")[0].split("/")
        ids = self.server.subjects.setdefault(path[2], [])
        number = self.server.add(schema)
        if path[-1] != "versions" and number not in ids:
            self._answer(None)
            return
        if number not in ids:
            ids.append(number)
        self._answer({"id": number, "subject": path[2], "version": ids.index(number) + 1, "schema": schema})

    def _note(self) -> None:
        self.server.requests.append((self.command, self.path.partition("?")[0]))
        self.server.authorisations.add(self.headers.get("Authorization"))

    def _answer(self, body: object | None) -> None:
        status = self.server.fail or (404 if body is None else 200)
        content = json.dumps({"error_code": 40403, "message": "no"} if status != 200 else body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def registrar() -> Iterator[Registrar]:
    """Run one on a free loopback port."""
    with Registrar() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
