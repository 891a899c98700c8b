"""Groups in modules whose code stays behind when an analysis travels, because it cannot, or is imported by name."""

import importlib
import sys
import textwrap
import types

import MDAnalysis as mda
import pytest

from mdloom.custom import AnalysisFromFunction
from own_code import OnAtoms, assert_refused, x


@pytest.fixture
def ca(adk):
    return adk.select_atoms("name CA")


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """A user's module; with a lock in it its code cannot travel but by name."""

    monkeypatch.syspath_prepend(tmp_path)
    names = []

    def make(text, name):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
        names.append(name)
        return importlib.import_module(name)

    yield make
    for name in names:
        del sys.modules[name]


UNPICKLABLE = """
    import threading
    from mdloom.parallel import ParallelAnalysisBase

    class Odd:
        def __init__(self, group):
            self.group = group
        def __reduce__(self):
            return "odd", 3, 4

    class Holder:
        def __init__(self, group):
            self.lock, self.group = threading.Lock(), group

    odd = holder = many = None

    class Uses(ParallelAnalysisBase):
        def __init__(self, atomgroup):
            super().__init__(atomgroup.universe, [atomgroup])
        def _single_frame(self, ts, atomgroups):
            return len(atomgroups[0]), odd, holder, many
"""


@pytest.mark.parametrize("name", ["odd", "holder", "many"])
def test_a_class_that_uses_what_does_not_pickle(beside, ca, name):
    module = beside(UNPICKLABLE, "unpicklable_beside")
    value = {"odd": module.Odd, "holder": module.Holder, "many": lambda group: [module.Holder([group])]}[name]
    setattr(module, name, value(ca))
    assert_refused(module.Uses(ca), r"Uses\._single_frame", name)


LOCKED = """
    import functools, threading
    lock = threading.Lock()
    ca = None
    listed = []

    def radius(group):
        with lock:
            return helper(group)

    def helper(group):
        return (ca or group).radius_of_gyration()

    @functools.lru_cache
    def cached(frame):
        return ca.radius_of_gyration()

    def by_attribute(group):
        with lock:
            return listed[0].radius_of_gyration()
"""


def test_a_group_in_a_module_whose_code_cannot_travel(beside, ca, near):
    module = beside(LOCKED, "locked_beside")
    expected = [ca.radius_of_gyration() for _ in ca.universe.trajectory]
    assert AnalysisFromFunction(module.radius, ca).run(n_jobs=1).results.tolist() == expected
    module.ca = ca
    module.listed.append(ca)
    assert_refused(AnalysisFromFunction(module.radius, ca), "helper", "ca", **near)
    assert_refused(AnalysisFromFunction(lambda group: module.radius(group), ca), "helper", "ca", **near)
    assert_refused(AnalysisFromFunction(module.by_attribute, ca), "by_attribute", "listed", **near)
    module.ca = ca.universe.copy().atoms
    assert len(set(AnalysisFromFunction(module.radius, ca).run(n_jobs=1).results)) == 1


def test_a_function_with_a_cache_goes_by_its_name(beside, ca):
    module = beside(LOCKED, "cached_beside")
    module.ca = ca
    run = AnalysisFromFunction(lambda group: module.cached(group.universe.trajectory.frame), ca)
    assert_refused(run, "cached", "ca")


def test_a_module_that_a_method_uses(beside, ca):
    module = beside("ca, factor = None, 2.0", "plain_beside")

    class Uses(OnAtoms):
        def value(self, group):
            return x(module.ca)

    class Imports(OnAtoms):
        def value(self, group):
            from plain_beside import ca as group

            return x(group)

    class UsesNoGroup(OnAtoms):
        def value(self, group):
            return module.factor * x(group)

    def imports(group):
        import plain_beside

        return x(plain_beside.ca)

    module.ca = ca
    assert_refused(Uses(ca), r"Uses\.value", "plain_beside.ca")
    assert_refused(Imports(ca), r"Imports\.value", "plain_beside.ca")
    assert_refused(AnalysisFromFunction(imports, ca), "imports", "plain_beside.ca")
    assert len(set(UsesNoGroup(ca).run(n_jobs=1).values)) > 90


def test_an_installed_function_that_holds_a_group(ca):
    source = "def radius(group): return ca.radius_of_gyration()"
    module = types.ModuleType("installed")
    module.__file__ = mda.__file__
    module.ca = ca
    exec(source, vars(module))
    sys.modules["installed"] = module
    try:
        assert_refused(AnalysisFromFunction(module.radius, ca), "radius", "ca")
    finally:
        del sys.modules["installed"]
