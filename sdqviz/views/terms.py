"""What the words on the page mean, for whoever hovers over them."""

import re
from html import escape

_TERMS = {
    "LPIPS": "distance between the features that a trained network sees; 0: identical",
    "SSIM": "structural similarity of small windows; 1: identical",
    "PSNR": "peak signal over the mean squared pixel difference, in decibels; more is closer",
    "FLIP": "the difference an eye sees when flipping between the two; 0: none, 1: all",
    "noise": "what rounding alone does: the FP model computed in bfloat16 against float32",
    "other seed": "the same prompt with another seed: as far apart as two different pictures",
    "Network": "bytes of the denoising network as stored, and in 32-bit floats",
    "Of which": "codes: the weights as small integers; scales: what turns them into numbers; "
    "activation pairs: scale and zero point at each timestep; time table: outputs of the removed "
    "time layers",
    "Bits a weight": "all stored bits over the number of the network's parameters",
    "Step": "one call of the network with both guidance branches, on this machine",
    "Arithmetic": "integer: products of 8-bit codes summed in integers; simulated: the same codes "
    "multiplied as floats, exact but slow",
    "Training": "steps done before the training was ended",
}


def meaning(word: str) -> str:
    """The explanation of a word of the page, without unit or variant; empty where there is none."""
    return _TERMS.get(word) or _TERMS.get(re.split(r" \(|-", word)[0], "")


def term(word: str, shown: str = "") -> str:
    """`shown` (or the word itself) as HTML with its meaning on hover."""
    told = meaning(word)
    text = escape(shown or word)
    return f'<abbr class="sdq-term" title="{escape(told)}">{text}</abbr>' if told else text
