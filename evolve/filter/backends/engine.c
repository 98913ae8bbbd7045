// SPDX-License-Identifier: Apache-2.0
//
// The fast engine: the inner loop of evolution (draw, mutate, evaluate, accept) without Python.
//
// It computes what the golden model computes, for the same random numbers (docs/evolution.md), by
// doing as little as possible for each child:
//
// 1. Values have names. A processing element that passes an operand on, folds to a constant or
//    repeats its parent's expression has the value of another element or of the parent; only
//    elements that have a new value, and that the output depends on, are computed. Elements that
//    cannot reach the output are not even named, until a child needs them.
// 2. Pixels come in blocks, those in which the parent errs most first: most of the sum is known
//    early. As soon as it exceeds what the child may have at most, the child is rejected.
// 3. The planes of the parent are kept. A child computes into spare planes, those that were used
//    last first, so that few are ever touched; they become the parent's when it is accepted.
//
// fast.py compiles this file and calls the functions without `static`.

#define _DEFAULT_SOURCE  // for madvise

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#ifndef BLOCK
#define BLOCK 1024  // pixels; measured best from 256 to 2048
#endif
_Static_assert(BLOCK > 0 && BLOCK % 256 == 0, "a block is aligned, and holds every operand once");

enum {
  LARGEST_SIDE = 64,     // a row of the mesh fits the bits of a word
  LARGEST = LARGEST_SIDE * LARGEST_SIDE,
  WINDOW = 9,
  NO_PLANE = UINT16_MAX,
  HIGHEST_RATE = 64,
  HUGE_PAGE = 1 << 21,
  SORT_INTERVAL = 1024,  // evaluations between two looks at whether to sort the pixels anew
};

typedef uint8_t Pixels[BLOCK] __attribute__((aligned(64)));

// ---- What a processing element can compute ----------------------------------------------------

#define OPERATIONS(X)                                        \
  X(WIRE, a)                                                 \
  X(ONES, 255)                                               \
  X(ADD, a + b)                                              \
  X(ADD_SATURATED, (uint8_t)(a + b) < a ? 255 : a + b)       \
  X(OVERFLOW, (uint8_t)(a + b) < a ? a + b : 0)              \
  X(HALF_SUM, (a & b) + ((a ^ b) >> 1))                      \
  X(SUBTRACT, a - b)                                         \
  X(SUBTRACT_SATURATED, a > b ? a - b : 0)                   \
  X(UNDERFLOW, a < b ? a - b : 255)                          \
  X(HALF_DIFFERENCE, (a | (uint8_t)~b) - ((a ^ (uint8_t)~b) >> 1)) \
  X(ABSOLUTE_DIFFERENCE, a > b ? a - b : b - a)              \
  X(MAXIMUM, a > b ? a : b)                                  \
  X(MINIMUM, a < b ? a : b)                                  \
  X(AT_LEAST, a >= b ? 255 : 0)                              \
  X(HALF, a >> 1)                                            \
  X(QUARTER, a >> 2)                                         \
  X(NOT, ~a)                                                 \
  X(OR, a | b)                                               \
  X(OR_NOT, ~a | b)                                          \
  X(AND, a & b)                                              \
  X(NAND, ~(a & b))                                          \
  X(XOR, a ^ b)                                              \
  X(NIBBLES, (a & 15) << 4 | (b & 15))

#define NAME(name, formula) name,
enum { OPERATIONS(NAME) OPERATION_COUNT };

#define KERNEL(name, formula)                                                              \
  static void compute_##name(uint8_t *restrict out, const uint8_t *restrict left,          \
                             const uint8_t *restrict right) {                              \
    for (int i = 0; i < BLOCK; ++i) {                                                      \
      const uint8_t a = left[i], b = right[i];                                             \
      (void)b, (void)a;                                                                    \
      out[i] = (uint8_t)(formula);                                                         \
    }                                                                                      \
  }
OPERATIONS(KERNEL)

typedef void Kernel(uint8_t *restrict, const uint8_t *restrict, const uint8_t *restrict);
#define ENTRY(name, formula) compute_##name,
static Kernel *const kernels[] = {OPERATIONS(ENTRY)};

