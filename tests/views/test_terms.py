from sdqviz.views.charts.scores import score_chips
from sdqviz.views.terms import meaning, term


def test_a_term_is_explained_and_other_words_stay_plain():
    assert meaning("PSNR (dB)") == meaning("PSNR") != ""
    assert term("SSIM", "ssim").startswith('<abbr class="sdq-term" title="structural')
    assert term("<b>") == "&lt;b&gt;"


def test_every_score_says_what_it_measures(bundled):
    chips = score_chips(bundled["fidelity"].result["metrics"])
    for start in ("distance between the features", "structural similarity", "peak signal"):
        assert f'title="{start}' in chips
