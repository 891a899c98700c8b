"""How what a user wrote reaches the workers and comes back: analyses, functions, atom groups, values, exceptions.

A worker has a private copy of the Universe. Packed objects name the Universe instead of holding it, so that every group
in them (attributes, arguments in any order and by keyword, closures, globals of functions) belongs to the worker's copy
when they are unpacked there, and moves with its frames; groups in results come back as the user's own. Other universes
travel as they stand.

Functions and classes that are not installed (written in a script, a notebook, a module beside them) travel as code:
what this process has imported is what runs, and workers need not find the module.
"""

from __future__ import annotations

import functools
import io
import pickle
import sys
import types
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from . import out_of_reach, user_code
from .errors import ArgumentError
from .universe import is_single_frame

try:
    import cloudpickle
except ImportError:  # it comes with the extras
    cloudpickle = None

_PLAIN = (float, int, bool, str, bytes, type(None), np.generic)


def pack(what: Any, universe: Any) -> bytes:
    """Bytes of anything that can be pickled, or that holds groups of `universe`. Raises what pickling raises."""
    if isinstance(what, _PLAIN) or (type(what) is np.ndarray and not what.dtype.hasobject):
        return pickle.dumps(what, protocol=5)
    return _packed(what, universe)[0]


def _packed(what: Any, universe: Any) -> tuple[bytes, Any]:
    """(bytes, the packer, which knows the user's code in them)"""
    buffer = io.BytesIO()
    packer = _packer_class()(buffer, universe)
    packer.dump(what)
    return buffer.getvalue(), packer


def unpack(packed: bytes, universe: Any) -> Any:
    """What pack() was given, with its groups in `universe`."""
    return _Unpacker(io.BytesIO(packed), universe).load()


def pack_analysis(analysis: Any, universe: Any) -> bytes:
    """An analysis for workers. Raises ArgumentError that names what cannot travel, or would not move with frames."""
    _require_cloudpickle()
    try:
        with user_code.by_value():
            packed, packer = _packed(analysis, universe)
            unpack(packed, universe)  # what cannot be made again shall be known before work starts
            by_name = False
    except Exception as error:
        try:
            packed, packer = _packed(analysis, universe)
            unpack(packed, universe)
            by_name = True
        except Exception:
            raise ArgumentError(_who_cannot_travel(analysis, universe, error)) from error
    left = [*out_of_reach.code_of(analysis), *packer.left]
    if use := out_of_reach.use_of(universe, left, packer.moving, by_name):
        raise ArgumentError(
            f"{use}, which would stand still while frames pass: keep it as an attribute of self, or give it as an "
            "argument"
        )
    return packed


