// How a product is cut into tiles: R blocks of the matrix times M rows of x, for every format alike.
//
// A tile is a class with ROWS and BLOCKS, the largest tile whose sums fit the registers, ONE, the blocks
// taken at once for a single row, and run<R, M>(block, row). A row's sums are added in the same order
// whatever tile it falls in, so a result does not depend on the rows beside it.

// What becomes of a product: stored, or added to what is there (the residual).
enum class Into { store, add };

struct Output {
  float* y;
  size_t stride;
  const float* bias = nullptr;  // of block 0
  Into into = Into::store;

  template <int R, int M>
  void finish(int block, int row, const Vec (&sums)[R * V][M]) const {
    for (int r = 0; r < R * V; r++)
      for (int m = 0; m < M; m++) {
        const int column = block * BLOCK + r * LANES;
        float* to = y + (row + m) * stride + column;
        Vec v = sums[r][m];
        if (bias) v += load(bias + column);
        store(to, into == Into::add ? load(to) + v : v);
      }
  }
};

template <int R, int M, class Tile>
static void run_rows(const Tile& tile, int block, int row, int rows) {
  for (; row + M <= rows; row += M) tile.template run<R, M>(block, row);
  if constexpr (M > 1)
    if (row < rows) run_rows<R, M - 1>(tile, block, row, rows);
}

// Blocks [first, last) for all rows.
template <class Tile>
static void run_tiles(const Tile& tile, int first, int last, int rows) {
  int block = first;
  if (rows == 1)
    for (; block + Tile::ONE <= last; block += Tile::ONE) tile.template run<Tile::ONE, 1>(block, 0);
  for (; block + Tile::BLOCKS <= last; block += Tile::BLOCKS)
    run_rows<Tile::BLOCKS, Tile::ROWS>(tile, block, 0, rows);
  for (; block < last; block++) run_rows<1, Tile::ROWS>(tile, block, 0, rows);
}
