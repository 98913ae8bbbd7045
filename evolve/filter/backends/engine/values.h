// SPDX-License-Identifier: Apache-2.0
//
// Names of values, and what of a child is to be computed.

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
  int rows, cols, elements, genes;
  Function functions[MOST_CODES];
  // Of a code: all bits, or none. They are looked up, in vain, for every gene's value.
  uint64_t reads_north[LARGEST_SIDE], reads_west[LARGEST_SIDE];
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
  if (op <= op_ones) return op == op_wire ? left : CONSTANTS + 255;

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

static void set_gene(Engine *e, int gene, uint8_t code) {
  e->genome[gene] = code;
  const Site *site = &e->sites[gene];
  Row *row = &e->row[site->row];
  row->reads_north = (row->reads_north & ~site->element) | (e->reads_north[code] & site->element);
  row->reads_west = (row->reads_west & ~site->element) | (e->reads_west[code] & site->element);
  row->pending |= site->pending;
}
