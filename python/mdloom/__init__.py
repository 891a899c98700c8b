"""Parallel analysis of molecular-dynamics trajectories.

``from mdloom import rms; rms.RMSD(u.atoms, ref.atoms).run()`` runs on all cores, or on the Dask cluster at hand.
"""

from . import errors
from ._core import __version__
from .analysis import run
from .trajectory import open

__all__ = ["__version__", "errors", "open", "run"]
