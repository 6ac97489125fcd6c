"""The page's scripts and styles: every file is loaded, once, after all that it needs."""

from sdqviz.views import script
from sdqviz.views.script import FOLDER, REPORT_SCRIPTS, REPORT_STYLES, SCRIPTS, STYLES


def scripts() -> list[str]:
    """The scripts' names below `web`, in the order of loading."""
    both = (*SCRIPTS.items(), *REPORT_SCRIPTS.items())
    return [f"{folder}/{name}.js" for folder, names in both for name in names]


def test_every_file_is_loaded_once():
    styles = [f"css/{name}.css" for name in (*REPORT_STYLES, *STYLES)]
    present = (
        f.relative_to(FOLDER).as_posix()
        for kind in ("js", "css")
        for f in FOLDER.rglob(f"*.{kind}")
    )
    assert sorted([*scripts(), *styles]) == sorted(present)


def test_the_report_has_all_of_them():
    for name in scripts():
        assert (FOLDER / name).read_text(encoding="utf-8") in script.report_script()
