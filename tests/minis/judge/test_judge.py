import numpy as np
import pytest
import torch
from torch.nn import functional as F

from sdqviz.base.errors import SdqvizError
from sdqviz.minis.judge.ceiling import agreement
from sdqviz.minis.judge.labels import CLASSES, asked, targets
from sdqviz.minis.judge.network import Judge, open_judge, read, save_judge
from sdqviz.minis.judge.variety import mean_distance, nearest_training_distance, rendered_pairs
from sdqviz.minis.world.captions import Caption, held_out_captions, training_captions
from sdqviz.minis.world.scenes import render, scene


def test_a_caption_asks_for_what_it_says_and_no_more():
    assert asked(Caption(names=("key",), colour="red", pattern="dotted", position="top")) == {
        "left": "key",
        "right": "nothing",
        "ground": "dotted",
        "position": "top",
        "colour": "red",
    }
    in_place = asked(Caption(names=("key", "fox"), place="park"))
    assert "colour" not in in_place
    assert (in_place["right"], in_place["ground"], in_place["position"]) == ("fox", "park", "pair")
    wanted = targets([Caption(names=("key",), place="park")], ["flat"])
    assert wanted["colour"].tolist() == [-100]
    assert CLASSES["style"][wanted["style"][0]] == "flat"


@pytest.fixture(scope="module")
def learned() -> tuple[Judge, list[Caption], list[np.ndarray]]:
    """A judge that knows twelve pictures by heart."""
    torch.manual_seed(0)
    captions = held_out_captions(12)
    pictures = [np.asarray(render(caption, i)) for i, caption in enumerate(captions)]
    styles = [scene(caption, i).style for i, caption in enumerate(captions)]
    wanted = {head: torch.from_numpy(v) for head, v in targets(captions, styles).items()}
    batch = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1.0
    judge = Judge()
    optimiser = torch.optim.AdamW(judge.parameters(), lr=2e-3)
    for _ in range(60):
        logits = judge(batch)
        loss = sum(F.cross_entropy(logits[h], wanted[h], ignore_index=-100) for h in logits)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    return judge.eval(), captions, pictures


def test_right_pictures_agree_and_others_do_not(learned):
    judge, captions, pictures = learned
    shares = agreement(judge, pictures, captions)
    assert shares.keys() == {"names", "ground", "colour", "position", "whole", "score"}
    assert set(shares.values()) == {1.0}
    wrong = agreement(judge, pictures[1:] + pictures[:1], captions)
    assert wrong["names"] < 0.4
    assert wrong["whole"] == 0.0
    assert wrong["score"] < 0.7


def test_a_saved_judge_reads_the_same(learned, tmp_path):
    judge, _, pictures = learned
    save_judge(judge, tmp_path / "judge.safetensors")
    again = open_judge(tmp_path / "judge.safetensors")
    assert read(again, pictures) == read(judge, pictures)
    assert (tmp_path / "judge.safetensors").stat().st_size < 2_000_000
    with pytest.raises(SdqvizError, match="--judge"):
        open_judge(tmp_path / "other.safetensors")


def test_a_training_picture_is_nearest_to_itself():
    captions = training_captions(60_000)
    for index in (4, 17):
        picture = np.asarray(render(captions[index], index))
        assert nearest_training_distance(picture, captions[index]) == 0.0
        fresh = np.asarray(render(captions[index], 10**6))
        assert nearest_training_distance(fresh, captions[index]) > 3.0


def test_seeds_of_the_renderer_differ():
    pairs = rendered_pairs(held_out_captions(6))
    assert mean_distance([(one, one) for one, _ in pairs]) == 0.0
    assert 0.1 < mean_distance(pairs) < 0.45
