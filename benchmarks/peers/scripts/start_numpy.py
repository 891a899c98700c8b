"""What starting Python and importing numpy take alone."""

import numpy as np

assert np.zeros(1).size == 1
