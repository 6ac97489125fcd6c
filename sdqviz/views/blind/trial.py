"""A blind trial as the page gets it: pictures without names, a question, three answers."""

import base64
from collections.abc import Sequence

from sdqviz.base.blind import ABX, FIRST, SECOND, UNSURE, WHICH, Session, Trial
from sdqviz.views.markup import html, joined

KIND_LABELS = {ABX: "ABX: which one is X?", WHICH: "Which one is quantized?"}
_QUESTIONS = {
    ABX: "X is one of the two. Which one?",
    WHICH: "One is floating point, one is quantized. Which one is quantized?",
}
_NAMES = ("A", "B", "X")
_WORDS = {
    ABX: {FIRST: "X is A", SECOND: "X is B", UNSURE: "Not sure"},
    WHICH: {FIRST: "Left", SECOND: "Right", UNSURE: "Not sure"},
}
_KEYS = {FIRST: "1 or A", SECOND: "2 or B", UNSURE: "3 or N"}


def answer_words(kind: str, answer: str) -> str:
    return _WORDS[kind].get(answer, "picture was missing")


def button_label(kind: str, answer: str) -> str:
    """The answer and the keys that give it."""
    return f"{answer_words(kind, answer)} [{_KEYS[answer]}]"


def trial_stage(session: Session, trial: Trial, pictures: Sequence[bytes]) -> str:
    """The question over its pictures, each the very PNG file as a data URI: no name, no address
    and no difference in the markup tells which model drew it.

    (In ABX the bytes of X equal those of A or B, as they must; the test is for eyes.)
    """
    count = len(session.trials)
    figures = joined(
        html(
            '<figure class="sdq-blind-{short}"><img alt="picture {name}" '
            'src="data:image/png;base64,{data}"><figcaption>{caption}</figcaption></figure>',
            short=name.lower(),
            name=name,
            data=base64.b64encode(data).decode(),
            caption=_caption(session.kind, name),
        )
        for name, data in zip(_NAMES, pictures, strict=False)
    )
    share = 100 * trial.number / count
    return html(
        '<p class="sdq-about"><b>Trial {number} of {count}.</b> {question}</p><div '
        'class="sdq-progress" role="progressbar" aria-valuenow="{share:.0f}" '
        'aria-valuemin="0" aria-valuemax="100"><i '
        'style="width:{share:.1f}%"></i></div><div class="sdq-blind '
        'sdq-blind-{kind}" data-shown="a">{figures}</div>{flips}',
        number=trial.number + 1,
        count=count,
        question=_QUESTIONS[session.kind],
        share=share,
        kind=session.kind,
        figures=figures,
        flips=_flips(session.kind),
    )


def _flips(kind: str) -> str:
    """On a narrow screen one picture is shown at a time: which one; X between the other two."""
    names = ("A", "X", "B") if kind == ABX else ("A", "B")
    buttons = joined(
        html(
            '<button type="button" data-flip="{}" aria-pressed="{}">{}</button>',
            name.lower(),
            "true" if name == names[0] else "false",
            _caption(kind, name),
        )
        for name in names
    )
    return html(
        '<div class="sdqv sdq-flips" role="group" aria-label="picture shown">{}</div>', buttons
    )


def _caption(kind: str, name: str) -> str:
    return name if kind == ABX else {"A": "Left (A)", "B": "Right (B)"}[name]
