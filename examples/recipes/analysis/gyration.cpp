#include "gyration.hpp"

MDLOOM_ANALYSIS_PLUGIN(Gyration);
