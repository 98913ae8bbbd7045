/* SPDX-License-Identifier: Apache-2.0
 *
 * Children of one parent network, each evaluated by what differs from it.
 *
 * The sums and outputs of every unit of the parent are kept for all images. A child changes few
 * weights: units without a changed weight or input keep their rows, others add the differences.
 * The arithmetic is that of model/neuro/forward.py, the cost that of `cost` in fitness.py; what a
 * sum is made of is bounded by the form (evolve/neuro/weights.py), so 32 bits hold all of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64, BIT = 1024, MOST_BITS = 20 };

typedef struct {
  int32_t units, inputs; /* the constant input that stands for the bias is one of these */
  int8_t *weights;       /* units x inputs */
  int32_t *sums[2];      /* units x images: the parent's, and the child's where it moved */
  int16_t *outputs[2];   /* the same, after the activation */
  uint8_t *moved;        /* whether a unit of the child differs from the parent's */
} Layer;

typedef struct {
  int32_t layers, images, shift, low, scale;
  const int8_t *table; /* (256,) or NULL */
  int16_t *pixels;     /* inputs x images, the constant one last */
  uint8_t *labels;
  Layer *layer;
  void *memory;
} Engine;

/* Cut a part off the memory that increments_new has taken; the next one is aligned for all types. */
static void *part(char **memory, size_t size) {
  void *start = *memory;
  *memory += (size + 63) / 64 * 64;
  return start;
}

/* Lay the engine out from this address, and return how much memory it takes. */
static size_t lay_out(Engine *engine, Layer *layer, const int32_t *units, char *memory) {
  char *start = memory;
  const size_t images = engine->images;
  engine->pixels = part(&memory, (units[0] + 1) * images * sizeof *engine->pixels);
  engine->labels = part(&memory, images);
  for (int l = 0; l < engine->layers; l++, layer++) {
    const size_t cells = (units[l + 1] + 1) * images; /* of units and the constant input */
    layer->units = units[l + 1];
    layer->inputs = units[l] + 1;
    layer->weights = part(&memory, (size_t)layer->units * layer->inputs);
    layer->moved = part(&memory, layer->units);
    for (int i = 0; i < 2; i++) {
      layer->sums[i] = part(&memory, cells * sizeof **layer->sums);
      layer->outputs[i] = part(&memory, cells * sizeof **layer->outputs);
    }
  }
  return memory - start;
}

void increments_free(Engine *engine) {
  free(engine->layer);
  free(engine->memory);
  free(engine);
}

/* units: of the input, then of each layer. All weights are 0. Returns NULL without memory. */
Engine *increments_new(int32_t layers, const int32_t *units, int32_t images, const int8_t *pixels,
                       const uint8_t *labels, int32_t shift, int32_t low, int32_t scale,
                       const int8_t *table) {
  Engine *engine = calloc(1, sizeof *engine);
  if (!engine) return NULL;
  *engine = (Engine){layers, images, shift, low, scale, table, 0, 0, 0, 0};
  engine->layer = calloc(layers, sizeof *engine->layer);
  if (engine->layer) engine->memory = calloc(lay_out(engine, engine->layer, units, NULL), 1);
  if (!engine->memory) {
    increments_free(engine);
    return NULL;
  }
  lay_out(engine, engine->layer, units, engine->memory);
  memcpy(engine->labels, labels, images);
  for (int64_t i = 0; i < (int64_t)units[0] * images; i++) engine->pixels[i] = pixels[i];
  for (int32_t j = 0; j < images; j++) engine->pixels[(int64_t)units[0] * images + j] = 127;
  for (int l = 0; l < layers; l++) {
    Layer *layer = &engine->layer[l];
    for (int i = 0; i < 2; i++)
      for (int64_t cell = 0; cell < (int64_t)(layer->units + 1) * images; cell++)
        layer->outputs[i][cell] =
            cell >= (int64_t)layer->units * images ? 127 : table ? table[0] : 0;
  }
  return engine;
}

/* Round half to even, saturate, look up: model/neuro/arithmetic.py. */
static void activate(const Engine *engine, const int32_t *sums, int16_t *outputs) {
  const int32_t shift = engine->shift, low = engine->low;
  const int32_t half = shift ? (1 << (shift - 1)) - 1 : 0, odd = shift ? 1 : 0;
  for (int32_t j = 0; j < engine->images; j++) {
    int32_t value = (sums[j] + half + (sums[j] >> shift & odd)) >> shift;
    value = value < low ? low : value;
    outputs[j] = (int16_t)(value > 127 ? 127 : value);
  }
  if (engine->table)
    for (int32_t j = 0; j < engine->images; j++) outputs[j] = engine->table[(uint8_t)outputs[j]];
}

static void add(int32_t *sums, const int16_t *values, int32_t factor, int32_t images) {
  for (int32_t j = 0; j < images; j++) sums[j] += factor * values[j];
}

/* Compute the child that has these genes changed: rows of units that move, in the second arrays.
 * Positions ascend. */
