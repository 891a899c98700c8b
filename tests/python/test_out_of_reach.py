"""Groups that code finds elsewhere than in self and in its arguments: they move, or are refused by name."""

import functools
import sys

import numpy as np
import pytest

from cluster_helpers import run_script
from mdloom.custom import AnalysisFromFunction, analysis_class
from own_code import OnAtoms, assert_refused, x

held = None  # by each test as it likes


@pytest.fixture
def ca(adk):
    return adk.select_atoms("name CA")


@pytest.fixture
def holds(monkeypatch):
    """Sets the global."""
    return lambda value: monkeypatch.setattr(sys.modules[__name__], "held", value)


def x_of_held(group):
    return x(held)


class Holder:
    def __init__(self, group):
        self.group = group


# What a class reaches stays as it is where the class was written


WRAPPED = {
    "group": lambda group: group,
    "list": lambda group: [1, [group]],
    "dict": lambda group: (np.zeros(3), {"a group": group}),
    "object": lambda group: Holder(group),
    "universe": lambda group: group.universe,
    "reader": lambda group: group.universe.trajectory,
    "bound method": lambda group: group.center_of_mass,
    "partial": lambda group: functools.partial(x, group),
    "updating": lambda group: group.universe.select_atoms("around 3.5 resid 100", updating=True),
    "array": lambda group: np.array([group, None], dtype=object),
    "analysis": lambda group: AnalysisFromFunction(x, group),
}


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
def test_globals_of_a_method(ca, holds, wrapped):
    class Uses(OnAtoms):
        def value(self, group):
            return held is None

    holds(wrapped(ca))
    assert_refused(Uses(ca), r"Uses\.value", "held")
    holds(wrapped(ca.universe.copy().atoms))
    assert len(Uses(ca).run(n_jobs=1).values) == 98


def test_an_attribute_of_the_class(ca, near):
    class Uses(OnAtoms):
        kept = ca

        def value(self, group):
            return x(self.kept)

    assert_refused(Uses(ca), "Uses", "kept", **near)


def test_defaults_of_methods(ca):
    class Uses(OnAtoms):
        def value(self, group, scale=1.0, other=ca):
            return scale * x(other)

    class UsesByName(OnAtoms):
        def value(self, group, *, scale=1.0, other=ca):
            return scale * x(other)

    assert_refused(Uses(ca), r"Uses\.value", "other")
    assert_refused(UsesByName(ca), r"UsesByName\.value", "other")


def test_properties(ca, holds, near):
    class Uses(OnAtoms):
        @property
        def centre(self):
            return x(held)

        def value(self, group):
            return self.centre

    class UsesOnce(OnAtoms):
        @functools.cached_property
        def centre(self):
            return x(held)

        def value(self, group):
            return self.centre

    holds(ca)
    assert_refused(Uses(ca), r"Uses\.centre", "held", **near)
    assert_refused(UsesOnce(ca), r"UsesOnce\.centre", "held", **near)


def test_static_methods_class_methods_and_partial_methods(ca, holds):
    class Static(OnAtoms):
        @staticmethod
        def value(group):
            return x(held)

    class OfClass(OnAtoms):
        @classmethod
        def value(cls, group):
            return x(held)

    class Partial(OnAtoms):
        def some(self, k, group):
            return group.positions[k, 0]

        value = functools.partialmethod(some, 1, ca)

    holds(ca)
    assert_refused(Static(ca), r"Static\.value", "held")
    assert_refused(OfClass(ca), r"OfClass\.value", "held")
    assert_refused(Partial(ca), r"Partial", "value")


def test_what_a_method_calls(ca, holds, near):
    class Uses(OnAtoms):
        def value(self, group):
            return x_of_held(group)

    class Calls(OnAtoms):
        def value(self, group):
            return Helper().value(group)

    class Helper:
        def value(self, group):
            return next(x_of_held(group) for _ in range(1))

    holds(ca)
    assert_refused(Uses(ca), "x_of_held", "held", **near)
    assert_refused(Calls(ca), "x_of_held", "held", **near)


def test_a_class_that_an_attribute_or_a_function_brings_along(ca, holds, near):
    class Helper:
        def value(self, group):
            return x(held)

    holds(ca)
    helper = Helper()
    assert_refused(AnalysisFromFunction(lambda group: helper.value(group), ca), r"Helper\.value", "held", **near)
    uses = OnAtoms(ca)
    uses.value = Helper().value
    assert_refused(uses, r"Helper\.value", "held", **near)