def pack_universe(universe: Any, reader: Any = None) -> bytes:
    """A Universe for workers, who will read its frames anew, with `reader` if not with its own.

    Raises what pickling raises.
    """
    _require_cloudpickle()
    buffer = io.BytesIO()
    packer = _packer_class()(buffer, None)
    packer.read_anew, packer.reader = universe, reader
    with user_code.by_value(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # readers without times say so while they are packed
        packer.dump(universe)
    return buffer.getvalue()


def unpack_universe(packed: bytes) -> Any:
    """A private copy of what pack_universe() was given. Raises what opening raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the user has seen the readers' warnings
        return pickle.loads(packed)


def copy_universe(universe: Any, reader: Any = None) -> Callable[[], Any]:
    """What makes private copies of a Universe in this process, sooner than by unpacking.

    The arrays of a trajectory in memory are shared by all copies, read-only. Raises what pickling raises.
    """
    trajectory = universe.trajectory if reader is None else reader
    if trajectory.transformations:  # they may hold groups
        return functools.partial(unpack_universe, pack_universe(universe, reader))
    buffers: list[Any] = []
    n_bytes = trajectory.get_array().nbytes if hasattr(trajectory, "get_array") else -1
    keep_outside = functools.partial(_keep_outside, buffers, n_bytes)
    packed = pickle.dumps(trajectory, protocol=5, buffer_callback=keep_outside)
    make, args, shown, dimensions = _parts_of(universe, is_read_anew=True)

    def copy() -> Any:
        own = {"_topology": universe._topology.copy(), "_trajectory": pickle.loads(packed, buffers=buffers)}
        places = {id(getattr(universe, name)): value for name, value in own.items()}
        return _show(make, tuple(places.get(id(arg), arg) for arg in args), shown, dimensions)

    return copy


def _keep_outside(buffers: list[Any], n_bytes: int, buffer: pickle.PickleBuffer) -> bool:
    """A pickle's buffer_callback: only for the arrays of all frames, never for the one that a reader fills."""
    view = buffer.raw()
    if view.nbytes != n_bytes:
        return True
    buffers.append(view.toreadonly())
    return False


def _require_cloudpickle() -> None:
    if cloudpickle is None:
        raise ArgumentError('analyses written in Python need cloudpickle: pip install "mdloom[mda]"')


def _who_cannot_travel(analysis: Any, universe: Any, error: Exception) -> str:
    kind = type(analysis).__name__
    for name, value in vars(analysis).items():
        try:
            with user_code.by_value():
                unpack(pack(value, universe), universe)
        except Exception as own:
            return (
                f"{name.lstrip('_')} of {kind} cannot be sent to workers ({type(own).__name__}: {own}): make it where "
                "it is used, in the function or in _single_frame, or give what it is made from"
            )
    return f"{kind} cannot be sent to workers ({type(error).__name__}: {error})"


_own_classes: weakref.WeakSet[type] = weakref.WeakSet()
_foreign_classes: weakref.WeakSet[type] = weakref.WeakSet()


def _restore_class(cls: type, state: tuple) -> type:
    """Where a class was written it stays as it is; elsewhere it becomes what was sent."""
    if cls in _own_classes:
        return cls
    _foreign_classes.add(cls)
    restore, original = state
    return restore(cls, original)


_made_packer: Any = None


def _code_of_file(make: Any, args: tuple, filename: str) -> types.CodeType:
    """Tracebacks and debuggers look for the file; cloudpickle leaves it out."""
    return make(*args).replace(co_filename=filename)


def _cached_property(function: Any, name: str | None) -> Any:
    made = functools.cached_property(function)
    made.attrname = name
    return made


def _packer_class() -> Any:
    global _made_packer
    if _made_packer is None:
        _made_packer = _make_packer_class()
    return _made_packer


def _make_packer_class() -> Any:
    class Packer(cloudpickle.Pickler):
        read_anew: Any = None
        reader: Any = None

        def __init__(self, file: Any, universe: Any, **options: Any) -> None:
            super().__init__(file, protocol=5, **options)
            self._names = {}
            self.left: list[Any] = []  # functions and classes of the user that stay where they are
            self.moving: list[types.FunctionType] = []
            if universe is not None:
                self._names[id(universe)] = "universe"
                if (trajectory := getattr(universe, "trajectory", None)) is not None:
                    self._names[id(trajectory)] = "trajectory"

        def persistent_id(self, what: Any) -> str | None:
            return self._names.get(id(what))

        def reducer_override(self, what: Any) -> Any:
            if _is_universe(what):
                is_read_anew = what is self.read_anew
                return _show, _parts_of(what, is_read_anew, self.reader if is_read_anew else None)
            if _is_topology(what):  # hundreds of thousands of small objects, which need no hooks
                return pickle.loads, (pickle.dumps(what, protocol=5),)
            if type(what) is functools.cached_property:  # it holds a lock until Python 3.12
                return _cached_property, (what.func, what.attrname)
            if isinstance(what, functools._lru_cache_wrapper):  # whatever it wraps, it goes by its name
                self.left.append(what.__wrapped__)
                return NotImplemented
            if isinstance(what, types.CodeType):
                return _code_of_file, (*self.dispatch_table[types.CodeType](what), what.co_filename)
            reduced = super().reducer_override(what)
            if isinstance(what, type) and isinstance(reduced, tuple) and len(reduced) == 6 and reduced[5]:
                if what not in _foreign_classes:
                    _own_classes.add(what)
                self.left.append(what)
                return (*reduced[:2], (reduced[5], reduced[2]), None, None, _restore_class)
            if reduced is not NotImplemented and isinstance(what, types.FunctionType):
                self.moving.append(what)
            elif isinstance(what, (type, types.FunctionType)) and user_code.is_own(what):
                self.left.append(what)
            return reduced

    return Packer


class _Unpacker(pickle.Unpickler):
    def __init__(self, file: Any, universe: Any) -> None:
        super().__init__(file)
        self._universe = universe

    def persistent_load(self, name: str) -> Any:
        return self._universe if name == "universe" else self._universe.trajectory


def _is_universe(what: Any) -> bool:
    module = sys.modules.get("MDAnalysis.core.universe")
    return module is not None and isinstance(what, module.Universe)


def _is_topology(what: Any) -> bool:
    module = sys.modules.get("MDAnalysis.core.topology")
    return module is not None and type(what) is module.Topology


_SHOWN = ("positions", "velocities", "forces")


def _parts_of(universe: Any, is_read_anew: bool, reader: Any = None) -> tuple:
    """(what makes it, of what, what its current frame shows): edits of that are in no file. Frames that are read anew
    need none of them.
    """
    make, args = universe.__reduce__()[:2]
    trajectory = getattr(universe, "_trajectory", None)
    if reader is not None:
        args = tuple(reader if arg is trajectory else arg for arg in args)
    if trajectory is None or (is_read_anew and not is_single_frame(trajectory)):
        return make, args, {}, None
    ts = trajectory.ts
    shown = {name: np.array(getattr(ts, name)) for name in _SHOWN if getattr(ts, f"has_{name}")}
    return make, args, shown, None if ts.dimensions is None else np.array(ts.dimensions)


def _show(make: Any, args: tuple, shown: dict[str, np.ndarray], dimensions: np.ndarray | None) -> Any:
    universe = make(*args)
    if not shown:
        return universe
    ts = universe.trajectory.ts
    for name, values in shown.items():
        # private, because the public setter copies into arrays that may be shared or read-only
        setattr(ts, "_pos" if name == "positions" else f"_{name}", values)
        setattr(ts, f"has_{name}", True)
    ts.dimensions = dimensions
    return universe