// A gene code: an operation and its two operands, N (0) or W (1). An operation of one operand has
// it twice, so that equal values have equal names.
typedef struct { uint8_t operation, left, right; } Function;

enum { N, W };
static const Function upm16[] = {
    {ADD, N, W}, {ADD, N, N}, {ADD, W, W}, {ADD_SATURATED, N, W}, {ADD_SATURATED, N, N},
    {ADD_SATURATED, W, W}, {HALF_SUM, N, W}, {ONES, N, N}, {HALF, N, N}, {HALF, W, W}, {WIRE, N, N},
    {WIRE, W, W}, {MAXIMUM, N, W}, {MINIMUM, N, W}, {SUBTRACT_SATURATED, N, W},
    {SUBTRACT_SATURATED, W, N}};
static const Function upm19[] = {
    {WIRE, N, N}, {WIRE, W, W}, {MAXIMUM, N, W}, {MINIMUM, N, W}, {OVERFLOW, N, W},
    {SUBTRACT_SATURATED, N, W}, {SUBTRACT_SATURATED, W, N}, {ADD_SATURATED, N, W}, {UNDERFLOW, N, W},
    {UNDERFLOW, W, N}, {ADD, N, W}, {SUBTRACT, N, W}, {SUBTRACT, W, N}, {HALF_SUM, N, W},
    {HALF_DIFFERENCE, N, W}, {HALF_DIFFERENCE, W, N}, {ABSOLUTE_DIFFERENCE, N, W}, {AT_LEAST, N, W},
    {AT_LEAST, W, N}};
static const Function cgp16[] = {
    {ONES, N, N}, {WIRE, N, N}, {NOT, N, N}, {OR, N, W}, {OR_NOT, N, W}, {AND, N, W}, {NAND, N, W},
    {XOR, N, W}, {HALF, N, N}, {QUARTER, N, N}, {NIBBLES, N, W}, {ADD, N, W}, {ADD_SATURATED, N, W},
    {HALF_SUM, N, W}, {MAXIMUM, N, W}, {MINIMUM, N, W}};

static const struct { const Function *functions; int count; } function_sets[] = {
    {upm16, sizeof upm16 / sizeof *upm16},
    {upm19, sizeof upm19 / sizeof *upm19},
    {cgp16, sizeof cgp16 / sizeof *cgp16}};

// ---- Names of values --------------------------------------------------------------------------

// 0..8 are the window's pixels, 256..511 constants; above that, `born + position` is what the
// element at a position computes since the child that was given the number `born`, a multiple of
// LARGEST. Equal names mean equal planes.
typedef uint64_t Value;

enum { CONSTANTS = 256, NO_VALUE = CONSTANTS + 256, OWN = LARGEST };

static int is_constant(Value v) { return v >= CONSTANTS && v < NO_VALUE; }
static int is_own(Value v) { return v >= OWN; }
static int position_of(Value v) { return (int)(v % LARGEST); }

// What an operation gives with a known operand, for every other operand: a constant, the other
// operand itself, or neither. Found by trying, not by algebra.
enum { NEITHER = 256, ITSELF = 257 };
static uint16_t with_itself[OPERATION_COUNT];
static uint16_t with_left[OPERATION_COUNT][256];
static uint16_t with_right[OPERATION_COUNT][256];
static uint8_t commutes[OPERATION_COUNT];

static uint8_t table[OPERATION_COUNT][256][256];

static uint16_t summarize(const uint8_t *results, int stride) {
  int constant = 1, itself = 1;
  for (int x = 0; x < 256; ++x) {
    constant &= results[x * stride] == results[0];
    itself &= results[x * stride] == x;
  }
  return constant ? results[0] : itself ? ITSELF : NEITHER;
}

