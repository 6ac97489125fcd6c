import json

import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.minis.words import word_tokenizer
from sdqviz.minis.world.captions import (
    Caption,
    grammar_words,
    held_out_captions,
    is_held_out,
    training_captions,
)
from sdqviz.minis.world.prompts import COUNTS, prompt_splits
from sdqviz.minis.world.vocabulary import COLOURS, NAMES, PATTERNS, PLACES


def test_the_grammar():
    assert Caption(names=("octopus",), colour="orange").text == (
        "an octopus on an orange background"
    )
    assert Caption(
        names=("key",), colour="red", pattern="striped", size="large", position="top"
    ).text == ("a large key at the top on a striped red background")
    assert Caption(names=("fox", "octopus"), place="forest").text == (
        "a fox and an octopus in the forest"
    )
    assert Caption(names=("sailboat",), place="sunset", size="small", position="left").text == (
        "a small sailboat on the left at the sunset"
    )


@pytest.mark.parametrize("ground", [{}, {"place": "park", "colour": "red"}])
def test_a_caption_has_one_ground(ground: dict[str, str]):
    with pytest.raises(ValueError, match="a colour or a place"):
        Caption(names=("fox",), **ground)


def test_held_out_combinations_are_never_trained_on():
    held_out, training = held_out_captions(240), training_captions(6000)
    assert len({caption.text for caption in held_out}) == 240
    assert all(is_held_out(caption) for caption in held_out)
    assert not any(is_held_out(caption) for caption in training)
    # every word is seen, in other combinations
    assert {name for caption in training for name in caption.names} == set(NAMES)
    assert {c.place for c in training if c.place} == set(PLACES)
    assert {(c.pattern, c.colour) for c in training if c.colour} == {
        (pattern, colour) for pattern in PATTERNS for colour in COLOURS
    }
    places = sum(bool(caption.place) for caption in training) / len(training)
    assert places == pytest.approx(1 / 3, abs=0.03)


def test_every_grammar_word_is_one_token():
    tokenizer = word_tokenizer(grammar_words())
    for word in grammar_words():
        assert len(tokenizer.tokenize(word)) == 1
    for caption in held_out_captions(50):
        assert set(caption.text.split()) <= set(grammar_words())
    assert len(tokenizer("Zürich 42, \u2764!").input_ids) > 4


def test_the_shipped_prompts_are_the_generators_and_never_mix():
    file = assets_folder() / "prompts" / "scenes.json"
    splits = json.loads(file.read_text(encoding="utf-8"))
    assert splits == prompt_splits()
    assert {name: len(texts) for name, texts in splits.items()} == COUNTS
    texts = [text for split in splits.values() for text in split]
    assert len(set(texts)) == len(texts)
