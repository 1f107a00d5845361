// The Python module dragon._native: what it offers is defined here, the kernels stand in their own files.
#include <nanobind/nanobind.h>

NB_MODULE(_native, m) { m.doc() = "dRAGon's native kernels."; }