static void learn_operations(void) {
  static int learned;
  if (learned) return;
  static Pixels left, right, out;
  for (int op = 0; op < OPERATION_COUNT; ++op) {
    for (int a = 0; a < 256; ++a) {
      memset(left, a, BLOCK);
      for (int b = 0; b < 256; ++b) right[b] = (uint8_t)b;
      kernels[op](out, left, right);
      memcpy(table[op][a], out, 256);
    }
    commutes[op] = 1;
    for (int a = 0; a < 256; ++a) {
      with_left[op][a] = summarize(table[op][a], 1);
      with_right[op][a] = summarize(&table[op][0][a], 256);
      for (int b = 0; b < 256; ++b) commutes[op] &= table[op][a][b] == table[op][b][a];
    }
    with_itself[op] = summarize(&table[op][0][0], 257);
  }
  learned = 1;
}

// ---- The engine -------------------------------------------------------------------------------

// What an element computes, if it has a value of its own.
typedef struct { Value left, right; int operation; } Expression;

// Where the blocks of a value are: `plane`, and every `stride` bytes further.
typedef struct { const uint8_t *plane; size_t stride; } Source;

// One element's work on the blocks of a child.
typedef struct { Kernel *kernel; Source left, right; uint8_t *out; int position; } Step;

typedef struct { int position; Value value; Expression expression; } Renamed;

// Of a row, a bit for each column: the elements that read north, those that read west, and those
// that are to be named anew as soon as they are needed.
typedef struct { uint64_t reads_north, reads_west, pending; } Row;

typedef struct {
  int rows, cols, elements, genes, code_count;
  const Function *functions;
  uint8_t reads[32];  // of a code: 1 for north, 2 for west

  int pixels, blocks;
  uint8_t *image;     // for each pixel its window, then its reference
  int *order, *spare_order;  // of the pixels in the blocks
  uint8_t *errors;    // the parent's, for sorting
  Pixels *windows;    // for each block 9
  Pixels *reference;  // for each block 1
  Pixels *planes;     // for each block two an element: a parent's and its child's, in any order
  Pixels *constants;  // 256

  // The parent; while a child is evaluated, the child.
  uint8_t genome[LARGEST + 2 * LARGEST_SIDE + 1];
  Row row[LARGEST_SIDE];
  Value values[LARGEST];
  Expression expressions[LARGEST];

  // The parent's SAE, also when the pixels were sorted; the plane in which the parent's value of an
  // element is, or NO_PLANE as long as nothing has needed it; the planes that hold none, a stack.
  int64_t sae, sorted_sae, luts;
  uint16_t plane[LARGEST], spare[2 * LARGEST];
  int spare_count;

  // The child: its number; the rows of its parent; what it changed; what must be computed for it,
  // which elements that concerns, and where they are computed.
  Value born;
  Row row_before[LARGEST_SIDE];
  Renamed renamed[LARGEST];
  int renamed_count;
  Value planned[LARGEST];
  uint16_t child_plane[LARGEST];
  Step steps[LARGEST];
  int step_count;

  // How often LUTs were counted so far, and in which count an element was counted last.
  uint64_t counts, counted[LARGEST];

  int64_t stored;  // blocks computed so far
} Engine;

// From one block of a plane to the next. An odd number of KB, so that the blocks of a plane do not
// fall on the same lines of a cache.
static size_t stride_of(const Engine *e) { return (2 * (size_t)e->elements + 1) * BLOCK; }

static Value north_of(const Engine *e, int row, int col) {
  return row ? e->values[(row - 1) * e->cols + col] : e->genome[e->elements + col];
}

static Value west_of(const Engine *e, int row, int col) {
  return col ? e->values[row * e->cols + col - 1] : e->genome[e->elements + e->cols + row];
}

static Value output_of(const Engine *e) {
  return e->values[e->genome[e->genes - 1] * e->cols + e->cols - 1];
}

