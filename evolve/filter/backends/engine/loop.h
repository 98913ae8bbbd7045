// SPDX-License-Identifier: Apache-2.0
//
// The inner loop: children are drawn, judged, and accepted or not, as evolve/filter/tribe.py has it.

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