def test_base_classes(ca, holds):
    class Mixin:
        def value(self, group):
            return x(held)

    class Base(OnAtoms):
        def value(self, group):
            return x(held)

    class Uses(Base):
        def value(self, group):
            return super().value(group)

    class Mixed(Mixin, OnAtoms):
        pass

    holds(ca)
    assert_refused(Uses(ca), r"Base\.value", "held")
    assert_refused(Mixed(ca), r"Mixin\.value", "held")


def test_static_reduce_and_merge(ca, holds):
    class Merges(OnAtoms):
        def value(self, group):
            return 0

        @staticmethod
        def _merge(earlier, later):
            return earlier + later + [x(held)]

    holds(ca)
    assert_refused(Merges(ca), r"Merges\._merge", "held")


def test_functions_in_globals(ca, holds):
    class Uses(OnAtoms):
        def value(self, group):
            return held()

    holds(lambda: x(ca))
    assert_refused(Uses(ca), "<lambda>", "ca")


# What is allowed


def test_functions_take_what_they_find_along(ca, holds, near):
    expected = [x(ca) for _ in ca.universe.trajectory]
    holds(ca)
    assert AnalysisFromFunction(x_of_held, ca).run(**near).results.tolist() == expected
    assert AnalysisFromFunction(lambda group, other=ca: x(other), ca).run(**near).results.tolist() == expected
    assert analysis_class(lambda: x(ca))(ca.universe).run(**near).results.tolist() == expected


def test_a_group_of_another_universe_stands_still_on_purpose(ca, holds, near):
    class Uses(OnAtoms):
        reference = ca.universe.copy().select_atoms("name CA")

        def value(self, group):
            return x(held) + x(self.reference)

    other = ca.universe.copy()
    other.trajectory[50]
    holds(other.atoms)
    assert set(Uses(ca).run(**near).values) == {x(other.atoms) + x(Uses.reference)}


def test_the_same_name_as_a_global_is_no_use_of_it(ca, holds):
    class Keeps(OnAtoms):
        def __init__(self, atomgroup):
            super().__init__(atomgroup)
            self.held = atomgroup

        def value(self, group):
            return x(self.held)

    holds(ca)
    assert len(set(Keeps(ca).run(n_jobs=1).values)) > 90


def test_what_is_called_here_may_use_anything(ca, holds, near):
    """`__init__`, `_prepare` and `_conclude` run where the groups are."""

    class Uses(OnAtoms):
        def __init__(self, default=ca):
            super().__init__(held)

        def _prepare(self):
            self.n_atoms = len(held)

        def value(self, group):
            return x(group)

        def _conclude(self):
            super()._conclude()
            self.centre = x(held)

    holds(ca)
    run = Uses().run(**near)
    assert (run.n_atoms, run.centre) == (214, x(ca)) and len(set(run.values)) > 90


def test_a_cached_property_travels(ca, near):
    class Counts(OnAtoms):
        @functools.cached_property
        def n_atoms(self):
            return len(self._groups[0])

        def value(self, group):
            return self.n_atoms

    assert set(Counts(ca).run(**near).values) == {214}


def test_a_script(tmp_path, adk_files):
    """Its globals are those of __main__."""
    told = run_script(
        f"""
        import numpy as np, MDAnalysis as mda
        from mdloom.parallel import ParallelAnalysisBase
        u = mda.Universe{adk_files}
        ca = u.select_atoms("name CA")

        class Good(ParallelAnalysisBase):
            def __init__(self):
                self.ca = ca
                super().__init__(u, [ca])
            def _single_frame(self, ts, atomgroups):
                return self.ca.radius_of_gyration()
            def _conclude(self):
                self.values = np.hstack(self._results)

        class Bad(Good):
            def _single_frame(self, ts, atomgroups):
                return ca.radius_of_gyration()

        expected = [ca.radius_of_gyration() for ts in u.trajectory]
        for n_jobs in (1, 2):
            assert Good().run(n_jobs=n_jobs).values.tolist() == expected
            try:
                Bad().run(n_jobs=n_jobs)
            except ValueError as error:
                print(error)
        """,
        tmp_path,
        seconds=110,
    )
    assert told.count("Bad._single_frame uses 'ca' from outside") == 2
