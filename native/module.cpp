// The Python module dragon._native: takes arrays apart, keeps them alive, releases the GIL, nothing more.
// Shapes and types are checked in dragon.engine.native_body, which is its only caller.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>

#include <mutex>
#include <stdexcept>

#include "kernels.hpp"

namespace nb = nanobind;

namespace dragon {
namespace {

using Floats = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Table = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Out = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Steps = nb::ndarray<float, nb::ndim<4>, nb::c_contig, nb::device::cpu>;

const float* floats(nb::handle values) {
  return values.is_none() ? nullptr : nb::cast<Floats>(values).data();
}

using Array = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;

const void* bytes(nb::handle values) {
  return values.is_none() ? nullptr : nb::cast<Array>(values).data();
}

Format format(const std::string& name) {
  if (name == "f32") return Format::f32;
  if (name == "bf16") return Format::bf16;
  if (name == "int8") return Format::int8;
  if (name == "int4") return Format::int4;
  throw std::invalid_argument("there is no format " + name);
}

Kept kept(const std::string& name) {
  if (name == "f32") return Kept::f32;
  if (name == "f16") return Kept::f16;
  if (name == "int8") return Kept::int8;
  throw std::invalid_argument("a cache keeps f32, f16 or int8, not " + name);
}

// (n, k, format, data, scale | None, group, bias | None), or None
Matrix matrix(nb::handle description) {
  if (description.is_none()) return {};
  nb::tuple t = nb::cast<nb::tuple>(description);
  Matrix m;
  m.n = nb::cast<int>(t[0]);
  m.k = nb::cast<int>(t[1]);
  m.format = format(nb::cast<std::string>(t[2]));
  m.data = bytes(t[3]);
  m.scale = bytes(t[4]);
  m.group = nb::cast<int>(t[5]);
  m.bias = floats(t[6]);
  return m;
}

// Matrices that read the same rows share one copy of them.
void check_same_form(const Matrix& a, const Matrix& b) {
  if (b.data && (a.format != b.format || a.group != b.group))
    throw std::invalid_argument("matrices that read the same rows differ in format");
}

Norm norm(nb::handle description) {
  if (description.is_none()) return {};
  nb::tuple t = nb::cast<nb::tuple>(description);
  return {floats(t[0]), floats(t[1])};
}

Activation activation(const std::string& name) {
  if (name == "swiglu") return Activation::swiglu;
  if (name == "gelu") return Activation::gelu;
  return name == "gelu_tanh" ? Activation::gelu_tanh : Activation::relu;
}

class Body {
 public:
  // `keep_` holds every array that a pointer goes to.
  Body(nb::tuple sizes, float eps, const std::string& act, nb::list layers, nb::tuple final_norm,
       int threads, const std::string& kernels)
      : keep_(nb::make_tuple(layers, final_norm)), team_(threads), space_(threads),
        kernels_(choose(kernels.c_str())) {
    if (!kernels_) throw std::invalid_argument("this processor cannot run the kernels " + kernels);
    model_.hidden = nb::cast<int>(sizes[0]);
    model_.intermediate = nb::cast<int>(sizes[1]);
    model_.heads = nb::cast<int>(sizes[2]);
    model_.kv_heads = nb::cast<int>(sizes[3]);
    model_.head_dim = nb::cast<int>(sizes[4]);
    model_.window = nb::cast<int>(sizes[5]);
    model_.eps = eps;
    model_.activation = activation(act);
    for (nb::handle description : layers) {
      nb::tuple t = nb::cast<nb::tuple>(description);
      model_.layers.push_back({norm(t[0]), norm(t[1]), norm(t[2]), norm(t[3]), matrix(t[4]), matrix(t[5]),
                               matrix(t[6]), matrix(t[7]), matrix(t[8]), matrix(t[9]), matrix(t[10])});
      const Layer& layer = model_.layers.back();
      check_same_form(layer.q, layer.k);
      check_same_form(layer.q, layer.v);
      check_same_form(layer.up, layer.gate);
    }
    model_.final_norm = norm(final_norm);
  }

