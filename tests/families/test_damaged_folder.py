"""A folder whose files are not what they should be is refused in one line."""

import json
import shutil

import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.families.loading import load


def test_a_tokenizer_that_its_library_cannot_read(tiny_folder, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny_folder, folder)
    file = folder / "tokenizer" / "tokenizer.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "version": None}))
    with pytest.raises(SdqvizError, match="cannot be loaded: invalid type: null"):
        load(str(folder))
