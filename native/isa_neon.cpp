// NEON with the dot product of ARMv8.2.
//
// The target holds between push and pop only: the rest of the module runs on any ARMv8.
#if defined(__aarch64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+dotprod")
#endif
#include <arm_neon.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "kernels.hpp"

#define DRAGON_NEON

namespace dragon {
namespace neon_code {
constexpr int LANES = 4;
#include "all_kernels.hpp"
}  // namespace neon_code

}  // namespace dragon

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace dragon {
const Kernels neon = {"neon", neon_code::forward, neon_code::project, neon_code::scan};

}  // namespace dragon

#endif
