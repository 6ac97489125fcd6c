"""What the words on the page mean, for whoever hovers over them; the page's script has them too."""

from sdqviz.views.markup import escaped, html

TERMS = {
    "LPIPS": "distance between the features that a trained network sees; 0: identical",
    "ST-LPIPS": "LPIPS with features that a shift of a pixel leaves alone, trained by others: its "
    "numbers do not compare with LPIPS; 0: identical",
    "SSIM": "structural similarity of small windows; 1: identical",
    "PSNR": "peak signal over the mean squared pixel difference, in decibels; more is closer",
    "FLIP": "the difference an eye sees when flipping between the two; 0: none, 1: all",
    "SSIMULACRA 2": "structure and edges at six scales, fitted to people's votes; 100: identical",
    "ColorVideoVDP": "just-objectionable differences on a display, in colour; 10: none seen",
    "noise": "what rounding alone does: the FP model computed in bfloat16 against its own format "
    "(of a bfloat16 model: float32)",
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
    "replay": "both models see the FP model's latents at every step: where precision is lost",
    "free run": "each model steers itself from the same noise: whether the loss matters",
    "relative squared error": "the squared difference over the FP value's own square; 0.01 is 1 %",
    "own error": "the quantized layer on the FP layer's own input: what its rounding costs",
    "in replay": "inside the quantized network: with what the layers before it added; estimated "
    "from 2048 values of the output",
    "total loss": "what training makes small: the output's error and each block's, weighted",
    "output error": "the network's output against the FP model's, relative squared",
    "block error": "a block's output against the FP model's block, relative squared",
    "training batches": "on what was just trained on, so it is noisy",
    "fixed tune scene": "a scene that is never trained on, replayed now and then",
    "frozen": "trained no further: its error had stopped falling",
    "optimiser step": "one change of the trained weights and ranges",
    "timestep": "how much noise is left: 1000 is all, 0 none",
    "input value": "a number that enters the layer; equalised: divided by its channel's factor",
    "ends of the range": "what lies beyond is clipped: it becomes the first or the last code",
    "scale": "the distance between two neighbouring codes",
    "learned scale": "the distance between two neighbouring codes, after training",
    "as calibrated": "as the range search set it, before training moved it",
    "codes": "the values that the stored integers stand for; the longest tick is 0's",
    "clipped": "input values beyond the range: they become its first or last code",
    "code": "the small integer that is stored for a weight",
    "multiplier": "a 4-bit integer that a group of weights shares: code x multiplier is their int8",
    "learning rate": "how far one step may move what is trained",
    "influence": "how much an error at this call changes the final picture",
}


def meaning(words: str) -> str:
    """The explanation of the longest known term that `words` begin with; empty where there is
    none. What follows a term, a unit or a variant, needs none of its own.
    """
    known = [t for t in TERMS if words.startswith(t) and not words[len(t) :][:1].isalpha()]
    return TERMS[max(known, key=len)] if known else ""


def term(word: str, shown: str = "") -> str:
    """`shown` (or the word itself) as HTML with its meaning on hover."""
    told = meaning(word)
    text = shown or word
    if not told:
        return escaped(text)
    return html('<abbr class="sdq-term" title="{told}">{text}</abbr>', told=told, text=text)
