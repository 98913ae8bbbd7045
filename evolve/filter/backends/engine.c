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
// 3. The planes of the parent are kept for the first blocks, which decide about most children. A child
//    computes into spare planes, those that were used last first, so that few are ever touched; they
//    become the parent's when it is accepted.
// 4. In the blocks behind those, a child is computed from its window, element after element, in
//    buffers that stay in the nearest cache, while the next block's windows are fetched. That is more
//    to compute than what differs from the parent, but planes of a large photo would have to come
//    from memory, which takes longer.
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
#ifndef KEPT
#define KEPT 16  // blocks of which planes are kept; more would leave the second cache
#endif
#ifndef SORT_INTERVAL
#define SORT_INTERVAL 20  // sorts that steps in all blocks would pay for, between two of the pixels
#endif
_Static_assert(BLOCK > 0 && BLOCK % 256 == 0, "a block is aligned, and holds every operand once");

enum {
  LARGEST_SIDE = 64,     // a row of the mesh fits the bits of a word
  LARGEST = LARGEST_SIDE * LARGEST_SIDE,
  WINDOW = 9,
  GIVEN = WINDOW + 1,  // of a pixel: its window, then its reference
  HIGHEST_RATE = 64,
  SPARE_BUFFERS = 3,  // besides one for each column: what comes from the west, and what is made of it
  HUGE_PAGE = 1 << 21,
  LINE = 64,  // bytes of a cache
  CHILD = 32,  // steps that it takes to draw and name a child
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

// A value comes from a place: an element, by its position, a pixel of the window, or a constant.
// What an element computes is `born + position`, if it does so since the child that was given the
// number `born`, a multiple of PLACES. Pixels have no such number; constants have the highest bit.
// Equal names mean equal planes.
typedef uint64_t Value;

enum {
  PIXELS = LARGEST,
  NO_VALUE = PIXELS + WINDOW,
  USED_PLACES = PIXELS + 512,
  PLACES = 2 * LARGEST,
};
#define CONSTANTS ((UINT64_C(1) << 63) + PIXELS + 256)
_Static_assert(PIXELS % 256 == 0, "the lowest byte of a constant's name is its value");

static int is_constant(Value v) { return (int)(v >> 63); }
static int place_of(Value v) { return (int)(v % PLACES); }
static int is_own(Value v) { return place_of(v) < LARGEST; }
static Value pixel(uint8_t selector) { return PIXELS + (Value)selector; }

// What an operation gives with a known operand, for every other operand: a constant, the other
// operand itself, or neither. Found by trying, not by algebra. with_itself[0] is for operands that
// differ, so that no branch has to tell them apart: processors do not foresee it.
enum { NEITHER = 256, ITSELF = 257 };
static uint16_t with_itself[2][OPERATION_COUNT];
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
    with_itself[0][op] = NEITHER;
    with_itself[1][op] = summarize(&table[op][0][0], 257);
  }
  learned = 1;
}

// ---- The engine -------------------------------------------------------------------------------

// What an element computes, if it has a value of its own.
typedef struct { Value left, right, operation; } Expression;

// Where the blocks of a value are: `plane`, and every `stride` bytes further.
typedef struct { uint8_t *plane; size_t stride; } Source;

// What is at a place: its value; how an element computes one of its own; the value whose blocks are
// kept, or NO_VALUE as long as nothing has needed one, and where they are; the last child whose
// output depended on it. A line of a cache.
typedef struct {
  Value value;
  Expression expression;
  Value computed;
  Source source;
  Value wanted;
} __attribute__((aligned(64))) Element;

// One element's work on the blocks of a child.
typedef struct { Kernel *kernel; Source left, right, out; int position; } Step;

// Of a row, a bit for each column, the highest for the first: the elements that read north, those
// that read west, and those that are to be named anew as soon as they are needed.
typedef struct { uint64_t reads_north, reads_west, pending; } Row;

// Of a gene: its row; there the bit of its element, or none if it is a selector; the bit of the
// element that is to be named anew when it changes.
typedef struct { int row; uint64_t element, pending; } Site;

