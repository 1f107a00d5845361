// Blocks [first, last) of y (+)= x W^T + bias, in whatever format W is.
static void multiply(const Matrix& w, const Input& in, int rows, int first, int last, float* y,
                     size_t y_stride, Into into = Into::store) {
  const Output out{y, y_stride, w.bias, into};
  const auto bytes = static_cast<const uint8_t*>(w.data);
  switch (w.format) {
    case Format::f32:
      run_tiles(FloatTile<float, 1>{static_cast<const float*>(w.data), size_t(w.k) * BLOCK, w.k, in.x,
                                 in.stride, out},
                first, last, rows);
      break;
    case Format::bf16:
      run_tiles(BF16Tile{static_cast<const uint16_t*>(w.data), (w.k + 1) / 2 * 2, in, out}, first, last,
                rows);
      break;
    case Format::int8:
      run_tiles(GroupTile<Int8Weights>{bytes, static_cast<const float*>(w.scale), in.int8, out}, first,
                last, rows);
      break;
    case Format::int4:
      run_tiles(GroupTile<Int4Weights>{bytes, static_cast<const BFloat*>(w.scale), in.int8, out}, first,
                last, rows);
      break;
  }
}

static void multiply(const Matrix& w, const Input& in, int rows, float* y, size_t y_stride,
                     Into into = Into::store) {
  multiply(w, in, rows, 0, blocks(w.n), y, y_stride, into);
}
