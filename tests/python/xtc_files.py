"""Where things are in XTC files, for tests that damage them."""

import struct


def frame_starts(path):
    """Byte offsets of the frames of an XTC file."""
    data, starts, at = path.read_bytes(), [], 0
    while at < len(data):
        starts.append(at)
        (n_bytes,) = struct.unpack(">I", data[at + 88 : at + 92])
        at += 92 + (n_bytes + 3) // 4 * 4
    return starts