  // Cosines and sines [positions, D/2]; a longer table may take the place of a shorter one.
  void set_rotary(Table cos, Table sin) {
    std::lock_guard<std::mutex> one_at_a_time(mutex_);
    rotary_ = nb::make_tuple(cos, sin);
    model_.cos = cos.data();
    model_.sin = sin.data();
    positions_ = int(cos.shape(0));
  }

  void forward(Out x, nb::list runs) {
    std::vector<Run> list;
    int rows = 0;
    for (nb::handle item : runs) {
      nb::tuple t = nb::cast<nb::tuple>(item);
      list.push_back({nb::cast<Cache*>(t[0]), nb::cast<int>(t[1]), nb::cast<int>(t[2]),
                      nb::cast<int>(t[3])});
      const Run& run = list.back();
      if (model_.cos && run.start + run.length > positions_)
        throw std::invalid_argument("a run passes the rotary table");
      if (run.visible > run.start + run.length)
        throw std::invalid_argument("a run sees more than its tokens");
      rows += run.length;
    }
    if (rows != int(x.shape(0))) throw std::invalid_argument("the runs do not make up the rows");
    float* data = x.data();
    nb::gil_scoped_release release;
    std::lock_guard<std::mutex> one_at_a_time(mutex_);
    for (const Run& run : list) run.cache->reserve(run.start, run.start + run.length);
    if (rows) kernels_->forward(model_, team_, space_, data, list);
  }

  void project(nb::tuple weights, Table x, Out y) {
    const Matrix w = matrix(weights);
    const float* from = x.data();
    float* to = y.data();
    const int rows = int(x.shape(0));
    nb::gil_scoped_release release;
    std::lock_guard<std::mutex> one_at_a_time(mutex_);
    kernels_->project(w, team_, space_, from, rows, to);
  }

  void scan(nb::tuple forwards, nb::tuple backwards, Steps gates, Steps states) {
    const Matrix state[2] = {matrix(forwards), matrix(backwards)};
    float *from = gates.data(), *to = states.data();
    const int steps = int(gates.shape(0)), batch = int(gates.shape(2));
    nb::gil_scoped_release release;
    std::lock_guard<std::mutex> one_at_a_time(mutex_);
    kernels_->scan(state, team_, space_, from, steps, batch, to);
  }

  const char* kernels() const { return kernels_->name; }

 private:
  nb::object keep_, rotary_;
  Model model_;
  int positions_ = 0;
  Team team_;
  Workspace space_;
  std::mutex mutex_;  // the team runs one loop at a time; two Python threads may call
  const Kernels* kernels_;
};

}  // namespace
}  // namespace dragon

NB_MODULE(_native, m) {
  using namespace dragon;
  m.doc() = "dRAGon's compiled kernels; use them through dragon.engine.";
  nb::set_leak_warnings(false);  // a program may well end with an engine in a global
  nb::class_<Cache>(m, "Cache")
      .def("__init__",
           [](Cache* place, int slots, int kv_heads, int head_dim, int capacity, const std::string& kv) {
             new (place) Cache(slots, kv_heads, head_dim, capacity, kept(kv));
           },
           nb::arg("slots"), nb::arg("kv_heads"), nb::arg("head_dim"), nb::arg("capacity"),
           nb::arg("kv"))
      .def("truncate", &Cache::truncate)
      .def("fork", &Cache::fork)
      .def_prop_ro("length", &Cache::length)
      .def_prop_ro("capacity", &Cache::capacity)
      .def_prop_ro("nbytes", &Cache::nbytes);
  nb::class_<Body>(m, "Body")
      .def(nb::init<nb::tuple, float, const std::string&, nb::list, nb::tuple, int, const std::string&>(),
           nb::arg("sizes"), nb::arg("eps"), nb::arg("activation"), nb::arg("layers"),
           nb::arg("final_norm"), nb::arg("threads"), nb::arg("kernels"))
      .def("set_rotary", &Body::set_rotary)
      .def("forward", &Body::forward)
      .def("project", &Body::project)
      .def("scan", &Body::scan)
      .def_prop_ro("kernels", &Body::kernels);
  m.def("runs_on", [](const std::string& name) { return choose(name.c_str()) != nullptr; });
}