typedef struct {
  int rows, cols, elements, genes, code_count;
  const Function *functions;
  uint64_t reads_north[LARGEST_SIDE], reads_west[LARGEST_SIDE];  // of a code: all bits, or none
  Site sites[LARGEST + 2 * LARGEST_SIDE + 1];

  int squared;               // whether the fitness, here called SAE, is of squared errors
  int pixels, blocks, kept;  // the blocks, and those of which planes are kept
  const uint8_t *image;      // what is given, pixel by pixel
  int *order, *spare_order;  // of the pixels in the blocks
  uint8_t *filtered;         // the parent's output in that order, for sorting
  Pixels *given;      // for each block its windows, 9, and its references, 1
  uint8_t *planes;    // for each element two: a parent's and its child's, in any order
  Pixels *constants;  // 256
  Pixels *buffers;    // what a child needs at once where no planes are kept

  // The parent; while a child is evaluated, the child, and `parent` has the elements as they were.
  uint8_t genome[LARGEST + 2 * LARGEST_SIDE + 1];
  Row row[LARGEST_SIDE];
  Element element[USED_PLACES], parent[LARGEST];

  // The parent's SAE; the SAE and `stored` when the pixels were sorted; the planes that hold none of
  // its values, a stack.
  int64_t sae, sorted_sae, sorted_at, luts;
  uint8_t *spare[2 * LARGEST];
  int spare_count;

  // The child: its number; the rows of its parent; which elements it changed; what may have to be
  // computed for it, and what of that its output depends on.
  Value born;
  Row row_before[LARGEST_SIDE];
  uint16_t changed[LARGEST];
  Step steps[LARGEST], *needed[LARGEST];
  int changed_count, step_count;

  // Where no planes are kept: each element's step, and who is the last to read it; 0 if nobody is.
  Step whole[LARGEST];
  int last_user[LARGEST];

  // How often LUTs were counted so far, and in which count an element was counted last.
  uint64_t counts, counted[LARGEST];

  int64_t stored;  // blocks computed so far
} Engine;

// From a plane to the next. The blocks of a plane follow each other, so that a processor fetches
// them ahead; their number is odd, so that those of several planes do not fall on the same lines of
// a cache.
static size_t plane_size(const Engine *e) { return ((size_t)e->kept | 1) * BLOCK; }

static uint64_t bit_of(int col) { return 1ull << 63 >> col; }

static Value north_of(const Engine *e, int row, int col) {
  return row ? e->element[(row - 1) * e->cols + col].value : pixel(e->genome[e->elements + col]);
}

static Value west_of(const Engine *e, int row, int col) {
  return col ? e->element[row * e->cols + col - 1].value
             : pixel(e->genome[e->elements + e->cols + row]);
}

static Value output_of(const Engine *e) {
  return e->element[e->genome[e->genes - 1] * e->cols + e->cols - 1].value;
}

// Names the value of an element, simplified; describes it in *expression if it is its own.
static Value name(const Engine *e, int position, Value north, Value west, Expression *expression) {
  const Function f = e->functions[e->genome[position]];
  const int op = f.operation;
  const Value operands[] = {[N] = north, [W] = west};
  const Value left = operands[f.left], right = operands[f.right];
  if (op <= ONES) return op == WIRE ? left : CONSTANTS + 255;

  unsigned known = with_itself[left == right][op];
  Value other = left;
  if (is_constant(left | right)) {
    known = with_right[op][(uint8_t)right];
    if (is_constant(left)) {
      known = is_constant(right) ? table[op][(uint8_t)left][(uint8_t)right]
                                 : with_left[op][(uint8_t)left];
      other = right;
    }
  }
  if (known != NEITHER) return known == ITSELF ? other : CONSTANTS + known;

  // Operands of which the order does not matter are put into one, again without a branch.
  const Value swap = (left ^ right) & -(Value)(commutes[op] & (left > right));
  *expression = (Expression){left ^ swap, right ^ swap, (Value)op};
  const Element *old = &e->element[position];
  const Value difference = (old->expression.left ^ expression->left) |
                           (old->expression.right ^ expression->right) |
                           (old->expression.operation ^ expression->operation);
  const Value own = e->born + (Value)position;
  return difference | ((old->value ^ own) % PLACES) ? own : old->value;
}

