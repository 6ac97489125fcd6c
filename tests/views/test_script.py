"""The page's scripts and styles: every file is loaded, once, after all that it needs."""

import re

from sdqviz.views.script import (
    APP_SCRIPTS,
    FOLDER,
    REPORT_SCRIPTS,
    REPORT_STYLES,
    SCRIPTS,
    STYLES,
    page_style,
    report_script,
    script,
    style,
)

_DECLARED = re.compile(r"^(?:async )?(?:const|let|class|function) (\w+)", re.MULTILINE)
# Comments and quoted words; a template's text may hold code.
_SILENT = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'""", re.DOTALL)


def names(folders: dict[str, tuple[str, ...]]) -> list[str]:
    """The scripts' names below `web`, in the order of loading."""
    return [f"{folder}/{name}.js" for folder, files in folders.items() for name in files]


def text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def test_every_file_is_loaded_once():
    styles = [f"css/{name}.css" for name in (*REPORT_STYLES, *STYLES)]
    loaded = [*names(SCRIPTS), *names(APP_SCRIPTS), *names(REPORT_SCRIPTS), *styles]
    kinds = {".js", ".css"}
    present = [f.relative_to(FOLDER).as_posix() for f in FOLDER.rglob("*") if f.suffix in kinds]
    assert sorted(loaded) == sorted(present)


def test_app_and_report_have_all_of_them():
    for name in names(SCRIPTS):
        assert text(name) in script() and text(name) in report_script()
    for name in names(APP_SCRIPTS):
        assert text(name) in script() and text(name) not in report_script()
    for name in names(REPORT_SCRIPTS):
        assert text(name) not in script() and text(name) in report_script()
    for name in STYLES:
        assert text(f"css/{name}.css") in style() and text(f"css/{name}.css") in page_style()
    for name in REPORT_STYLES:
        assert text(f"css/{name}.css") not in style() and text(f"css/{name}.css") in page_style()


def test_no_script_names_what_a_later_one_declares():
    order = [*names(SCRIPTS), *names(APP_SCRIPTS), *names(REPORT_SCRIPTS)]
    declared = {name: set(_DECLARED.findall(text(name))) for name in order}
    assert sum(map(len, declared.values())) > 100  # the pattern still finds them
    early = []
    for i, name in enumerate(order):
        # Not a property, not a private member, not a key of an object.
        used = set(re.findall(r"(?<![.#\w])[A-Za-z_]\w*(?!\w|:)", _SILENT.sub("", text(name))))
        for later in order[i + 1 :]:
            early += [f"{name} names {word} of {later}" for word in used & declared[later]]
    assert not early


def test_scripts_and_styles_stay_short():
    for file in FOLDER.rglob("*.*"):
        lines = file.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 400, file
        assert max(map(len, lines)) <= 100, file
