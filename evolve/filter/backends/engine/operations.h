// SPDX-License-Identifier: Apache-2.0
//
// What a processing element can compute: an operation of two bytes for the pixels of a block.
//
// OPERATIONS(X) is X(name, expression) for each operation, of bytes a and b; wire and ones first. It
// comes from the compiler's command line, for it is written once: in model/filter/functions.py.

#ifndef OPERATIONS
#error "compile this as evolve/filter/backends/fast.py does"
#endif

#define NAME(name, expression) op_##name,
enum { OPERATIONS(NAME) OPERATION_COUNT };

#define KERNEL(name, expression)                                                            \
  static void compute_##name(uint8_t *restrict out, const uint8_t *restrict left,           \
                             const uint8_t *restrict right) {                               \
    for (int i = 0; i < BLOCK; ++i) {                                                       \
      const uint8_t a = left[i], b = right[i];                                              \
      (void)b, (void)a;                                                                     \
      out[i] = (uint8_t)(expression);                                                       \
    }                                                                                       \
  }
OPERATIONS(KERNEL)

typedef void Kernel(uint8_t *restrict, const uint8_t *restrict, const uint8_t *restrict);
#define ENTRY(name, expression) compute_##name,
static Kernel *const kernels[] = {OPERATIONS(ENTRY)};

// A gene code: an operation and its two operands, N (0) or W (1). An operation of one operand has
// it twice, so that equal values have equal names.
typedef struct { uint8_t operation, left, right; } Function;

enum { N, W };

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