// Finds from which elements a way leads to the output: a bit for each column of the rows down to
// the output row, which is returned. To the west it goes on as long as elements read west, like the
// carry of a sum.
static int find_needed(const Engine *e, uint64_t *needed) {
  const int last = e->genome[e->genes - 1];
  uint64_t found = bit_of(e->cols - 1);
  for (int row = last; row >= 0; --row) {
    const uint64_t passing = e->row[row].reads_west;
    found |= (passing + (found & passing)) ^ passing;
    needed[row] = found;
    found &= e->row[row].reads_north;
  }
  return last;
}

static int has_plane(const Engine *e, Value value) {
  return e->element[place_of(value)].computed == value;
}

// Plans the computation of an element's own value, for which its operands must have planes.
static void plan(Engine *e, int position) {
  Element *element = &e->element[position];
  const Expression *x = &element->expression;
  Step *step = &e->steps[e->step_count++];
  uint8_t *out = e->spare[e->spare_count - e->step_count];
  *step = (Step){kernels[x->operation], e->element[place_of(x->left)].source,
                 e->element[place_of(x->right)].source, (Source){out, BLOCK}, position};
  element->computed = element->value;
  element->source = step->out;
}

// Plans the computation of a value of the parent that nothing has needed yet, after its operands.
static void plan_missing(Engine *e, Value value) {
  if (has_plane(e, value)) return;
  const int position = place_of(value);
  plan_missing(e, e->element[position].expression.left);
  plan_missing(e, e->element[position].expression.right);
  e->changed[e->changed_count++] = (uint16_t)position;
  plan(e, position);
}

// Names the pending elements that are needed, and those that follow from them, in raster order, and
// plans their computation. The others stay pending.
static void name_pending(Engine *e) {
  uint64_t needed[LARGEST_SIDE];
  const int last = find_needed(e, needed);
  uint64_t from_north = 0;
  for (int row = 0; row <= last; ++row) {
    const Row *now = &e->row[row];
    uint64_t pending = now->pending | (from_north & now->reads_north);
    from_north = 0;
    for (uint64_t todo; (todo = pending & needed[row]);) {
      const int col = __builtin_clzll(todo), position = row * e->cols + col;
      const uint64_t bit = bit_of(col);
      pending &= ~bit;
      Element *element = &e->element[position];
      Expression expression;
      const Value value =
          name(e, position, north_of(e, row, col), west_of(e, row, col), &expression);
      if (value == element->value) continue;
      e->changed[e->changed_count++] = (uint16_t)position;
      element->value = value;
      if (place_of(value) == position) {
        element->expression = expression;
        if (!has_plane(e, expression.left)) plan_missing(e, expression.left);
        if (!has_plane(e, expression.right)) plan_missing(e, expression.right);
        plan(e, position);
      }
      from_north |= bit;
      pending |= bit >> 1 & now->reads_west;
    }
    e->row[row].pending = pending;
  }
  if (last + 1 < e->rows) e->row[last + 1].pending |= from_north & e->row[last + 1].reads_north;
}

