"""RMSF of a group's atoms about their mean positions, without a fit: an analysis in Python that merges."""

import numpy as np

from mdloom.parallel import ParallelAnalysisBase
from mdloom.partials import ExactMoments


class Fluctuation(ParallelAnalysisBase):
    """`rmsf` float64 [n_atoms], Å."""

    def __init__(self, atomgroup):
        super().__init__(atomgroup.universe, [atomgroup])

    def _single_frame(self, ts, atomgroups):
        return atomgroups[0].positions

    @staticmethod
    def _reduce(res, result_single_frame):
        moments = res or ExactMoments(result_single_frame.shape)  # res is [] at first
        return moments.add_frame(result_single_frame)

    @staticmethod
    def _merge(earlier, later):
        return earlier.merge(later)

    def _conclude(self):
        moments = self._results[0]
        self.rmsf = np.sqrt(moments.sum_of_squares.sum(axis=1) / moments.n_frames)
