"""What an analysis found."""

from __future__ import annotations

from typing import Any


class Results(dict):
    """Named arrays, by key or by attribute: ``results["rmsd"] is results.rmsd``. Pickles.

    Raises AttributeError for a name that is not there, saying which are.
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            names = ", ".join(self) or "nothing yet: only a complete run() sets them, partial() gives what is done"
            raise AttributeError(f"no result {name!r}; there is {names}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name}: {getattr(value, 'shape', value)}" for name, value in self.items())
        return f"<Results {shapes}>"
