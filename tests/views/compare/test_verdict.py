import pytest

from sdqviz.views.compare.verdict import verdict, verdict_line


def said(score: float, floor: float = 0.02, ceiling: float = 0.42) -> str:
    found = verdict({"flip": score}, {"flip": floor}, {"flip": ceiling}, 9)
    assert found is not None
    return found.sentence


def test_the_answer_is_how_far_the_picture_is_on_the_way_to_another_seed():
    assert said(0.059).startswith("Yes: FLIP 0.059, a tenth of the way from noise to another seed")
    assert said(0.061).startswith("Nearly: ")
    assert said(0.149).startswith("Nearly: FLIP 0.149, a third of the way")
    assert said(0.2).startswith("Partly: ")
    assert said(0.33).startswith("No: FLIP 0.330, three quarters of the way")
    assert "as far from the FP picture as another seed" in said(0.5)


@pytest.mark.parametrize(
    ("score", "eye"),
    [(0.029, "not see it"), (0.069, "hardly see"), (0.149, "flip between"), (0.151, "at a glance")],
)
def test_it_says_what_an_eye_would_see(score: float, eye: str):
    assert eye in said(score)


def test_what_is_hardly_seen_is_nearly_the_picture_and_what_is_seen_at_a_glance_partly():
    assert said(0.06, ceiling=0.061).startswith("Nearly: ")  # another seed draws almost the same
    assert said(0.08, ceiling=0.081).startswith("No: ")
    assert said(0.16, ceiling=3.0).startswith("Partly: ")


def test_no_more_than_noise_is_the_picture():
    assert said(0.02) == "Yes: FLIP 0.020, no more than rounding noise does (0.020)."
    equal = verdict({"flip": 0.0}, {"flip": 0.0}, {"flip": 0.4}, 0)
    assert equal is not None and equal.sentence == "Yes: every pixel is the same."
    assert said(0.1, floor=0.05, ceiling=0.05).startswith("No: ")  # references that say nothing


def test_without_flip_or_its_references_nothing_is_said():
    assert verdict({"ssim": 0.9}, {"ssim": 1.0}, {"ssim": 0.1}, 9) is None
    assert verdict({"flip": 0.1}, {"flip": None}, {"flip": 0.4}, 9) is None
    assert verdict_line(None) == ""


def test_the_line_has_the_term_and_its_answer_for_the_style_sheet():
    line = verdict_line(verdict({"flip": 0.35}, {"flip": 0.0}, {"flip": 0.4}, 9))
    assert 'data-answer="No"' in line and "sdq-term" in line and "FLIP" in line
