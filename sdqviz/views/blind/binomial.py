"""What guessing explains: exact binomial numbers for k right of n, and what they allow to say."""

import math

from sdqviz.base.blind import Tally

FEWEST = 5  # sure answers; below, even all right is more than 1 in 20 by chance: 1/2^4 = 6.25 %
LEVEL = 0.05


def chance(right: int, sure: int) -> float:
    """How often guessing gets at least `right` of `sure` right:
    sum over i = right..sure of C(sure, i) / 2^sure, exact, in 0..1 (1 when nothing was asked).
    """
    return sum(math.comb(sure, i) for i in range(max(right, 0), sure + 1)) / 2**sure


def highest_share(right: int, sure: int) -> float:
    """The largest true share of right answers that `right` of `sure` does not rule out at 5 %:
    the s with sum over i = 0..right of C(sure, i) s^i (1 - s)^(sure - i) = 0.05
    (Clopper and Pearson 1934, one-sided), in 0..1.
    """
    if right >= sure:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(30):  # to 1e-9
        share = (low + high) / 2
        below = sum(_probability(i, sure, share) for i in range(right + 1))
        low, high = (share, high) if below > LEVEL else (low, share)
    return (low + high) / 2


def _probability(right: int, sure: int, share: float) -> float:
    # By logarithms: a pooled class has binomial coefficients larger than a float holds.
    ways = math.lgamma(sure + 1) - math.lgamma(right + 1) - math.lgamma(sure - right + 1)
    return math.exp(ways + right * math.log(share) + (sure - right) * math.log1p(-share))


def verdict(counts: Tally) -> str:
    """One or two sentences: the count, what guessing does, and what is thereby not shown."""
    right, sure = counts.right, counts.sure
    if not sure:
        return "No sure answer: nothing to tell from."
    score = f"{right} of {sure} right"
    if sure < FEWEST:
        answers = "answer is" if sure == 1 else "answers are"
        return f"{score}: {sure} sure {answers} too few to tell; at least {FEWEST} are needed."
    share = chance(right, sure)
    told = f"{score}: chance alone does this well in {percent(share)} of tests."
    if share < LEVEL:
        return f"{told} So rarely that these answers speak for a visible difference."
    return (
        f"{told} That is no evidence that the two were told apart, and none that they cannot be: "
        f"someone right {100 * highest_share(right, sure):.0f} % of the time could still score "
        "this low."
    )


def percent(share: float) -> str:
    """A share in words, never rounded to 0."""
    if share < 0.001:
        return "less than 0.1 %"
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def unsure_share(counts: Tally) -> str:
    """How much was answered with *not sure*, which counts neither way."""
    asked = counts.sure + counts.unsure
    if not asked:
        return "no answers"
    return f"{counts.unsure} of {asked} not sure ({100 * counts.unsure / asked:.0f} %)"
