"""Two replicas of the page behind nginx, over one folder: one dies, and its person goes on at the other.

These are the steps of deploy/compose.yaml without Docker: the same file for nginx, two processes on loopback.
"""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.addresses import free_port, nginx, wait_for
from tests.browser import find_nginx
from tests.e2e.tool import Visitor

ROOT = Path(__file__).parents[2]
REPLICA = """
import sys
from pathlib import Path
from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.ui import blocks
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from tests.stand_in import ColourModel
folder = Folder(Path(sys.argv[1]), Path(sys.argv[2]))
folder.work.share()
server = Server(Settings(ColourModel(), folder=folder))
add = server.pages.add
server.pages.add = lambda *page: (add(*page), Path(sys.argv[4]).touch())
blocks.launch(blocks.build(server), "127.0.0.1", int(sys.argv[3]), quiet=True, prevent_thread_lock=False)
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def replicas(tmp_path):
    """The address of nginx, and the processes of the two replicas by their ports."""
    program = find_nginx()
    if not program:
        pytest.skip("nginx is not installed.")
    images = tmp_path / "images"
    images.mkdir()
    for number in range(2):
        picture = np.full((200, 300, 3), 128, np.uint8)
        picture[40:120, 30:130] = (220, 30, 30)
        Image.fromarray(np.roll(picture, 9 * number, axis=1)).save(images / f"{number}.png")
    ports, port = [free_port(), free_port()], free_port()
    script = [sys.executable, "-c", REPLICA, str(images), str(tmp_path / "out")]
    processes = {
        each: subprocess.Popen([*script, str(each), str(tmp_path / f"has-page-{each}")], cwd=ROOT)
        for each in ports
    }
    conf = (ROOT / "deploy" / "replicas.conf").read_text(encoding="utf-8")
    for number, each in enumerate(ports, 1):
        conf = conf.replace(f"page-{number}:7860", f"127.0.0.1:{each}")
    conf = conf.replace("listen 80;", f"listen 127.0.0.1:{port};")
    with nginx(program, tmp_path, conf):
        for each in (*ports, port):
            wait_for(f"http://127.0.0.1:{each}/")
        yield f"http://127.0.0.1:{port}/", processes
    for process in processes.values():
        process.kill()
        process.wait()


def saved(tmp_path, name):
    path = tmp_path / "out" / f"{name}.session.json"
    objects = json.loads(path.read_text())["objects"] if path.exists() else []
    return [click for entry in objects for click in entry["clicks"]]


def test_a_replica_dies_and_its_person_goes_on_at_the_other(new_page, replicas, tmp_path):
    url, processes = replicas
    page = new_page()
    tool = Visitor(page, url, ready=".cfr[data-folder]:not([data-empty])")
    (cookie,) = [each for each in page.context.cookies() if each["name"] == "cfr_visitor"]
    assert re.fullmatch("[0-9a-f]{32}", cookie["value"]) and cookie["httpOnly"]
    tool.click(80, 80)
    tool.idle()
    assert saved(tmp_path, "0.png") == [[80, 80, True]]

    (busy,) = [port for port in processes if (tmp_path / f"has-page-{port}").exists()]
    processes[busy].send_signal(signal.SIGKILL)
    processes[busy].wait()
    tool.click(60, 60)
    tool.idle()
    page.wait_for_function("document.querySelectorAll('[data-ref=objects] li').length === 1")
    for _ in range(300):
        if len(saved(tmp_path, "0.png")) == 2:
            break
        time.sleep(0.1)
    assert saved(tmp_path, "0.png") == [[80, 80, True], [60, 60, True]]
    page.keyboard.press("PageDown")
    tool.idle()
    assert page.get_by_label("Place in the folder").inner_text() == "2 / 2"
