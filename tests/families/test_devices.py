"""A device that is not there is refused in one line, before anything is read or queued."""

import pytest
import torch

import sdqviz
from sdqviz import api
from sdqviz.base.errors import SdqvizError
from sdqviz.families.devices import check_device


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_a_gpu_that_is_not_there(no_gpu, home):
    for ask in (
        lambda: sdqviz.load("mini-sd1", device="cuda"),
        lambda: sdqviz.quantize("mini-sd1", device="cuda:0"),
        lambda: sdqviz.compare("mini-sd1", "anything", device="cuda"),
    ):
        with pytest.raises(SdqvizError, match="is not there: torch") as caught:
            ask()
        assert "use cpu" in caught.value.hint
        assert "\n" not in caught.value.message
    assert not api.open_store().runs.list()


def test_a_word_that_is_no_device():
    with pytest.raises(SdqvizError, match="unknown device 'gpu'"):
        check_device("gpu")
    assert check_device("cpu") == "cpu"


def test_one_gpu_too_many(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert check_device("cuda:1") == "cuda:1"
    with pytest.raises(SdqvizError, match="'cuda:2' is not there: 2 are"):
        check_device("cuda:2")
