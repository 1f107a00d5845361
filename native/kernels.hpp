// The door between portable code and the code built for one instruction set.
#pragma once

#include "cache.hpp"
#include "model.hpp"
#include "team.hpp"
#include "workspace.hpp"

namespace dragon {

// One set for each instruction set: the same sources compiled several times (isa_*.cpp).
struct Kernels {
  const char* name;
  // x [rows, padded hidden]: embeddings in, normed states out. The caches gain the runs' tokens; room
  // for them is reserved.
  void (*forward)(const Model& model, Team& team, Workspace& space, float* x,
                  const std::vector<Run>& runs);
  // y [rows, padded n] = x [rows, padded k] W^T + bias
  void (*project)(const Matrix& matrix, Team& team, Workspace& space, const float* x, int rows, float* y);
  // A recurrent layer over [T, 2, B, padded 4 H] gates, which it spends -> states [T, 2, B, padded H];
  // state: the matrices [4 H, H] of both directions in f32.
  void (*scan)(const Matrix* state, Team& team, Workspace& space, float* gates, int steps, int batch,
               float* states);
};

extern const Kernels portable;
#if defined(__x86_64__)
extern const Kernels avx2;
extern const Kernels avxvnni;
extern const Kernels avx512;
extern const Kernels avx512bf16;
#elif defined(__aarch64__)
extern const Kernels neon;
#endif

// The best that this processor runs, or the one named; null if it cannot run that.
const Kernels* choose(const char* name);

}  // namespace dragon
