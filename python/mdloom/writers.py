"""Results to files: one function for each ending, all written whole or not at all.

Below their comments files are the same, byte for byte, for any number of workers. Floats are written in the shortest
form that reads back as the same number.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .columns import Column
from .errors import ArgumentError, FileError
from .results import Results

About = Mapping[str, Any]

_ATOMS_PER_LINE = 15


def write(path: str | os.PathLike[str], found: Results, about: About, force: bool = False) -> None:
    """Write results to a file; its ending says how.

    `about`: what to tell beside the numbers, values that JSON has. Errors: ArgumentError for endings that the results
    have no form for, and for a file that is there already unless `force`; FileError when it cannot be written.
    """
    path = os.fspath(path)
    ending = os.path.splitext(path)[1].lower()
    name = os.path.basename(path)
    if ending not in found._endings:
        raise ArgumentError(
            f"{name}: results of {about['analysis']} are written to {', '.join(found._endings)}, "
            f"not to {ending or 'a file without an ending'}"
        )
    with whole_or_not_at_all(path, ending, force) as temporary:
        _WRITERS[ending](temporary, found, about)


def plain(value: Any) -> Any:
    """`value` in what JSON has; of what it does not have only the class, which is the same on every machine."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return getattr(value, "__name__", type(value).__name__)


@contextlib.contextmanager
def whole_or_not_at_all(path: str, ending: str, force: bool) -> Iterator[str]:
    """A file beside `path` that takes its place once it is on the disk, and is gone after an error."""
    target = require_place(path)
    folder, name = os.path.split(target)
    _require_free(path, target, force)
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(6)}{ending}")
    try:
        yield temporary
        _to_disk(temporary)
        if os.path.exists(target):
            _require_free(path, target, force)
            os.chmod(temporary, os.stat(target).st_mode & 0o7777)
        os.replace(temporary, target)
        _to_disk(folder)
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def require_place(path: str) -> str:
    """What will be replaced: `path`, or where it leads. Raises FileError when it would have no folder, or is one."""
    target = os.path.realpath(path)  # a link stays one
    if os.path.isdir(target):
        raise FileError(f"{path} is a folder: give a file in it")
    if not os.path.isdir(os.path.dirname(target)):
        raise FileError(f"{path}: there is no folder {os.path.dirname(path)}; make it first")
    return target


def _require_free(path: str, target: str, force: bool) -> None:
    if os.path.exists(target) and not force:
        raise ArgumentError(f"{path} exists already: give another name, or force=True to replace it")


def _to_disk(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# Tables


def _rows(columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    """Python's own numbers, whose text is the shortest that reads back."""
    return zip(*(np.asarray(column.values).tolist() for column in columns), strict=True)


def _comments(found: Results, about: About, columns: Sequence[Column]) -> list[str]:
    units = ", ".join(f"{column.name} {_in_ascii(column.unit)}" for column in columns if column.unit)
    told = {**about, "units": units} if units else about
    return [f"# {key}: {value if _is_one_line(value) else json.dumps(value)}\n" for key, value in told.items()]


def _is_one_line(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _in_ascii(text: str) -> str:
    """As readers of all ages and locales understand it."""
    return text.replace("Å", "Angstrom").replace("µ", "u")


def _delimited(delimiter: str) -> Callable[[str, Results, About], None]:
    def write_table(path: str, found: Results, about: About) -> None:
        columns = found._table()
        with open(path, "x", encoding="utf-8", newline="") as file:
            file.writelines(_comments(found, about, columns))
            writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
            writer.writerow([column.name for column in columns])
            writer.writerows(_rows(columns))

    return write_table


def _xvg(path: str, found: Results, about: About) -> None:
    """What plot() draws, for Grace and whoever reads GROMACS' curves."""
    x, ys = found._curves()
    with open(path, "x", encoding="utf-8") as file:
        file.writelines(_comments(found, about, [x, *ys]))
        file.write(f'@    title "{ys[0].label or ys[0].name}"\n')
        file.write(f'@    xaxis  label "{_axis_text(x)}"\n@    yaxis  label "{_axis_text(ys[0])}"\n@TYPE xy\n')
        for i, y in enumerate(ys):
            file.write(f'@ s{i} legend "{y.name}"\n')
        file.writelines(" ".join(map(repr, row)) + "\n" for row in _rows([x, *ys]))


def _axis_text(column: Column) -> str:
    words = column.label or column.name
    return f"{words} ({_in_ascii(column.unit)})" if column.unit else words


def _json(path: str, found: Results, about: About) -> None:
    columns = found._table()
    told = {
        "metadata": dict(about),
        "units": {column.name: _in_ascii(column.unit) for column in columns if column.unit},
        "columns": {column.name: _json_numbers(column.values) for column in columns},
    }
    with open(path, "x", encoding="utf-8") as file:
        json.dump(told, file, allow_nan=False)
        file.write("\n")


def _json_numbers(values: Any) -> list[Any]:
    """JSON has neither NaN nor infinity: null."""
    array = np.asarray(values)
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return array.tolist()
    numbers = array.astype(object)
    numbers[~np.isfinite(array)] = None
    return numbers.tolist()


# Arrays


def _npy(path: str, found: Results, about: About) -> None:
    with open(path, "xb") as file:
        np.save(file, found._main(), allow_pickle=False)


def _npz(path: str, found: Results, about: About) -> None:
    arrays = {name: np.asarray(values) for name, values in found._arrays().items()}
    with open(path, "xb") as file:
        np.savez(file, allow_pickle=False, **arrays, metadata=np.array(json.dumps(dict(about))))


def _dx(path: str, found: Results, about: About) -> None:
    found.density.export(path, file_format="DX")


def _ndx(path: str, found: Any, about: About) -> None:
    """GROMACS counts atoms from 1."""
    with open(path, "x", encoding="ascii") as file:
        for name, indices in found._groups().items():
            numbers = [str(index + 1) for index in indices.tolist()]
            lines = [numbers[i : i + _ATOMS_PER_LINE] for i in range(0, len(numbers), _ATOMS_PER_LINE)]
            file.write(f"[ {name} ]\n" + "".join(" ".join(line) + "\n" for line in lines))


_WRITERS: dict[str, Callable[[str, Any, About], None]] = {
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".xvg": _xvg,
    ".json": _json,
    ".npy": _npy,
    ".npz": _npz,
    ".dx": _dx,
    ".ndx": _ndx,
}
