"""An error is one line that can be read, whatever it repeats."""

import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.base.reading import reading


@pytest.mark.parametrize("given", ["[" * 3000, "a\n" * 3000, "x y" * 3000])
def test_an_error_is_short_and_one_line_whatever_it_was_given(given):
    error = SdqvizError(f"no run {given!r}", f"choose one of {given}")
    for text in (error.message, error.hint, *error.args):
        assert "\n" not in text and len(text) <= 403
    assert error.message.startswith("no run '") and error.message.endswith("'")


def test_a_usual_error_is_left_as_it_is():
    error = SdqvizError("steps is 0", "give 1 to 1000")
    assert str(error) == "steps is 0 (give 1 to 1000)"


def test_a_library_that_raises_no_class_of_its_own_is_told_in_one_line():
    told = pytest.raises(SdqvizError, match="model cannot be read: invalid type: null")
    with told, reading("model", "download it again"):
        raise Exception("invalid type: null")  # as tokenizers does


def test_a_mistake_of_the_program_is_not_called_damage():
    class OurError(Exception):
        pass

    with pytest.raises(OurError), reading("model", ""):
        raise OurError