static int64_t count_luts(Engine *e, Value value, const int32_t *costs) {
  if (!is_own(value)) return 0;
  const int position = place_of(value);
  if (e->counted[position] == e->counts) return 0;
  e->counted[position] = e->counts;
  const Expression *x = &e->element[position].expression;
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

static unsigned squared_errors(const uint8_t *restrict pixels, const uint8_t *restrict reference,
                               int count) {
  unsigned sum = 0;  // of a block: 2^26 at most
  for (int i = 0; i < count; ++i) {
    const int error = pixels[i] - reference[i];
    sum += (unsigned)(error * error);
  }
  return sum;
}

// Finds the steps that the output depends on: not all, where values fold to a constant. They become
// the last ones in e->needed; the first of them is returned.
static Step **find_steps(Engine *e) {
  e->element[place_of(output_of(e))].wanted = e->born;
  Step **first = e->needed + LARGEST;
  for (int i = e->step_count; i-- > 0;) {
    const Element *element = &e->element[e->steps[i].position];
    if (element->wanted != e->born) continue;
    e->element[place_of(element->expression.left)].wanted = e->born;
    e->element[place_of(element->expression.right)].wanted = e->born;
    *--first = &e->steps[i];
  }
  return first;
}

static const uint8_t *reference_of(const Engine *e, int block) {
  return e->given[(size_t)block * GIVEN + WINDOW];
}

static void take_step(const Step *s, int block) {
  s->kernel(s->out.plane + block * s->out.stride, s->left.plane + block * s->left.stride,
            s->right.plane + block * s->right.stride);
}

// Takes the steps in a block.
static void compute(Engine *e, Step **first, Step **end, int block) {
  for (Step **step = first; step < end; ++step) take_step(*step, block);
  e->stored += end - first;
}

// The same, and has what is given of the next block fetched into the second cache, a few lines with
// each step: all at once would be more than a processor waits for beside its work. Behind the last
// block are planes, which do no harm.
static void compute_and_fetch(Engine *e, Step **first, Step **end, int block) {
  const uint8_t *line = e->given[(size_t)(block + 1) * GIVEN];
  const int64_t steps = end - first, lines = sizeof(Pixels[GIVEN]) / LINE;
  int64_t due = 0;
  for (Step **step = first; step < end; ++step) {
    take_step(*step, block);
    for (due += lines; due >= steps; due -= steps, line += LINE) __builtin_prefetch(line, 0, 2);
  }
  e->stored += steps;
}

// The sum of the output's absolute or squared errors in a block.
static unsigned errors_in(const Engine *e, Source output, int block) {
  const int left = e->pixels - block * BLOCK;
  const uint8_t *pixels = output.plane + block * output.stride;
  const uint8_t *reference = reference_of(e, block);
  if (e->squared) return squared_errors(pixels, reference, left < BLOCK ? left : BLOCK);
  return left >= BLOCK ? absolute_errors(pixels, reference, BLOCK)
                       : absolute_errors(pixels, reference, left);
}

// The SAE of the child in the blocks of which planes are kept, which are computed, or in the first
// of them if that is above the limit.
static int64_t measure_kept(Engine *e, int64_t limit) {
  plan_missing(e, output_of(e));
  const Source output = e->element[place_of(output_of(e))].source;
  Step **const first = find_steps(e);
  int64_t sae = 0;
  for (int block = 0; block < e->kept && sae <= limit; ++block) {
    compute(e, first, e->needed + LARGEST, block);
    sae += errors_in(e, output, block);
  }
  return sae;
}

static void note_user(Engine *e, Value value, int user) {
  if (is_own(value) && !e->last_user[place_of(value)]) e->last_user[place_of(value)] = user;
}

static Source whole_source(const Engine *e, Value value) {
  return is_own(value) ? e->whole[place_of(value)].out : e->element[place_of(value)].source;
}

// Plans the computation of the whole child in raster order. A buffer is free again after the last
// step that reads it. The steps become the first ones in e->needed; returned is behind the last.
static Step **plan_whole(Engine *e) {
  Step **end = e->needed;
  if (!is_own(output_of(e))) return end;
  const int last = place_of(output_of(e));
  memset(e->last_user, 0, sizeof *e->last_user * (size_t)(last + 1));
  e->last_user[last] = LARGEST;
  for (int position = last; position >= 0; --position) {
    if (!e->last_user[position]) continue;
    note_user(e, e->element[position].expression.left, position);
    note_user(e, e->element[position].expression.right, position);
  }
  uint8_t *unused[LARGEST_SIDE + SPARE_BUFFERS];
  int count = 0;
  while (count < e->cols + SPARE_BUFFERS) unused[count] = e->buffers[count], ++count;
  for (int position = 0; position <= last; ++position) {
    if (!e->last_user[position]) continue;
    const Expression *x = &e->element[position].expression;
    Step *step = &e->whole[position];
    *step = (Step){kernels[x->operation], whole_source(e, x->left), whole_source(e, x->right),
                   (Source){unused[--count], 0}, position};
    const int left = is_own(x->left) ? place_of(x->left) : position;
    const int right = is_own(x->right) ? place_of(x->right) : position;
    if (e->last_user[left] == position) unused[count++] = e->whole[left].out.plane;
    if (e->last_user[right] == position && right != left)
      unused[count++] = e->whole[right].out.plane;
    *end++ = step;
  }
  return end;
}

// Adds to an SAE that of the child in the blocks of which no planes are kept, or in the first of them
// if it gets above the limit.
static int64_t add_rest(Engine *e, int64_t sae, int64_t limit) {
  if (e->kept == e->blocks || sae > limit) return sae;
  Step **const end = plan_whole(e);
  const Source output = whole_source(e, output_of(e));
  for (int block = e->kept; block < e->blocks && sae <= limit; ++block) {
    compute_and_fetch(e, e->needed, end, block);
    sae += errors_in(e, output, block);
  }
  return sae;
}

// Returns the SAE of the child, or of its first blocks if that is above the limit.
static int64_t measure(Engine *e, int64_t limit) {
  return add_rest(e, measure_kept(e, limit), limit);
}

static void expect_child(Engine *e) {
  e->born += PLACES;
  e->changed_count = e->step_count = 0;
}

static void forget_plane(Engine *e, Element *element) {
  if (element->computed != NO_VALUE) e->spare[e->spare_count++] = element->source.plane;
  element->computed = NO_VALUE;
}

static void keep_child(Engine *e) {
  e->spare_count -= e->step_count;
  for (const Step *s = e->steps; s < e->steps + e->step_count; ++s)
    if (e->element[s->position].wanted != e->born) forget_plane(e, &e->element[s->position]);
  for (int i = 0; i < e->changed_count; ++i) {
    Element *now = &e->element[e->changed[i]], *before = &e->parent[e->changed[i]];
    if (now->computed == before->computed) now->computed = NO_VALUE;  // it passes a value on now
    forget_plane(e, before);
    *before = *now;
  }
  memcpy(e->row_before, e->row, (size_t)e->rows * sizeof *e->row);
  expect_child(e);
}

static void drop_child(Engine *e) {
  for (int i = 0; i < e->changed_count; ++i) e->element[e->changed[i]] = e->parent[e->changed[i]];
  memcpy(e->row, e->row_before, (size_t)e->rows * sizeof *e->row);
  expect_child(e);
}

static void set_gene(Engine *e, int gene, uint8_t code) {
  e->genome[gene] = code;
  const Site *site = &e->sites[gene];
  Row *row = &e->row[site->row];
  row->reads_north = (row->reads_north & ~site->element) | (e->reads_north[code] & site->element);
  row->reads_west = (row->reads_west & ~site->element) | (e->reads_west[code] & site->element);
  row->pending |= site->pending;
}

static void fill_blocks(Engine *e) {
  for (int i = 0; i < e->pixels; ++i) {
    const uint8_t *pixel = e->image + (size_t)e->order[i] * GIVEN;
    for (int g = 0; g < GIVEN; ++g) e->given[i / BLOCK * GIVEN + g][i % BLOCK] = pixel[g];
  }
}

// Computes the parent's output pixels, in the order of the blocks.
static void filter(Engine *e, uint8_t *filtered) {
  const Source kept = e->element[place_of(output_of(e))].source;
  for (int block = 0; block < e->kept; ++block)
    memcpy(filtered + (size_t)block * BLOCK, kept.plane + block * kept.stride, BLOCK);
  if (e->kept == e->blocks) return;
  Step **const end = plan_whole(e);
  const Source rest = whole_source(e, output_of(e));
  for (int block = e->kept; block < e->blocks; ++block) {
    compute(e, e->needed, end, block);
    memcpy(filtered + (size_t)block * BLOCK, rest.plane + block * rest.stride, BLOCK);
  }
}

// Puts the pixels in which the parent errs most first, and computes its planes in that order.
static void sort_pixels(Engine *e) {
  filter(e, e->filtered);
  int start[257] = {0};
  for (int i = 0; i < e->pixels; ++i) {
    const int error = abs(e->filtered[i] - reference_of(e, i / BLOCK)[i % BLOCK]);
    e->filtered[i] = (uint8_t)(255 - error);
    ++start[e->filtered[i] + 1];
  }
  for (int i = 0; i < 256; ++i) start[i + 1] += start[i];
  for (int i = 0; i < e->pixels; ++i) e->spare_order[start[e->filtered[i]]++] = e->order[i];
  int *order = e->order;
  e->order = e->spare_order;
  e->spare_order = order;
  fill_blocks(e);
  for (int i = 0; i < e->elements; ++i) {
    forget_plane(e, &e->element[i]);
    e->parent[i].computed = NO_VALUE;
  }
  e->sorted_sae = e->sae;
  e->sorted_at = e->stored;
  measure_kept(e, INT64_MAX);
  keep_child(e);
}

// Whether sorting may save more than it costs, in each block some 400 steps and all elements' planes
// anew. Tribes share an order: what one errs in, others do.
static int is_out_of_order(const Engine *e) {
  const int64_t cost = (int64_t)(400 + e->elements) * e->blocks;
  return e->stored - e->sorted_at >= SORT_INTERVAL * cost &&
         llabs(e->sae - e->sorted_sae) > e->sorted_sae / 32;
}

// Makes a circuit the parent. Its SAE is left to the caller, who may know it.
static void load(Engine *e, const uint8_t *genes) {
  for (int gene = 0; gene < e->genes; ++gene)
    if (e->genome[gene] != genes[gene]) set_gene(e, gene, genes[gene]);
  name_pending(e);
  measure_kept(e, INT64_MAX);
  keep_child(e);
}

// ---- Evolution --------------------------------------------------------------------------------

// As Tribe in evolve/filter/tribe.py, with its generator. `genes` and `best` are read and written.
typedef struct {
  uint8_t *genes, *best;
  uint64_t state, increment;
  int64_t sae, luts, best_sae, best_luts, weight, evaluations, accepted, owed;
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

// As in tribe.py. Squared errors of large photos, and weights below them, go beyond 64 bits.
typedef __int128 Score;

#define UNIT ((Score)1 << 20)

static Score score(int64_t sae, int64_t luts, int64_t weight) {
  return (sae + (Score)weight * luts) * UNIT + luts;
}

static Score worst_accepted(const Engine *e, Tribe *tribe, const Rule *rule) {
  Score limit = score(e->sae, e->luts, tribe->weight) - !rule->accept_equal;
  if (rule->temperature) {
    const Score part = (Score)e->sae * rule->temperature * exponential(tribe);
    limit += part / MEAN_PER_MILLION * UNIT;
  }
  return limit;
}

// The highest SAE with which the score of a child of so many LUTs is within the limit; -1 if none is.
static int64_t highest_sae(Score limit, int64_t luts, int64_t weight) {
  const Score left = limit - score(0, luts, weight);
  if (left < 0) return -1;
  return left / UNIT < INT64_MAX ? (int64_t)(left / UNIT) : INT64_MAX;
}

// SAE and LUTs of the child. If its score is above the limit, so is that of what is returned.
typedef struct { int64_t sae, luts; } Worth;

static Worth judge(Engine *e, Score limit, int64_t weight, const int32_t *costs) {
  Worth child = {0, 0};
  if (costs && weight) child.luts = luts_of(e, costs);
  const int64_t highest = highest_sae(limit, child.luts, weight);
  child.sae = measure(e, highest);
  if (costs && !weight && child.sae <= highest) child.luts = luts_of(e, costs);
  return child;
}

// Lets the tribe have the children that it owes, or as many of them as `work` steps suffice for, but
// one brood at least. tribe->owed is a multiple of rule->children.
void engine_advance(Engine *e, Tribe *tribe, int64_t work, const Rule *rule) {
  load(e, tribe->genes);
  e->sae = tribe->sae;
  e->luts = rule->costs ? luts_of(e, rule->costs) : 0;
  const int64_t end = e->stored + work;
  for (int64_t had = 0; tribe->owed && (!had || e->stored + CHILD * had < end);) {
    if (is_out_of_order(e)) sort_pixels(e);
    const Value parent_output = output_of(e);
    const Score limit = worst_accepted(e, tribe, rule);
    const Worth parent = {e->sae, e->luts};
    Redraw child, best;
    Worth best_worth = parent;
    Score best_score = limit + 1;
    int kept = 0;
    for (int i = 1; i <= rule->children; ++i) {
      draw(&child, tribe, rule);
      apply(e, &child);
      const Worth worth = output_of(e) == parent_output
                              ? parent
                              : judge(e, best_score - 1, tribe->weight, rule->costs);
      const Score child_score = score(worth.sae, worth.luts, tribe->weight);
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
      if (best_score < score(tribe->best_sae, tribe->best_luts, tribe->weight)) {
        memcpy(tribe->best, e->genome, (size_t)e->genes);
        tribe->best_sae = e->sae;
        tribe->best_luts = e->luts;
      }
    }
    had += rule->children;
    tribe->owed -= rule->children;
    tribe->evaluations += rule->children;
  }
  tribe->sae = e->sae;
  tribe->luts = e->luts;
  memcpy(tribe->genes, e->genome, (size_t)e->genes);
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
  filter(e, e->filtered);
  for (int i = 0; i < e->pixels; ++i) pixels[e->order[i]] = e->filtered[i];
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
  e->given = take(arena, &used, blocks * sizeof(Pixels[GIVEN]));
  e->planes = take(arena, &used, 2 * (size_t)e->elements * plane_size(e));
  e->constants = take(arena, &used, 256 * sizeof(Pixels));
  e->buffers = take(arena, &used, (size_t)(e->cols + SPARE_BUFFERS) * sizeof(Pixels));
  e->filtered = take(arena, &used, blocks * sizeof(Pixels));
  e->order = take(arena, &used, pixels * sizeof *e->order);
  e->spare_order = take(arena, &used, pixels * sizeof *e->order);
  return used;
}

// image: what is given, 10 bytes for each pixel; it must live as long as the engine. squared: whether
// errors are squared before they are added. NULL if memory does not suffice.
Engine *engine_new(int rows, int cols, int function_set, int pixels, const uint8_t *image,
                   int squared) {
  learn_operations();
  Engine sketch = {.rows = rows, .cols = cols, .elements = rows * cols, .pixels = pixels};
  sketch.blocks = (pixels + BLOCK - 1) / BLOCK;
  sketch.kept = sketch.blocks < KEPT ? sketch.blocks : KEPT;
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
  e->squared = squared;
  e->pixels = pixels;
  e->blocks = sketch.blocks;
  e->kept = sketch.kept;
  lay_out(e, (uint8_t *)e);
  memset(e->given, 0, (size_t)e->blocks * sizeof(Pixels[GIVEN]));
  e->image = image;
  for (int i = 0; i < pixels; ++i) e->order[i] = i;
  fill_blocks(e);
  e->born = PLACES;
  for (int i = 0; i < e->elements; ++i)
    e->parent[i] = e->element[i] = (Element){.value = NO_VALUE, .computed = NO_VALUE};
  for (Value pixel = PIXELS; pixel < PIXELS + WINDOW; ++pixel)
    e->element[pixel] = (Element){
        .value = pixel, .computed = pixel, .source = {e->given[pixel - PIXELS], sizeof(Pixels[GIVEN])}};
  for (int i = 0; i < 256; ++i) {
    const Value value = CONSTANTS + (Value)i;
    memset(e->constants[i], i, BLOCK);
    e->element[place_of(value)] =
        (Element){.value = value, .computed = value, .source = {e->constants[i], 0}};
  }
  for (int i = 2 * e->elements; i-- > 0;)
    e->spare[e->spare_count++] = e->planes + (size_t)i * plane_size(e);
  for (int code = 0; code < e->code_count; ++code) {
    const Function f = e->functions[code];
    if (f.operation == ONES) continue;
    e->reads_north[code] = f.left == N || f.right == N ? UINT64_MAX : 0;
    e->reads_west[code] = f.left == W || f.right == W ? UINT64_MAX : 0;
  }
  for (int i = 0; i < e->elements; ++i)
    e->sites[i] = (Site){i / cols, bit_of(i % cols), bit_of(i % cols)};
  for (int col = 0; col < cols; ++col) e->sites[e->elements + col].pending = bit_of(col);
  for (int row = 0; row < rows; ++row)
    e->sites[e->elements + cols + row] = (Site){row, 0, bit_of(0)};
  for (int gene = 0; gene < e->genes; ++gene) set_gene(e, gene, 0);
  load(e, e->genome);  // all genes 0: something to have children of
  e->sorted_sae = INT64_MIN / 2;
  e->sorted_at = INT64_MIN / 2;  // the first parent's order is due at once
  return e;
}

void engine_free(Engine *e) { free(e); }
