"""A job refused by a limit, not for what was asked: the page says so beside the pictures."""

from sdqviz.base.errors import SdqvizError


class LimitError(SdqvizError):
    """With the limit, and when or where it does not hold."""
