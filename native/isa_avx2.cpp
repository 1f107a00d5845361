// AVX2 with FMA.
//
// The target holds between push and pop only, and standard headers come before it: the rest of the
// module runs on any x86-64.
#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "kernels.hpp"

#define DRAGON_AVX2
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi2,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi2,f16c")
#endif

namespace dragon {
namespace avx2_code {
constexpr int LANES = 8;
#include "all_kernels.hpp"
}  // namespace avx2_code

}  // namespace dragon

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace dragon {
const Kernels avx2 = {"avx2", avx2_code::forward, avx2_code::project, avx2_code::scan};

}  // namespace dragon

#endif
