// AVX-512 with VNNI and BF16: the bf16 products are one instruction too.
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

#define DRAGON_AVX512
#define DRAGON_AVX512BF16
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,bmi2,f16c,avx512bf16"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,bmi2,f16c,avx512bf16")
#endif

namespace dragon {
namespace avx512bf16_code {
constexpr int LANES = 16;
#include "all_kernels.hpp"
}  // namespace avx512bf16_code

}  // namespace dragon

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace dragon {
const Kernels avx512bf16 = {"avx512bf16", avx512bf16_code::forward, avx512bf16_code::project, avx512bf16_code::scan};

}  // namespace dragon

#endif