// Names the value of an element, simplified; describes it in *expression if it is its own.
static Value name(const Engine *e, int position, Value north, Value west, Expression *expression) {
  const Function f = e->functions[e->genome[position]];
  const int op = f.operation;
  Value left = f.left == N ? north : west, right = f.right == N ? north : west;
  if (op == WIRE) return left;
  if (op == ONES) return CONSTANTS + 255;

  unsigned known = NEITHER;
  Value other = left;
  if (is_constant(left) && is_constant(right)) {
    known = table[op][left - CONSTANTS][right - CONSTANTS];
  } else if (is_constant(left)) {
    known = with_left[op][left - CONSTANTS];
    other = right;
  } else if (is_constant(right)) {
    known = with_right[op][right - CONSTANTS];
  } else if (left == right) {
    known = with_itself[op];
  }
  if (known == ITSELF) return other;
  if (known != NEITHER) return CONSTANTS + known;

  if (commutes[op] && left > right) {
    const Value swap = left;
    left = right;
    right = swap;
  }
  *expression = (Expression){left, right, op};
  const Expression *old = &e->expressions[position];
  const Value value = e->values[position];
  if (is_own(value) && position_of(value) == position && old->operation == op &&
      old->left == left && old->right == right)
    return value;
  return e->born + position;
}

// Finds from which elements a way leads to the output: a bit for each column of the rows down to the
// output row, which is returned.
static int find_needed(const Engine *e, uint64_t *needed) {
  const int last = e->genome[e->genes - 1];
  uint64_t found = 1ull << (e->cols - 1);
  for (int row = last; row >= 0; --row) {
    uint64_t passing = e->row[row].reads_west >> 1;
    for (int columns = 1; columns < e->cols; columns *= 2) {
      found |= found >> columns & passing;
      passing &= passing >> columns;
    }
    needed[row] = found;
    found &= e->row[row].reads_north;
  }
  return last;
}

// Names the pending elements that are needed, and those that follow from them, in raster order. The
// others stay pending.
static void name_pending(Engine *e) {
  uint64_t needed[LARGEST_SIDE];
  const int last = find_needed(e, needed);
  uint64_t from_north = 0;
  for (int row = 0; row <= last; ++row) {
    const Row *now = &e->row[row];
    uint64_t pending = now->pending | (from_north & now->reads_north);
    from_north = 0;
    for (uint64_t todo; (todo = pending & needed[row]);) {
      const int col = __builtin_ctzll(todo), position = row * e->cols + col;
      pending &= ~(1ull << col);
      Expression expression = e->expressions[position];
      const Value value =
          name(e, position, north_of(e, row, col), west_of(e, row, col), &expression);
      if (value == e->values[position]) continue;
      e->renamed[e->renamed_count++] =
          (Renamed){position, e->values[position], e->expressions[position]};
      e->values[position] = value;
      e->expressions[position] = expression;
      from_north |= 1ull << col;
      if (col + 1 < e->cols) pending |= 2ull << col & now->reads_west;
    }
    e->row[row].pending = pending;
  }
  if (last + 1 < e->rows) e->row[last + 1].pending |= from_north & e->row[last + 1].reads_north;
}

static int is_planned(const Engine *e, int position) { return e->planned[position] == e->born; }

static uint8_t *own_plane(const Engine *e, int position) {
  return e->planes[is_planned(e, position) ? e->child_plane[position] : e->plane[position]];
}

static Source source_of(const Engine *e, Value value) {
  if (is_own(value)) return (Source){own_plane(e, position_of(value)), stride_of(e)};
  if (is_constant(value)) return (Source){e->constants[value - CONSTANTS], 0};
  return (Source){e->windows[value], WINDOW * BLOCK};
}

static int must_be_computed(const Engine *e, Value value) {
  if (!is_own(value)) return 0;
  const int position = position_of(value);
  return (value >= e->born || e->plane[position] == NO_PLANE) && !is_planned(e, position);
}

// Plans the computation of a value after that of its operands.
static void plan(Engine *e, Value value) {
  const int position = position_of(value);
  const Expression x = e->expressions[position];
  if (must_be_computed(e, x.left)) plan(e, x.left);
  if (must_be_computed(e, x.right)) plan(e, x.right);
  e->planned[position] = e->born;
  Step *step = &e->steps[e->step_count++];
  e->child_plane[position] = e->spare[e->spare_count - e->step_count];
  *step = (Step){kernels[x.operation], source_of(e, x.left), source_of(e, x.right),
                 e->planes[e->child_plane[position]], position};
}

