"""The exceptions of mdloom.

All derive from :class:`MdloomError`, and each also from the built-in class that callers would catch anyway.
"""

import sys


class MdloomError(Exception):
    """The common base of all errors that mdloom raises on purpose."""


class FileError(MdloomError, OSError):
    """A file that cannot be opened, read or written."""


class FormatError(MdloomError, OSError):
    """A file whose content is not what its format promises: names path, frame, byte, expected and found."""


class ArgumentError(MdloomError, ValueError):
    """An argument that cannot be honoured."""


class TopologyError(MdloomError, ValueError):
    """Trajectory and topology do not belong together, or the topology lacks what an analysis needs."""


class StateError(MdloomError, RuntimeError):
    """A state that cannot be read, merged or concluded."""


class BackendError(MdloomError, RuntimeError):
    """Workers that were lost or could not work."""


class AnalysisError(MdloomError):
    """The code of an analysis failed on a frame. Where that code raised a class of its own, it is also of that class.

    `frame` is the frame's index, `worker` who worked on it; `__cause__` is the exception itself, with its traceback.
    """

    frame: int | None = None
    worker: str = ""

    def __init__(self, text: str, payload: bytes = b"") -> None:
        super().__init__(text)
        self.payload = payload  # what failures.own_error() makes the user's error of


class FrameError(MdloomError):
    """One frame failed in a worker: its ordinal, the kind of error, the text, and what an AnalysisError carries, on
    their way to the run's ledger.
    """

    def __init__(self, ordinal: int, kind: int, text: str, payload: bytes = b"") -> None:
        super().__init__(ordinal, kind, text, payload)
        self.ordinal, self.kind, self.text, self.payload = ordinal, kind, text, payload

    def __str__(self) -> str:
        return self.text


class MdloomWarning(UserWarning):
    """Something the user should know about the input or the run; the numbers are still right."""


def depth_outside_package() -> int:
    """The stacklevel of a warning that the caller gives, so that it shows the user's line."""
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("mdloom"):
        depth, frame = depth + 1, frame.f_back
    return depth
