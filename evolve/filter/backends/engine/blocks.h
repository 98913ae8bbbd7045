// SPDX-License-Identifier: Apache-2.0
//
// Computing what was planned, block by block, and how far it is from the reference.

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