static int64_t count_luts(Engine *e, Value value, const int32_t *costs) {
  if (!is_own(value)) return 0;
  const int position = position_of(value);
  if (e->counted[position] == e->counts) return 0;
  e->counted[position] = e->counts;
  const Expression *x = &e->expressions[position];
  return costs[e->genome[position]] + count_luts(e, x->left, costs) + count_luts(e, x->right, costs);
}

// The LUTs of the elements on which the output depends.
static int64_t luts_of(Engine *e, const int32_t *costs) {
  ++e->counts;
  return count_luts(e, output_of(e), costs);
}

static unsigned absolute_errors(const uint8_t *restrict pixels, const uint8_t *restrict reference,
                                int count) {
  unsigned sum = 0;
  for (int i = 0; i < count; ++i)
    sum += (unsigned)abs(pixels[i] - reference[i]);
  return sum;
}

// Returns the SAE of the child, or of its first blocks if that is above the limit.
static int64_t measure(Engine *e, int64_t limit) {
  e->step_count = 0;
  if (must_be_computed(e, output_of(e))) plan(e, output_of(e));
  const Source output = source_of(e, output_of(e));
  const size_t stride = stride_of(e);
  int64_t sae = 0;
  for (int block = 0; block < e->blocks && sae <= limit; ++block) {
    for (const Step *s = e->steps; s < e->steps + e->step_count; ++s)
      s->kernel(s->out + block * stride, s->left.plane + block * s->left.stride,
                s->right.plane + block * s->right.stride);
    e->stored += e->step_count;
    const int left = e->pixels - block * BLOCK;
    const uint8_t *pixels = output.plane + block * output.stride;
    sae += left >= BLOCK ? absolute_errors(pixels, e->reference[block], BLOCK)
                         : absolute_errors(pixels, e->reference[block], left);
  }
  return sae;
}

static void expect_child(Engine *e) {
  e->born += LARGEST;
  e->renamed_count = e->step_count = 0;
  memcpy(e->row_before, e->row, (size_t)e->rows * sizeof *e->row);
}

static void forget_plane(Engine *e, int position) {
  if (e->plane[position] != NO_PLANE) e->spare[e->spare_count++] = e->plane[position];
  e->plane[position] = NO_PLANE;
}

static void keep_child(Engine *e) {
  e->spare_count -= e->step_count;
  for (int i = 0; i < e->renamed_count; ++i) forget_plane(e, e->renamed[i].position);
  for (const Step *s = e->steps; s < e->steps + e->step_count; ++s)
    e->plane[s->position] = e->child_plane[s->position];
  expect_child(e);
}

static void drop_child(Engine *e) {
  for (int i = e->renamed_count; i-- > 0;) {
    const Renamed *r = &e->renamed[i];
    e->values[r->position] = r->value;
    e->expressions[r->position] = r->expression;
  }
  memcpy(e->row, e->row_before, (size_t)e->rows * sizeof *e->row);
  expect_child(e);
}

static void set_gene(Engine *e, int gene, uint8_t code) {
  e->genome[gene] = code;
  const int border = gene - e->elements;
  if (border < 0) {
    Row *row = &e->row[gene / e->cols];
    const int col = gene % e->cols;
    const uint64_t bit = 1ull << col, reads = e->reads[code];
    row->reads_north = (row->reads_north & ~bit) | (reads & 1) << col;
    row->reads_west = (row->reads_west & ~bit) | reads >> 1 << col;
    row->pending |= bit;
  } else if (border < e->cols) {
    e->row[0].pending |= 1ull << border;
  } else if (border < e->cols + e->rows) {
    e->row[border - e->cols].pending |= 1;
  }
}

static void fill_blocks(Engine *e) {
  for (int i = 0; i < e->pixels; ++i) {
    const uint8_t *pixel = e->image + (size_t)e->order[i] * (WINDOW + 1);
    for (int w = 0; w < WINDOW; ++w) e->windows[i / BLOCK * WINDOW + w][i % BLOCK] = pixel[w];
    e->reference[i / BLOCK][i % BLOCK] = pixel[WINDOW];
  }
}

