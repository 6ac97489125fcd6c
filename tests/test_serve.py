"""What the app lets its visitors ask for."""

import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import COMPARE, compare_request
from sdqviz.base.scene import Scene
from sdqviz.serve import app_context


class Idle:
    """A supervisor that starts no worker."""

    def ensure_worker(self) -> None:
        pass


def request(folder):
    return compare_request("mini-sd1", str(folder), [Scene(prompt="a key")])


def test_visitors_from_elsewhere_open_no_folder(home, tmp_path):
    context = app_context(home, Idle(), any_model=False)
    with pytest.raises(SdqvizError, match="not opened for visitors"):
        context.submit(COMPARE, request(tmp_path))
    assert not context.store.runs.list(COMPARE)


def test_a_folder_that_is_no_quantized_model_is_told_at_once(home, tmp_path, tiny_folder):
    context = app_context(home, Idle())
    for folder, told in ((tmp_path / "none", "unknown model"), (tiny_folder, "is not a quantized")):
        with pytest.raises(SdqvizError, match=told):
            context.submit(COMPARE, request(folder))
    assert not context.store.runs.list(COMPARE)
