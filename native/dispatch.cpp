// Chooses the kernels for the processor at hand, when the module is loaded and not when it is built.
#include <cstring>

#include "kernels.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace dragon {
namespace {

#if defined(__x86_64__)
// Asked of the processor itself: not every compiler's __builtin_cpu_supports knows the name.
bool has_avxvnni() {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 4));
}
#elif defined(__aarch64__)
bool has_dot_product() {
#if defined(__linux__)
  return getauxval(AT_HWCAP) & HWCAP_ASIMDDP;
#else
  return true;  // every ARM processor of Apple's computers
#endif
}
#endif

}  // namespace

const Kernels* choose(const char* name) {
  auto wanted = [name](const Kernels& set) { return !*name || !std::strcmp(name, set.name); };
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool has_avx512 =
      has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vnni");
  if (wanted(avx512bf16) && has_avx512 && __builtin_cpu_supports("avx512bf16")) return &avx512bf16;
  if (wanted(avx512) && has_avx512) return &avx512;
  if (wanted(avxvnni) && has_avx2 && has_avxvnni()) return &avxvnni;
  if (wanted(avx2) && has_avx2) return &avx2;
#elif defined(__aarch64__)
  if (wanted(neon) && has_dot_product()) return &neon;
#endif
  return wanted(portable) ? &portable : nullptr;
}

}  // namespace dragon
