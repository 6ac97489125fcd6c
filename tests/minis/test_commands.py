import sys

import pytest

from sdqviz.minis import latents, score, train_autoencoder, train_denoiser
from sdqviz.minis.judge import train as judge_train


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        (judge_train, "--data {0}/no --out {0}", "rendered.txt is absent (make it with python -m"),
        (train_autoencoder, "--data {0}/no --out {0}", "minis.world.dataset"),
        (latents, "--data {0}/no --vae {0}/no --out {0}/x", "minis.train_autoencoder"),
        (
            train_denoiser,
            "--data {0}/no --latents {0}/no --vae {0}/no --out {0}",
            "minis.train_autoencoder",
        ),
        (score, "{0}/no", "model_index.json is absent"),
    ],
)
def test_what_is_absent_is_one_line_with_the_command_that_makes_it(
    command, arguments, said, tmp_path, monkeypatch, capsys
):
    given = arguments.format(tmp_path).split()
    monkeypatch.setattr(sys, "argv", ["command", *given])
    with pytest.raises(SystemExit, match="2"):
        command.main()
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert said in last
