"""The peers that are Python: from PyPI, each with a Python of its own beside the C programs."""
import shutil
import subprocess
from pathlib import Path

from measure import Failed

SCRIPTS = Path(__file__).resolve().parent / "peers"
# Not /usr/bin/env's: a version manager's python3 may be a shell script.
PYTHON = "/usr/bin/python3"
# The newest of November 2026.
PACKAGES = {
    "langgraph": ["langgraph==1.2.24", "langgraph-checkpoint-sqlite==3.1.2"],
    "dbos": ["dbos==3.4.0"],
    "duckdb": ["duckdb==2.0.1"],
    "orjson": ["orjson==3.13.0"],
}
PATIENCE = 600


def versions(*names):
    """As they are named on the page."""
    return ", ".join(package.replace("==", " ") for name in names for package in PACKAGES[name])


def peer(built, name):
    """The words that run the peer's script; it is installed where it is not."""
    directory, packages = built / "peers" / name, PACKAGES[name]
    installed = directory / "installed"
    if not installed.is_file() or installed.read_text().split() != packages:
        shutil.rmtree(directory, ignore_errors=True)
        run(PYTHON, "-m", "venv", directory)
        run(directory / "bin/pip", "install", "-q", "--disable-pip-version-check", *packages)
        installed.write_text("\n".join(packages) + "\n")
    return [directory / "bin/python", SCRIPTS / f"on_{name}.py"]


def run(*words):
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as why:
        raise Failed(f"it could not be installed: {why}") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        raise Failed(f"it could not be installed: {said[-1]}")
