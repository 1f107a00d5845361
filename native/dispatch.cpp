// Chooses the kernels for the processor at hand, when the module is loaded and not when it is built.
#include <cstring>

#include "kernels.hpp"

namespace dragon {

const Kernels* choose(const char* name) {
  auto wanted = [name](const Kernels& set) { return !*name || !std::strcmp(name, set.name); };
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (wanted(avx512) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vnni"))
    return &avx512;
  if (wanted(avx2) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &avx2;
#endif
  return wanted(portable) ? &portable : nullptr;
}

}  // namespace dragon
