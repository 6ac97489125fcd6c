"""Who asks for a run: a visitor of the app, its operator, or the one user of it."""

from dataclasses import dataclass

from sdqviz.store.run import Run


@dataclass(frozen=True, kw_only=True)
class Asker:
    """`visitor` is a name that says nothing of a person; empty is whoever is not known, and the
    operator, whose runs are those of the command line too.
    """

    visitor: str = ""
    is_operator: bool = False  # may see and change everything
    is_alone: bool = False  # nobody else comes: everything is their own

    def may_change(self, run: Run) -> bool:
        return self.is_operator or self._asked_for(run)

    def made(self, run: Run) -> bool:
        """Whether a list says of it that it is theirs."""
        return self.is_alone or self._asked_for(run) or (self.is_operator and not run.visitor)

    def _asked_for(self, run: Run) -> bool:
        return bool(self.visitor) and run.visitor == self.visitor


NOBODY = Asker()
OPERATOR = Asker(is_operator=True)
ALONE = Asker(is_operator=True, is_alone=True)
