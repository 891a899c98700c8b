// e to the power of x from additions, products and one division alone: libm's exp differs between CPUs in its last bit,
// this one does not. Own design: powers of two taken out in two parts, a series for the rest.
#pragma once

namespace mdloom::kernels {

/// As std::exp(x): within one unit in the last place, below 2^-1022 (where fewer digits are left) within one unit of
/// what is there. Infinite beyond 709.78, 0 below -745.14, NaN of NaN.
double exponential(double x) noexcept;

}  // namespace mdloom::kernels
