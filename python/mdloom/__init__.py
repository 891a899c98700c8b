"""Parallel analysis of molecular-dynamics trajectories.

``from mdloom import rms; rms.RMSD(u.atoms, ref.atoms).run()`` runs on all cores, or on the Dask cluster at hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import errors
from ._core import __version__
from .analysis import run
from .conversion import convert
from .trajectory import open

if TYPE_CHECKING:
    from .mdanalysis_backend import DaskBackend
    from .readers import DCDReader, XTCReader

__all__ = ["DCDReader", "DaskBackend", "XTCReader", "__version__", "convert", "errors", "open", "run"]

#: What derives from MDAnalysis' classes, which is imported when one of these is asked for.
_FOR_MDANALYSIS = {"DCDReader": "readers", "DaskBackend": "mdanalysis_backend", "XTCReader": "readers"}


def __getattr__(name: str) -> Any:
    if name not in _FOR_MDANALYSIS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        found = getattr(import_module(f"{__name__}.{_FOR_MDANALYSIS[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "MDAnalysis":
            raise
        text = f'mdloom.{name} needs {error.name}: pip install --upgrade "mdloom[mda]"'
        raise ImportError(text, name=error.name) from None
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_FOR_MDANALYSIS})
