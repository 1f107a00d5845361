// AVX2 with FMA and the dot product of AVX-VNNI: processors from 2021 on without AVX-512.
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
#define DRAGON_AVXVNNI
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi2,f16c,avxvnni"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi2,f16c,avxvnni")
#endif

namespace dragon {
namespace avxvnni_code {
constexpr int LANES = 8;
#include "all_kernels.hpp"
}  // namespace avxvnni_code

}  // namespace dragon

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace dragon {
const Kernels avxvnni = {"avxvnni", avxvnni_code::forward, avxvnni_code::project, avxvnni_code::scan};

}  // namespace dragon

#endif
