"""deploy/ without Docker: the steps of its files, one by one, on this machine.

The installed package has the dependencies of the tests' environment, so that nothing is downloaded;
tests/e2e/test_replicas.py has nginx and two replicas.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import yaml

from tests.addresses import free_port, wait_for

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def instructions(text):
    """A Dockerfile's instructions: word and rest of each."""
    joined = re.sub(r"\\\n\s*", "", text)
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


PAGE = instructions((DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
NGINX = instructions(COMPOSE["services"]["nginx"]["build"]["dockerfile_inline"])


def commands(dockerfile):
    """The commands of its RUN instructions."""
    return [shlex.split(part) for word, rest in dockerfile if word == "RUN" for part in rest.split(" && ")]


def value(word):
    """The rest of the Dockerfile's only instruction of this kind."""
    (rest,) = [rest for each, rest in PAGE if each == word]
    return rest


@pytest.mark.skipif(not shutil.which("apt-cache"), reason="Debian's packages are known to apt alone.")
def test_the_systems_packages_are_debians():
    install = ["apt-get", "install", "-y", "--no-install-recommends"]
    named = [c[len(install) :] for c in commands(PAGE) + commands(NGINX) if c[: len(install)] == install]
    assert named == [["python3", "python3-venv"], ["nginx-light"]]
    for name in (name for names in named for name in names):
        assert subprocess.run(["apt-cache", "show", name], capture_output=True, check=False).returncode == 0


def copied_context(target):
    """What `COPY . /src` copies, by .dockerignore: entries that begin with ! come in."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    left_out = shutil.ignore_patterns(*(line[3:] for line in lines if line.startswith("**/")))
    target.mkdir()
    for name in (line[1:] for line in lines if line.startswith("!")):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=left_out)
        else:
            shutil.copy(ROOT / name, target / name)
    return target


@pytest.mark.slow
def test_the_image_installs_the_package_and_serves_the_pictures_of_the_compose_file(tmp_path):
    src, home = copied_context(tmp_path / "src"), tmp_path / "home"
    opt, work = tmp_path / "opt", tmp_path / "work"
    assert ("COPY", ". /src") in PAGE
    make, install, remove = commands(PAGE)[3:6]
    assert make == ["python3", "-m", "venv", "/opt/cfr-icl"] and remove == ["rm", "-rf", "/src"]
    assert install[:3] == ["/opt/cfr-icl/bin/pip", "install", "--no-cache-dir"]
    (package,) = install[3:]
    venv.create(opt, with_pip=False)
    site = [sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    own = subprocess.run(site, capture_output=True, text=True, check=True).stdout
    (packages,) = opt.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(own)
    pip = [sys.executable, "-m", "pip", "--python", str(opt / "bin" / "python"), "install", "--quiet"]
    subprocess.run(
        [*pip, "--no-index", "--no-deps", "--no-build-isolation", package.replace("/src", str(src))],
        check=True,
    )
    shutil.rmtree(src)

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    shutil.copy(ROOT / "examples" / "chelsea.png", pictures)
    for folder in (work, home):
        folder.mkdir()
    pictures.chmod(0o555)
    environment = dict(part.split("=") for part in shlex.split(value("ENV")))
    assert environment.pop("PATH") == "/opt/cfr-icl/bin:$PATH"
    service = COMPOSE["services"]["page-1"]
    places = {volume.rpartition("}:")[2]: volume for volume in service["volumes"]}
    assert set(places) == {"/pictures:ro", "/work"} and COMPOSE["services"]["page-2"] == service
    port = str(free_port())
    here = {"7860": port, "/pictures": str(pictures), "/work": str(work)}
    (program,), alone = json.loads(value("ENTRYPOINT")), json.loads(value("CMD"))
    assert service["command"][: len(alone)] == alone
    command = [here.get(word, word) for word in service["command"]]
    process = subprocess.Popen(
        [str(opt / "bin" / program), *command],
        cwd=tmp_path,
        env={"HOME": str(home), "PATH": f"{opt / 'bin'}:{os.environ['PATH']}", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        page = wait_for(f"http://127.0.0.1:{port}/", process)
        assert "CFR-ICL" in page
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_nginx_gets_its_file_where_debian_includes_it_and_knows_the_replicas():
    service = COMPOSE["services"]["nginx"]
    assert service["volumes"] == ["./replicas.conf:/etc/nginx/conf.d/default.conf:ro"]
    conf = (DEPLOY / "replicas.conf").read_text(encoding="utf-8")
    replicas = [name for name in COMPOSE["services"] if name != "nginx"]
    assert re.findall(r"server ([\w-]+):7860", conf) == replicas == service["depends_on"]
    assert service["ports"] == ["8080:80"] and "listen 80;" in conf
