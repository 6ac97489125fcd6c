from dataclasses import replace

from sdqviz.views.charts.scores import score_chips
from sdqviz.views.terms import meaning, term


def test_a_term_is_explained_and_other_words_stay_plain():
    assert meaning("PSNR (dB)") == meaning("PSNR") != ""
    assert term("SSIM", "ssim").startswith('<abbr class="sdq-term" title="structural')
    assert term("<b>") == "&lt;b&gt;"


def test_every_score_says_what_it_measures(bundled):
    metrics = bundled["fidelity"].quantized.metrics
    learned = replace(metrics["flip"], label="ST-LPIPS (alex)")
    backbone = replace(metrics["flip"], label="LPIPS (alex)")
    chips = score_chips({**metrics, "st_lpips": learned, "lpips": backbone})
    for start in (
        *("distance between the features", "LPIPS with features", "structural similarity"),
        *("peak signal", "the difference an eye"),
    ):
        assert f'title="{start}' in chips
