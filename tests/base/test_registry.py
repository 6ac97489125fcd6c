import sys
from textwrap import dedent

import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.base.registry import found, named


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with one entry in a file, one in a folder, and what is no entry beside them."""
    files = {
        "__init__.py": "",
        "helper.py": "SIDE = 3",
        "near.py": entry("near"),
        "wide/__init__.py": "",
        "wide/tab.py": entry("wide"),
        "wide/organ.py": entry("an organ"),
        "code/__init__.py": "",
        "code/kernel.py": entry("a kernel"),
    }
    for name, text in files.items():
        file = tmp_path / "sdqviz_test_registry" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield "sdqviz_test_registry"
    for name in [n for n in sys.modules if n.startswith("sdqviz_test_registry")]:
        del sys.modules[name]


def entry(name: str) -> str:
    return dedent(f"""
        from types import SimpleNamespace
        TAB = SimpleNamespace(name={name!r})
    """)


def test_an_entry_is_a_file_or_a_folder_whose_module_has_the_entrys_name(package):
    assert list(found(package, "TAB")) == ["near", "wide"]
    assert named(package, "TAB", "wide").name == "wide"


def test_an_unknown_entry_is_refused_with_the_known_ones(package):
    with pytest.raises(SdqvizError, match="unknown tab 'organ'") as refused:
        named(package, "TAB", "organ")
    assert refused.value.hint == "there is near, wide"
