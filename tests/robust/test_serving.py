"""What the server gives, fetches and listens on, and what the shipped code does without."""

import ast
import http.server
import threading
from pathlib import Path

import httpx
import psutil
import pytest
from gradio_client import Client
from PIL import Image

from cfr_icl.cli.main import parse
from cfr_icl.ui.blocks import build, launch
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from tests.stand_in import ColourModel

ROOT = Path(__file__).parents[2]
FILE = {"meta": {"_type": "gradio.FileData"}}


@pytest.fixture(scope="module")
def url():
    blocks = build(Server(Settings(ColourModel())))
    _, url, _ = launch(blocks, prevent_thread_lock=True, quiet=True)
    yield url
    blocks.close()


@pytest.fixture(scope="module")
def guarded():
    blocks = build(Server(Settings(ColourModel())))
    _, url, _ = launch(blocks, prevent_thread_lock=True, quiet=True, auth=("ann", "s3:cret"))
    yield url
    blocks.close()


@pytest.fixture
def bait(tmp_path):
    """A web server that counts who comes."""
    visits = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            visits.append(self.path)
            self.send_response(200)
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", visits
    server.shutdown()
    server.server_close()


def call(url, picture, **options):
    """The events that the endpoint answers with."""
    begun = httpx.post(
        f"{url}gradio_api/call/segment", json={"data": [picture, [[1, 1]], 1, None, None]}, **options
    )
    assert begun.status_code == 200, begun.text
    return httpx.get(f"{url}gradio_api/call/segment/{begun.json()['event_id']}", timeout=60, **options).text


def test_the_page_listens_on_this_machine_alone(url):
    port = int(url.rstrip("/").rsplit(":", 1)[1])
    listening = [
        connection.laddr.ip
        for connection in psutil.Process().net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    ]
    assert listening == ["127.0.0.1"]


def test_another_host_only_when_asked_or_on_a_space(monkeypatch):
    monkeypatch.delenv("GRADIO_SERVER_NAME", raising=False)
    assert parse(["app"]).host == "127.0.0.1"
    assert parse(["app", "--host", "0.0.0.0"]).host == "0.0.0.0"
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    assert parse(["app"]).host == "0.0.0.0"


@pytest.mark.parametrize("address", ["{bait}/x.png", "http://[::1]:1/x.png", "https://0x7f000001/x.png"])
def test_the_endpoint_fetches_no_addresses(url, bait, address):
    where, visits = bait
    address = address.format(bait=where)
    for file in ({**FILE, "path": address}, {**FILE, "path": address, "url": address}):
        events = call(url, file)
        assert "event: error" in events and "uploaded file" in events
    assert "event: error" in call(url, {**FILE, "path": "x.png", "url": address})
    assert visits == []


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../../../etc/passwd",
        "C:\\Windows\\win.ini",
        str(ROOT / "app.py"),
        "file:///etc/passwd",
        "",
    ],
)
def test_files_of_the_server_are_neither_read_nor_served(url, path):
    assert "event: error" in call(url, {**FILE, "path": path})
    got = httpx.get(f"{url}gradio_api/file={path}")
    assert got.status_code in (403, 404) and "root:" not in got.text and "argparse" not in got.text


def test_the_page_is_no_proxy(url, bait):
    where, visits = bait
    assert httpx.get(f"{url}gradio_api/proxy={where}/x").status_code >= 400
    assert visits == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", "<script>alert(1)</script>"),
        ("picture.svg", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("picture.png", "<!doctype html><script>alert(1)</script>"),
        ("../../up.html", "<script>alert(1)</script>"),
    ],
)
def test_uploaded_markup_never_runs_as_a_page(url, name, content):
    (path,) = httpx.post(f"{url}gradio_api/upload", files={"files": (name, content)}).json()
    assert ".." not in path
    got = httpx.get(f"{url}gradio_api/file={path}")
    shown = (
        got.headers["content-disposition"].startswith("attachment")
        or got.headers["content-type"] == "image/png"
    )
    assert shown  # and browsers take no image/png for a page


