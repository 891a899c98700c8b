"""An analysis to derive from, and what it says of groups that would stand still while frames pass."""

from __future__ import annotations

import numpy as np
import pytest

from mdloom.errors import ArgumentError
from mdloom.parallel import ParallelAnalysisBase


class OnAtoms(ParallelAnalysisBase):
    def __init__(self, atomgroup):
        super().__init__(atomgroup.universe, [atomgroup])

    def _single_frame(self, ts, atomgroups):
        return self.value(atomgroups[0])

    def _conclude(self):
        self.values = np.hstack(self._results)


def x(group):
    return group.center_of_mass()[0]


def assert_refused(analysis, who, name, **place):
    words = rf"^{who} uses '{name}' from outside, which would stand still .*: keep it as an attribute of self"
    with pytest.raises(ArgumentError, match=words):
        analysis.run(**({"n_jobs": 1} | place))
