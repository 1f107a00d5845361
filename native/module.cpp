// The Python module dragon._native: takes arrays apart, keeps them alive, releases the GIL, nothing more.
// Shapes and types are checked in dragon.engine.native_body, which is its only caller.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <mutex>
#include <stdexcept>

#include "kernels.hpp"

namespace nb = nanobind;

namespace dragon {
namespace {

using Floats = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Bytes = nb::ndarray<const uint8_t, nb::c_contig, nb::device::cpu>;
using Out = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

const float* floats(nb::handle values) {
  return values.is_none() ? nullptr : nb::cast<Floats>(values).data();
}

// (n, k, f32 | None, q8 | None, scale | None, bias | None), or None
Matrix matrix(nb::handle description) {
  if (description.is_none()) return {};
  nb::tuple t = nb::cast<nb::tuple>(description);
  Matrix m;
  m.n = nb::cast<int>(t[0]);
  m.k = nb::cast<int>(t[1]);
  m.f32 = floats(t[2]);
  m.q8 = t[3].is_none() ? nullptr : nb::cast<Bytes>(t[3]).data();
  m.scale = floats(t[4]);
  m.bias = floats(t[5]);
  return m;
}

Norm norm(nb::handle description) {
  nb::tuple t = nb::cast<nb::tuple>(description);
  return {floats(t[0]), floats(t[1])};
}

Activation activation(const std::string& name) {
  if (name == "swiglu") return Activation::swiglu;
  return name == "gelu" ? Activation::gelu : Activation::relu;
}

class Body {
 public:
  // `keep_` holds every array that a pointer goes to.
  Body(nb::tuple sizes, float eps, const std::string& act, nb::object cos, nb::object sin,
       nb::list layers, nb::tuple final_norm, int threads, const std::string& isa)
      : keep_(nb::make_tuple(cos, sin, layers, final_norm)), team_(threads), kernels_(choose(isa.c_str())) {
    if (!kernels_) throw std::invalid_argument("this processor cannot run the kernels " + isa);
    model_.hidden = nb::cast<int>(sizes[0]);
    model_.intermediate = nb::cast<int>(sizes[1]);
    model_.heads = nb::cast<int>(sizes[2]);
    model_.kv_heads = nb::cast<int>(sizes[3]);
    model_.head_dim = nb::cast<int>(sizes[4]);
    model_.eps = eps;
    model_.activation = activation(act);
    model_.cos = floats(cos);
    model_.sin = floats(sin);
    for (nb::handle description : layers) {
      nb::tuple t = nb::cast<nb::tuple>(description);
      model_.layers.push_back({norm(t[0]), norm(t[1]), matrix(t[2]), matrix(t[3]), matrix(t[4]),
                               matrix(t[5]), matrix(t[6]), matrix(t[7]), matrix(t[8])});
    }
    model_.final_norm = norm(final_norm);
  }

  void forward(Out x, nb::list runs) {
    std::vector<Run> list;
    for (nb::handle item : runs) {
      nb::tuple t = nb::cast<nb::tuple>(item);
      list.push_back({nb::cast<Cache*>(t[0]), nb::cast<int>(t[1]), nb::cast<int>(t[2]),
                      nb::cast<int>(t[3])});
    }
    float* data = x.data();
    nb::gil_scoped_release release;
    std::lock_guard<std::mutex> one_at_a_time(mutex_);
    kernels_->forward(model_, team_, data, list);
  }

  void project(nb::tuple weights,
               nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu> x, Out y) {
    const Matrix w = matrix(weights);
    const float* from = x.data();
    float* to = y.data();
    const int rows = int(x.shape(0));
    nb::gil_scoped_release release;
    std::lock_guard<std::mutex> one_at_a_time(mutex_);
    kernels_->project(w, team_, from, rows, to);
  }

  const char* isa() const { return kernels_->name; }

 private:
  nb::object keep_;
  Model model_;
  Team team_;
  std::mutex mutex_;  // the team runs one loop at a time; two Python threads may call
  const Kernels* kernels_;
};

}  // namespace
}  // namespace dragon

NB_MODULE(_native, m) {
  using namespace dragon;
  m.doc() = "dRAGon's compiled kernels; use them through dragon.engine.";
  nb::class_<Cache>(m, "Cache").def(nb::init<int, int, int, int>());
  nb::class_<Body>(m, "Body")
      .def(nb::init<nb::tuple, float, const std::string&, nb::object, nb::object, nb::list, nb::tuple,
                    int, const std::string&>(),
           nb::arg("sizes"), nb::arg("eps"), nb::arg("activation"), nb::arg("cos").none(),
           nb::arg("sin").none(), nb::arg("layers"), nb::arg("final_norm"),
           nb::arg("threads"), nb::arg("isa"))
      .def("forward", &Body::forward)
      .def("project", &Body::project)
      .def_prop_ro("isa", &Body::isa);
  m.def("runs_on", [](const std::string& isa) { return choose(isa.c_str()) != nullptr; });
}
