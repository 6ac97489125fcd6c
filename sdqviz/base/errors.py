"""The one exception a user may see: what is wrong, and the next step."""

_MOST = 400  # characters of a line: it may repeat what it was given, which has no limit


class SdqvizError(Exception):
    """An error with its remedy. `message` names the value and the limit, `hint` the next step.

    Both are one line each, and short enough to be read.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message, self.hint = _line(message), _line(hint)
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def as_dict(self) -> dict[str, str]:
        return {"error": self.message, "hint": self.hint}


def _line(text: str) -> str:
    """The text without breaks; of a long one its ends."""
    line = " ".join(text.split())
    half = _MOST // 2
    return line if len(line) <= _MOST else f"{line[:half]} … {line[-half:]}"
