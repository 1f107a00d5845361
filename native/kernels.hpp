// The door between portable code and the code built for one instruction set.
#pragma once

#include "model.hpp"
#include "team.hpp"

namespace dragon {

// One set for each instruction set: the same sources compiled several times (isa_*.cpp).
struct Kernels {
  const char* name;
  // x [rows, padded hidden]: embeddings in, normed states out. The caches gain the runs' tokens.
  void (*forward)(const Model& model, Team& team, float* x, const std::vector<Run>& runs);
  // y [rows, padded n] = x [rows, k] W^T + bias
  void (*project)(const Matrix& matrix, Team& team, const float* x, int rows, float* y);
};

extern const Kernels portable;
#if defined(__x86_64__)
extern const Kernels avx2;
extern const Kernels avxvnni;
extern const Kernels avx512;
#endif

// The best that this processor runs, or the one named; null if it cannot run that.
const Kernels* choose(const char* name);

}  // namespace dragon
