"""The one exception a user may see: what is wrong, and the next step."""


class SdqvizError(Exception):
    """An error with its remedy. `message` names the value and the limit, `hint` the next step."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def as_dict(self) -> dict[str, str]:
        return {"error": self.message, "hint": self.hint}
