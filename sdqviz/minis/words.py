"""A CLIP tokenizer in which every word of the caption grammar is one token."""

import json
from collections.abc import Sequence

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from sdqviz.minis.architecture import TOKENS
from sdqviz.minis.world.captions import grammar_words

_END = "</w>"


def word_tokenizer(words: Sequence[str] | None = None) -> CLIPTokenizer:
    """CLIP's byte-level pair encoding, merged until each word (of the grammar) is whole.

    Any other text still encodes, byte by byte, so no prompt is refused.
    """
    words = grammar_words() if words is None else words
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    learner = Tokenizer(models.BPE(end_of_word_suffix=_END))
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(
        vocab_size=10_000, min_frequency=1, end_of_word_suffix=_END, show_progress=False
    )
    learner.train_from_iterator(words, trainer)
    merges = _merges(learner)
    pieces = [*alphabet, *(a + _END for a in alphabet), *(left + right for left, right in merges)]
    vocab = {
        piece: index
        for index, piece in enumerate(dict.fromkeys([*pieces, "<|startoftext|>", "<|endoftext|>"]))
    }
    tokenizer = CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=TOKENS)
    split = [word for word in words if len(tokenizer.tokenize(word)) != 1]
    if split:
        raise ValueError(f"these grammar words are not whole tokens: {split}")
    return tokenizer


def _merges(learner: Tokenizer) -> list[tuple[str, str]]:
    merges = json.loads(learner.to_str())["model"]["merges"]
    return [(left, right) for left, right in merges]
