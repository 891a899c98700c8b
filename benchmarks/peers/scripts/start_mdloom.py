"""Import, open, the first frame."""

import sys

import mdloom

assert len(mdloom.open(sys.argv[1])[0].positions) > 0
