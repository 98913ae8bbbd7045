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
  MOST_CODES = 32,       // of a function set
  WINDOW = 9,
  GIVEN = WINDOW + 1,  // of a pixel: its window, then its reference
  HIGHEST_RATE = 64,
  SPARE_BUFFERS = 3,  // besides one for each column: what comes from the west, and what is made of it
  HUGE_PAGE = 1 << 21,
  LINE = 64,  // bytes of a cache
  CHILD = 32,  // steps that it takes to draw and name a child
};

typedef uint8_t Pixels[BLOCK] __attribute__((aligned(64)));

// Each needs those before it.
#include "operations.h"
#include "values.h"
#include "blocks.h"
#include "loop.h"

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

// functions: the function set, by gene codes. image: what is given, 10 bytes for each pixel; it must
// live as long as the engine. squared: whether errors are squared before they are added. NULL if
// memory does not suffice.
Engine *engine_new(int rows, int cols, const Function *functions, int codes, int pixels,
                   const uint8_t *image, int squared) {
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
  memcpy(e->functions, functions, (size_t)codes * sizeof *functions);
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
  for (int code = 0; code < codes; ++code) {
    const Function f = functions[code];
    if (f.operation == op_ones) continue;
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
