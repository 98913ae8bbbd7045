// SPDX-License-Identifier: Apache-2.0
//
// A small evolution by the engine alone, for processors on which there is no Python: it prints, 64
// times, how far it has come. tests/test_levels.py runs it here and under an emulator; it says on the
// compiler's command line which FUNCTIONS there are.

#include "engine.c"

#include <inttypes.h>
#include <stdio.h>

enum { SIDE = 6, CODES = 19, GENES = SIDE * SIDE + 2 * SIDE + 1, PHOTO = 5000 };

static const Function function_set[CODES] = {FUNCTIONS};
static int32_t positions[GENES], bounds[GENES], starts[2] = {0, GENES}, functions[CODES];
static uint8_t genes[GENES], best[GENES], image[PHOTO * GIVEN];

int main(void) {
  Tribe tribe = {.genes = genes, .best = best, .state = 1, .increment = 3, .evaluations = 0};
  for (int i = 0; i < PHOTO * GIVEN; ++i) image[i] = (uint8_t)(next(&tribe) >> 24);
  for (int i = 0; i < PHOTO; ++i) image[i * GIVEN + WINDOW] = image[i * GIVEN + 4] / 2;
  for (int i = 0; i < CODES; ++i) functions[i] = i;
  for (int i = 0; i < GENES; ++i) {
    positions[i] = i;
    bounds[i] = i < SIDE * SIDE ? CODES : i < GENES - 1 ? WINDOW : SIDE;
  }
  const Rule rule = {positions, starts, bounds, functions, NULL, 1, SIDE * SIDE, 1, 4, 1, 1, 500};
  Engine *engine = engine_new(SIDE, SIDE, function_set, CODES, PHOTO, image, 0);
  const int64_t all = INT64_MAX;
  engine_evaluate(engine, genes, &all, 1, &tribe.sae);
  tribe.best_sae = tribe.sae;
  for (int step = 0; step < 64; ++step) {
    tribe.owed = 500;
    while (tribe.owed) engine_advance(engine, &tribe, 1000000, &rule);
    printf("%" PRId64 " %" PRId64 " %" PRId64 " %" PRIu64, tribe.sae, tribe.best_sae,
           tribe.accepted, tribe.state);
    for (int i = 0; i < GENES; ++i) printf(" %d", genes[i]);
    printf("\n");
  }
  engine_free(engine);
  return 0;
}