static uint8_t output_pixel(Source output, int i) {
  return output.plane[(size_t)(i / BLOCK) * output.stride + (size_t)(i % BLOCK)];
}

// Puts the pixels in which the parent errs most first, and computes its planes in that order.
static void sort_pixels(Engine *e) {
  const Source output = source_of(e, output_of(e));
  int start[257] = {0};
  for (int i = 0; i < e->pixels; ++i) {
    const int error = abs(output_pixel(output, i) - e->reference[i / BLOCK][i % BLOCK]);
    e->errors[i] = (uint8_t)(255 - error);
    ++start[e->errors[i] + 1];
  }
  for (int i = 0; i < 256; ++i) start[i + 1] += start[i];
  for (int i = 0; i < e->pixels; ++i) e->spare_order[start[e->errors[i]]++] = e->order[i];
  int *order = e->order;
  e->order = e->spare_order;
  e->spare_order = order;
  fill_blocks(e);
  for (int i = 0; i < e->elements; ++i) forget_plane(e, i);
  e->sorted_sae = e->sae;
  measure(e, INT64_MAX);
  keep_child(e);
}

static void load(Engine *e, const uint8_t *genes) {
  for (int gene = 0; gene < e->genes; ++gene)
    if (e->genome[gene] != genes[gene]) set_gene(e, gene, genes[gene]);
  name_pending(e);
  e->sae = measure(e, INT64_MAX);
  keep_child(e);
}

// ---- Evolution --------------------------------------------------------------------------------

// As Tribe in evolve/filter/tribe.py.
typedef struct {
  uint64_t state, increment;
  int64_t sae, evaluations, accepted, luts, weight;
} Tribe;

static uint32_t next(Tribe *tribe) {
  const uint64_t old = tribe->state;
  tribe->state = old * 6364136223846793005u + tribe->increment;
  const uint32_t shifted = (uint32_t)((old >> 18 ^ old) >> 27);
  const unsigned rotation = (unsigned)(old >> 59);
  return shifted >> rotation | shifted << (-rotation & 31);
}

static unsigned below(Tribe *tribe, unsigned bound) {
  return (unsigned)((uint64_t)next(tribe) * bound >> 32);
}

static int64_t exponential(Tribe *tribe) {
  uint32_t draw = next(tribe);
  if (!draw) draw = 1;
  const int halvings = __builtin_clz(draw);
  const uint32_t below_one = draw << halvings & 0x7fffffff;
  return ((int64_t)(halvings + 1) << 16) - (below_one >> 15);
}

#define MEAN_PER_MILLION (98304 * INT64_C(1000000))

// As Rule in evolve/filter/tribe.py, with the Mutation in it. Group g has the genes
// positions[starts[g]] to positions[starts[g + 1] - 1]. costs: the LUTs of each code, or NULL where
// they do not count.
typedef struct {
  const int32_t *positions, *starts, *bounds, *functions, *costs;
  int32_t groups, elements, lowest, highest, children, accept_equal, temperature;
} Rule;

// Some redrawn genes: which, and from what to what.
typedef struct {
  int count, gene[HIGHEST_RATE];
  uint8_t before[HIGHEST_RATE], after[HIGHEST_RATE];
} Redraw;

static void apply(Engine *e, Redraw *r) {
  for (int i = 0; i < r->count; ++i) {
    r->before[i] = e->genome[r->gene[i]];
    if (r->after[i] != r->before[i]) set_gene(e, r->gene[i], r->after[i]);
  }
  name_pending(e);
}

static void take_back(Engine *e, const Redraw *r) {
  drop_child(e);
  for (int i = r->count; i-- > 0;) e->genome[r->gene[i]] = r->before[i];
}

