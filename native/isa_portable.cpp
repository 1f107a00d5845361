// The instruction set that the module is built for: SSE2, NEON or whatever the compiler has.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels.hpp"

namespace dragon {
namespace portable_code {
constexpr int LANES = 4;
#include "simd.hpp"
#include "rows.hpp"
#include "matmul_f32.hpp"
#include "matmul_int8.hpp"
#include "attention.hpp"
#include "forward.hpp"
}  // namespace portable_code

extern const Kernels portable;
const Kernels portable = {"portable", portable_code::forward, portable_code::project};

}  // namespace dragon