static void change(Engine *engine, int32_t count, const int64_t *positions, const int8_t *values) {
  const int32_t images = engine->images;
  int64_t first = 0; /* gene of the unit */
  int32_t c = 0;
  for (int l = 0; l < engine->layers; l++) {
    Layer *layer = &engine->layer[l], *before = l ? layer - 1 : NULL;
    const int16_t *inputs = before ? before->outputs[0] : engine->pixels;
    for (int32_t u = 0; u < layer->units; u++, first += layer->inputs) {
      const int8_t *weights = layer->weights + (int64_t)u * layer->inputs;
      int32_t *sums = layer->sums[1] + (int64_t)u * images;
      layer->moved[u] = 0;
      for (int32_t i = 0; before && i < before->units; i++) {
        if (!before->moved[i] || !weights[i]) continue;
        if (!layer->moved[u]) memcpy(sums, layer->sums[0] + (int64_t)u * images, images * 4);
        layer->moved[u] = 1;
        add(sums, before->outputs[1] + (int64_t)i * images, weights[i], images);
        add(sums, inputs + (int64_t)i * images, -weights[i], images);
      }
      for (; c < count && positions[c] < first + layer->inputs; c++) {
        int64_t i = positions[c] - first;
        if (!layer->moved[u]) memcpy(sums, layer->sums[0] + (int64_t)u * images, images * 4);
        layer->moved[u] = 1;
        int32_t newer = before && i < before->units && before->moved[i];
        add(sums, (newer ? before->outputs[1] : inputs) + i * images, values[c] - weights[i], images);
      }
      if (layer->moved[u] && l < engine->layers - 1)
        activate(engine, sums, layer->outputs[1] + (int64_t)u * images);
    }
  }
}

static void measure(const Engine *engine, int64_t *right, int64_t *bits) {
  const Layer *last = &engine->layer[engine->layers - 1];
  const int32_t fine = engine->scale - 10;
  *right = *bits = 0;
  for (int32_t first = 0; first < engine->images; first += BLOCK) {
    const int32_t count = engine->images - first < BLOCK ? engine->images - first : BLOCK;
    int32_t largest[BLOCK], class[BLOCK], total[BLOCK] = {0};
    uint32_t own[BLOCK] = {0};
    for (int32_t k = 0; k < last->units; k++) {
      const int32_t *sums = last->sums[last->moved[k]] + (int64_t)k * engine->images + first;
      for (int32_t j = 0; j < count; j++) {
        const int32_t more = !k || sums[j] > largest[j];
        largest[j] = more ? sums[j] : largest[j];
        class[j] = more ? k : class[j];
      }
    }
    for (int32_t k = 0; k < last->units; k++) {
      const int32_t *sums = last->sums[last->moved[k]] + (int64_t)k * engine->images + first;
      for (int32_t j = 0; j < count; j++) {
        uint32_t behind = (uint32_t)(largest[j] - sums[j]) >> fine;
        behind = behind > MOST_BITS * BIT ? MOST_BITS * BIT : behind;
        total[j] += (int32_t)((2 * BIT - behind % BIT) << 9) >> behind / BIT;
        own[j] = engine->labels[first + j] == k ? behind : own[j];
      }
    }
    for (int32_t j = 0; j < count; j++) {
      const int32_t exponent = 31 - __builtin_clz((uint32_t)total[j]);
      *bits += own[j] + (exponent - 20) * BIT + (total[j] >> (exponent - 10)) % BIT;
      *right += class[j] == engine->labels[first + j];
    }
  }
}

/* Child i has changes[starts[i]] to changes[starts[i + 1] - 1]. */
void increments_measure(Engine *engine, int32_t children, const int64_t *starts,
                        const int64_t *positions, const int8_t *values, int64_t *right,
                        int64_t *bits) {
  for (int32_t i = 0; i < children; i++) {
    const int64_t from = starts[i];
    change(engine, (int32_t)(starts[i + 1] - from), positions + from, values + from);
    measure(engine, right + i, bits + i);
  }
}

/* Make the child with these changes the parent. */
void increments_move(Engine *engine, int32_t count, const int64_t *positions,
                     const int8_t *values) {
  change(engine, count, positions, values);
  int64_t first = 0;
  for (int l = 0; l < engine->layers; l++) {
    Layer *layer = &engine->layer[l];
    const int64_t genes = (int64_t)layer->units * layer->inputs;
    for (int32_t c = 0; c < count; c++)
      if (positions[c] >= first && positions[c] < first + genes)
        layer->weights[positions[c] - first] = values[c];
    first += genes;
    for (int32_t u = 0; u < layer->units; u++)
      if (layer->moved[u]) {
        const int64_t row = (int64_t)u * engine->images;
        memcpy(layer->sums[0] + row, layer->sums[1] + row, (size_t)engine->images * 4);
        memcpy(layer->outputs[0] + row, layer->outputs[1] + row, (size_t)engine->images * 2);
        layer->moved[u] = 0;
      }
  }
}