static void draw(Redraw *r, Tribe *tribe, const Rule *rule) {
  r->count = rule->lowest;
  if (rule->highest > rule->lowest)
    r->count += (int)below(tribe, (unsigned)(rule->highest - rule->lowest + 1));
  const int group = rule->groups > 1 ? (int)below(tribe, (unsigned)rule->groups) : 0;
  const int32_t *positions = rule->positions + rule->starts[group];
  const unsigned size = (unsigned)(rule->starts[group + 1] - rule->starts[group]);
  for (int i = 0; i < r->count; ++i) {
    r->gene[i] = positions[below(tribe, size)];
    const unsigned value = below(tribe, (unsigned)rule->bounds[r->gene[i]]);
    r->after[i] = (uint8_t)(r->gene[i] < rule->elements ? (unsigned)rule->functions[value] : value);
  }
}

#define UNIT_BITS 20

static int64_t score(int64_t sae, int64_t luts, int64_t weight) {
  return ((sae + weight * luts) << UNIT_BITS) + luts;
}

static int64_t worst_accepted(const Engine *e, Tribe *tribe, const Rule *rule) {
  int64_t limit = score(e->sae, e->luts, tribe->weight) - !rule->accept_equal;
  if (rule->temperature) {
    const __int128 part = (__int128)e->sae * rule->temperature * exponential(tribe);
    limit += (int64_t)(part / MEAN_PER_MILLION) << UNIT_BITS;
  }
  return limit;
}

// SAE and LUTs of the child. If its score is above the limit, so is that of what is returned.
typedef struct { int64_t sae, luts; } Worth;

static Worth judge(Engine *e, int64_t limit, int64_t weight, const int32_t *costs) {
  Worth child = {0, 0};
  if (costs && weight) child.luts = luts_of(e, costs);
  const int64_t highest = (limit - score(0, child.luts, weight)) >> UNIT_BITS;
  child.sae = measure(e, highest);
  if (costs && !weight && child.sae <= highest) child.luts = luts_of(e, costs);
  return child;
}

// The parent, in and out, is `genes` with `tribe`. count is a multiple of rule->children.
void engine_advance(Engine *e, Tribe *tribe, uint8_t *genes, int64_t count, const Rule *rule) {
  load(e, genes);
  e->luts = rule->costs ? luts_of(e, rule->costs) : 0;
  sort_pixels(e);
  for (int64_t done = 0; done < count; done += rule->children) {
    const Value parent_output = output_of(e);
    const int64_t limit = worst_accepted(e, tribe, rule);
    const Worth parent = {e->sae, e->luts};
    Redraw child, best = {0};
    Worth best_worth = parent;
    int64_t best_score = limit + 1;
    int kept = 0;
    for (int i = 1; i <= rule->children; ++i) {
      draw(&child, tribe, rule);
      apply(e, &child);
      const Worth worth = output_of(e) == parent_output
                              ? parent
                              : judge(e, best_score - 1, tribe->weight, rule->costs);
      const int64_t child_score = score(worth.sae, worth.luts, tribe->weight);
      if (child_score < best_score) {
        best_score = child_score;
        best_worth = worth;
        best = child;
        kept = i == rule->children;
      }
      if (!kept) take_back(e, &child);
    }
    if (best_score <= limit) {
      if (!kept) {
        apply(e, &best);
        if (output_of(e) != parent_output) measure(e, INT64_MAX);
      }
      keep_child(e);
      e->sae = best_worth.sae;
      e->luts = best_worth.luts;
      ++tribe->accepted;
    }
    if (done % SORT_INTERVAL < rule->children && llabs(e->sae - e->sorted_sae) > e->sorted_sae / 32)
      sort_pixels(e);
  }
  tribe->sae = e->sae;
  tribe->luts = e->luts;
  tribe->evaluations += count;
  memcpy(genes, e->genome, (size_t)e->genes);
}

// Evaluates circuits as if they were children of the one that the engine has now, which stays.
// limits: for each the highest SAE of interest.
void engine_evaluate(Engine *e, const uint8_t *batch, const int64_t *limits, int64_t count,
                     int64_t *saes) {
  uint8_t before[sizeof e->genome];
  memcpy(before, e->genome, sizeof before);
  for (int64_t i = 0; i < count; ++i) {
    const uint8_t *genes = batch + i * e->genes;
    for (int gene = 0; gene < e->genes; ++gene)
      if (e->genome[gene] != genes[gene]) set_gene(e, gene, genes[gene]);
    name_pending(e);
    saes[i] = measure(e, limits[i]);
    drop_child(e);
    memcpy(e->genome, before, sizeof before);
  }
}

