"""The Hugging Face Hub's routes for model files, on this machine, from memory."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

TOKEN = "hf_local"


@dataclass
class Repository:
    """Files by commit; the newest commit is `main`."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gated: bool = False

    def commit(self, files: dict[str, bytes]) -> str:
        """Add files on top of the newest commit; returns the new commit's name."""
        name = hashlib.sha1(f"{len(self.commits)}{sorted(files)}".encode()).hexdigest()
        self.commits[name] = {**self.files("main"), **files}
        return name

    def resolve(self, revision: str) -> str | None:
        if revision == "main" and self.commits:
            return next(reversed(self.commits))
        return revision if revision in self.commits else None

    def files(self, revision: str) -> dict[str, bytes]:
        return self.commits.get(self.resolve(revision) or "", {})


class HubServer(ThreadingHTTPServer):
    """A Hub; `requests` is what it was asked, `break_after` the bytes after which it hangs up, once each.

    While `flows` is not set, large files stop in the middle.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, Repository] = {}
        self.requests: list[tuple[str, str, str | None]] = []
        self.break_after: list[int] = []
        self.flows = Event()
        self.flows.set()
        self.uploaded: dict[str, bytes] = {}
        Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, name: str, files: dict[str, bytes], gated: bool = False) -> str:
        """A repository, or one more commit to it; returns the commit."""
        repository = self.repositories.setdefault(name, Repository(gated=gated))
        return repository.commit(files)

    def downloads(self, file: str) -> list[str | None]:
        """The Range header of each download of this file."""
        return [span for method, path, span in self.requests if method == "GET" and path.endswith("/" + file)]

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HubServer

    def log_message(self, *_) -> None:
        pass

    def do_HEAD(self) -> None:
        self._get()

    def do_GET(self) -> None:
        self._get()

    def do_PUT(self) -> None:
        content = self._body()
        self.server.uploaded[hashlib.sha256(content).hexdigest()] = content
        self._answer(200)

    def do_POST(self) -> None:
        body = self._body()
        self.server.requests.append(("POST", self.path, None))
        if self.path == "/api/validate-yaml":
            return self._json({"errors": [], "warnings": []})
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            return self._json({"error": "Invalid username or password."}, 401)
        if self.path == "/api/repos/create":
            values = json.loads(body)
            name = f"{values.get('organization') or 'user'}/{values['name']}"
            self.server.repositories.setdefault(name, Repository())
            return self._json({"url": f"{self.server.url}/{name}"})
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/preupload/main", self.path):
            files = json.loads(body)["files"]
            mode = {True: "lfs", False: "regular"}
            answers = [
                {
                    "path": f["path"],
                    "uploadMode": mode[f["path"].endswith(".safetensors")],
                    "shouldIgnore": False,
                }
                for f in files
            ]
            return self._json({"files": answers})
        if self.path.endswith(".git/info/lfs/objects/batch"):
            objects = [
                {**o, "actions": {"upload": {"href": f"{self.server.url}/lfs/{o['oid']}"}}}
                for o in json.loads(body)["objects"]
            ]
            return self._json({"transfer": "basic", "objects": objects})
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/commit/main", self.path):
            commit = self.server.add(match[1], self._committed(body))
            return self._json(
                {"commitUrl": f"{self.server.url}/{match[1]}/commit/{commit}", "commitOid": commit}
            )
        return self._json({"error": f"no such route {self.path}"}, 404)

    def _committed(self, body: bytes) -> dict[str, bytes]:
        files = {}
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.server.uploaded[value["oid"]]
        return files

    def _get(self) -> None:
        self.server.requests.append((self.command, self.path, self.headers.get("range")))
        match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self.path)
        repository = self.server.repositories.get(match[1]) if match else None
        if repository is None:
            return self._error(401, "RepoNotFound")
        if repository.gated and self.headers.get("authorization") != f"Bearer {TOKEN}":
            return self._error(403, "GatedRepo")
        commit = repository.resolve(match[2])
        if commit is None:
            return self._error(404, "RevisionNotFound")
        content = repository.commits[commit].get(match[3])
        if content is None:
            return self._error(404, "EntryNotFound", commit)
        self._send_file(content, commit)

    def _send_file(self, content: bytes, commit: str) -> None:
        start = int(re.match(r"bytes=(\d+)-", self.headers.get("range") or "bytes=0-")[1])
        part = content[start:]
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", commit)
        self.send_header("Content-Length", str(len(part)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.server.break_after and len(part) > 10_000:
            part = part[: self.server.break_after.pop(0)]
            self.close_connection = True
        half = len(part) // 2 if len(part) > 10_000 else 0
        self.wfile.write(part[:half])
        self.server.flows.wait(60)
        self.wfile.write(part[half:])

    def _error(self, status: int, code: str, commit: str | None = None) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        if commit:
            self.send_header("X-Repo-Commit", commit)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, content: bytes = b"", kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _json(self, values: object, status: int = 200) -> None:
        self._answer(status, json.dumps(values).encode(), "application/json")

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") == "chunked":
            chunks = []
            while size := int(self.rfile.readline(), 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("content-length") or 0))
