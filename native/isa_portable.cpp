// The instruction set that the module is built for: SSE2, NEON or whatever the compiler has.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "kernels.hpp"

namespace dragon {
namespace portable_code {
constexpr int LANES = 4;
#include "all_kernels.hpp"
}  // namespace portable_code

const Kernels portable = {"portable", portable_code::forward, portable_code::project, portable_code::scan};

}  // namespace dragon