void engine_filter(Engine *e, const uint8_t *genes, uint8_t *pixels) {
  load(e, genes);
  const Source output = source_of(e, output_of(e));
  for (int i = 0; i < e->pixels; ++i) pixels[e->order[i]] = output_pixel(output, i);
}

// Bytes that the processing elements have put into planes so far; what evoarray bench reports.
int64_t engine_stored(const Engine *e) { return e->stored * BLOCK; }

// ---- Making an engine -------------------------------------------------------------------------

// Takes the next `size` bytes of the arena, rounded up to whole vectors; adds up while it is NULL.
static void *take(uint8_t *arena, size_t *used, size_t size) {
  void *start = arena ? arena + *used : NULL;
  *used += (size + 63) / 64 * 64;
  return start;
}

static size_t lay_out(Engine *e, uint8_t *arena) {
  const size_t pixels = (size_t)e->pixels, blocks = (size_t)e->blocks;
  size_t used = (sizeof *e + 63) / 64 * 64;
  e->windows = take(arena, &used, blocks * WINDOW * sizeof(Pixels));
  e->reference = take(arena, &used, blocks * sizeof(Pixels));
  e->planes = take(arena, &used, blocks * stride_of(e));
  e->constants = take(arena, &used, 256 * sizeof(Pixels));
  e->image = take(arena, &used, pixels * (WINDOW + 1));
  e->errors = take(arena, &used, pixels);
  e->order = take(arena, &used, pixels * sizeof *e->order);
  e->spare_order = take(arena, &used, pixels * sizeof *e->order);
  return used;
}

// image: for each pixel its window, 9 bytes, and its reference. NULL if memory does not suffice.
Engine *engine_new(int rows, int cols, int function_set, int pixels, const uint8_t *image) {
  learn_operations();
  Engine sketch = {.rows = rows, .cols = cols, .elements = rows * cols, .pixels = pixels};
  sketch.blocks = (pixels + BLOCK - 1) / BLOCK;
  const size_t size = lay_out(&sketch, NULL);
  Engine *e = aligned_alloc(HUGE_PAGE, (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
  if (!e) return NULL;
#ifdef MADV_HUGEPAGE
  madvise(e, size, MADV_HUGEPAGE);  // large arrays have more small pages than a TLB has entries
#endif
  memset(e, 0, sizeof *e);
  e->rows = rows;
  e->cols = cols;
  e->elements = rows * cols;
  e->genes = e->elements + rows + cols + 1;
  e->functions = function_sets[function_set].functions;
  e->code_count = function_sets[function_set].count;
  e->pixels = pixels;
  e->blocks = sketch.blocks;
  lay_out(e, (uint8_t *)e);
  memset(e->windows, 0, (size_t)e->blocks * WINDOW * sizeof(Pixels));
  memset(e->reference, 0, (size_t)e->blocks * sizeof(Pixels));
  memcpy(e->image, image, (size_t)pixels * (WINDOW + 1));
  for (int i = 0; i < pixels; ++i) e->order[i] = i;
  fill_blocks(e);
  for (int value = 0; value < 256; ++value) memset(e->constants[value], value, BLOCK);
  e->born = OWN;
  for (int i = 0; i < e->elements; ++i) {
    e->values[i] = NO_VALUE;
    e->plane[i] = NO_PLANE;
  }
  for (int i = 2 * e->elements; i-- > 0;) e->spare[e->spare_count++] = (uint16_t)i;
  for (int code = 0; code < e->code_count; ++code) {
    const Function f = e->functions[code];
    if (f.operation != ONES) e->reads[code] = (uint8_t)(1 << f.left | 1 << f.right);
  }
  for (int gene = 0; gene < e->genes; ++gene) set_gene(e, gene, 0);
  load(e, e->genome);  // all genes 0: something to have children of
  return e;
}

void engine_free(Engine *e) { free(e); }