def test_with_auth_nothing_is_given_without_the_password(guarded, tmp_path):
    assert "Login" in httpx.get(guarded).text or "auth_required" in httpx.get(guarded).text
    answers = [
        httpx.get(f"{guarded}config"),
        httpx.get(f"{guarded}gradio_api/info"),
        httpx.get(f"{guarded}gradio_api/file=/etc/passwd"),
        httpx.post(f"{guarded}gradio_api/upload", files={"files": ("x.png", b"x")}),
        httpx.post(f"{guarded}gradio_api/queue/join", json={"data": [], "fn_index": 0, "session_hash": "x"}),
        httpx.post(f"{guarded}gradio_api/call/segment", json={"data": []}),
        httpx.get(f"{guarded}gradio_api/queue/data", params={"session_hash": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [401] * len(answers)
    for wrong in ({"username": "ann", "password": "s3"}, {"username": "", "password": ""}):
        assert httpx.post(f"{guarded}login", data=wrong).status_code in (400, 422)
    path = tmp_path / "x.png"
    Image.new("RGB", (20, 20), "red").save(path)
    client = Client(guarded, auth=("ann", "s3:cret"), verbose=False, download_files=str(tmp_path))
    assert list(client.view_api(return_format="dict")["named_endpoints"]) == ["/segment"]


def test_the_password_may_hold_a_colon():
    assert parse(["app", "--auth", "ann:s3:cret"]).auth == ("ann", "s3:cret")


# ---- what the shipped code does without

DANGEROUS = {
    *("eval", "exec", "compile", "__import__", "execfile"),
    *(
        "os.system",
        "os.popen",
        "subprocess.run",
        "subprocess.Popen",
        "subprocess.call",
        "subprocess.check_output",
    ),
    *(
        "pickle.load",
        "pickle.loads",
        "pickle.Unpickler",
        "marshal.loads",
        "shelve.open",
        "joblib.load",
        "dill.load",
    ),
    *("yaml.load", "numpy.load", "torch.hub.load", "gr.load", "gradio.load"),
    *("urllib.request.urlopen", "urlopen", "requests.get", "requests.post", "httpx.get", "httpx.Client"),
}
CHECKPOINTS = {
    "weights/published.py",
    "learning/checkpoint.py",
    "learning/encoders.py",
}
"""Modules that read PyTorch files: published weights, a run's own checkpoint, weights of an encoder."""

PICKLES_OF_DATA_SETS = {"data/lvis.py"}
"""COCO+LVIS is published so; its reader resolves no names but those of arrays."""

STARTS_A_PROCESS = {"annotate/learning/run.py": {"subprocess.Popen"}}
"""Learning runs beside the page: this Python and this package, with no shell."""

ASKS_OVER_HTTP = {"workers/pool.py": {"httpx"}}
"""Network workers, at the addresses that the app was started with."""


def shipped():
    return [ROOT / "app.py", *(ROOT / "cfr_icl").rglob("*.py")]


def name_of(node):
    """A dotted name such as os.path.join, or "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{name_of(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_pickles_no_evaluation_no_fetching_no_open_paths(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = path.relative_to(ROOT / "cfr_icl").as_posix() if path.name != "app.py" else "app.py"
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = {alias.name for alias in node.names} | {getattr(node, "module", "") or ""}
            packages = {module.split(".")[0] for module in modules - {"urllib.parse"}}
            refused = {"pickle", "marshal", "shelve", "requests", "httpx", "urllib"}
            refused -= ASKS_OVER_HTTP.get(inside, set())
            assert inside in PICKLES_OF_DATA_SETS or not refused & packages
        if isinstance(node, ast.Call):
            name = name_of(node.func)
            allowed = {"httpx.Client"} if inside in ASKS_OVER_HTTP else STARTS_A_PROCESS.get(inside, set())
            assert name not in DANGEROUS - allowed
            keywords = {keyword.arg: keyword.value for keyword in node.keywords}
            if name == "np.load":
                assert getattr(keywords.pop("allow_pickle", None), "value", None) is False
            assert not {"allowed_paths", "allow_pickle", "shell", "trust_remote_code"} & set(keywords)
            if name == "torch.load":
                assert inside in CHECKPOINTS
                assert getattr(keywords.get("weights_only"), "value", None) is True
        if isinstance(node, ast.ClassDef) and inside in PICKLES_OF_DATA_SETS:
            unpickles = any(name_of(base) == "pickle.Unpickler" for base in node.bases)
            assert not unpickles or any(getattr(part, "name", "") == "find_class" for part in node.body)


def test_scripts_read_checkpoints_as_weights_alone():
    for folder in ("training", "benchmarks"):
        for path in (ROOT / folder).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and name_of(node.func) in (
                    "torch.load",
                    "eval",
                    "exec",
                    "pickle.load",
                ):
                    keywords = {
                        keyword.arg: getattr(keyword.value, "value", None) for keyword in node.keywords
                    }
                    assert name_of(node.func) == "torch.load" and keywords.get("weights_only") is True, path


def test_the_page_puts_names_into_text_alone():
    for path in (ROOT / "cfr_icl" / "ui" / "static").glob("*.js"):
        script = path.read_text(encoding="utf-8")
        for markup in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
        ):
            assert markup not in script, f"{path.name} uses {markup}"
