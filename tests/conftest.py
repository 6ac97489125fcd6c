"""Shared fixtures: a tiny random model of the sd1 family, a store in a temporary home."""

import os
import shutil
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
# Tiny models gain nothing by threads, and the threads of parallel tests starve each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import pytest

from sdqviz.store.store import Store
from tests.tiny import save_tiny_model


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path):
    from sdqviz.families.loading import load

    return load(str(tiny_folder))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("SDQVIZ_HOME", str(folder))
    return folder


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home)


BROWSER = Path(__file__).parent / "browser"
NO_CHROMIUM = "chromium is missing: apt-get install chromium"


def chromium() -> str | None:
    """Debian's chromium, if it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def pytest_configure() -> None:
    """Under CI every test runs; elsewhere one without chromium runs all but the browser's."""
    if chromium() is None and os.environ.get("CI") == "true":
        raise pytest.UsageError(NO_CHROMIUM)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if chromium() is None:
        left_out = [item for item in items if BROWSER in item.path.parents]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if BROWSER not in item.path.parents]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if chromium() is None:
        terminalreporter.write_line(f"tests/browser left out, {NO_CHROMIUM}", yellow=True)


QUICK = {"steps": 3, "calibration_scenes": 1, "held_out_scenes": 1, "time_rows": "sampler"}
