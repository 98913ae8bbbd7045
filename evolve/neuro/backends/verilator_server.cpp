// SPDX-License-Identifier: Apache-2.0
//
// Runs the Verilated evoarray_neuro_core for evolve/neuro/backends/verilator.py: requests in, logits out.
// The protocol is described in evolve/neuro/backends/simulated.py.
//
// Usage: evoarray_neuro_core, with pipes in EVOARRAY_REQUESTS and EVOARRAY_REPLIES.

#include <cstdint>
#include <cstdio>
#include <vector>

#include "Vevoarray_neuro_core.h"
#include "pipes.h"
#include "verilated.h"

namespace {

struct Word {
  uint32_t address;
  uint32_t value;
};

// The core with its clock.
class Bench {
 public:
  Bench() {
    top_.rst = 1;
    top_.cfg_valid = 0;
    top_.s_image_valid = 0;
    top_.m_logits_ready = 1;
    for (int i = 0; i < 2; ++i) {
      low();
      high();
    }
    top_.rst = 0;
  }

  // Loads a network, sends the images one after the other, and returns the clock cycles that this
  // took when all logits are there.
  uint64_t run(const std::vector<Word>& words, const std::vector<uint8_t>& images,
               std::vector<int32_t>& logits) {
    const uint64_t before = cycles_;
    top_.cfg_valid = 1;
    for (const Word& word : words) {
      top_.cfg_address = word.address;
      top_.cfg_data = word.value;
      for (bool taken = false; !taken; high()) {
        low();
        taken = top_.cfg_ready;
      }
    }
    top_.cfg_valid = 0;
    size_t sent = 0;  // bytes
    for (size_t got = 0; got < logits.size(); high()) {
      top_.s_image_valid = sent < images.size();
      if (top_.s_image_valid) top_.s_image_value = images[sent];
      low();
      if (top_.s_image_valid && top_.s_image_ready) ++sent;
      if (top_.m_logits_valid) logits[got++] = top_.m_logits_value;
    }
    return cycles_ - before;
  }

 private:
  void low() {
    top_.clk = 0;
    top_.eval();
  }

  void high() {
    top_.clk = 1;
    top_.eval();
    ++cycles_;
  }

  Vevoarray_neuro_core top_;
  uint64_t cycles_ = 0;
};

}  // namespace

int main() {
  if (!Pipes::named()) {
    std::fputs("usage: EVOARRAY_REQUESTS=fd EVOARRAY_REPLIES=fd evoarray_neuro_core\n", stderr);
    return 2;
  }
  const Pipes pipes;
  Bench bench;
  for (uint32_t header[4]; pipes.read_all(header, sizeof header);) {
    const auto [words, images, size, outputs] = header;
    std::vector<Word> configuration(words);
    std::vector<uint8_t> bytes(size_t{images} * size);
    if (!pipes.read_all(configuration.data(), words * sizeof(Word)) ||
        !pipes.read_all(bytes.data(), bytes.size()))
      return 1;
    std::vector<int32_t> logits(size_t{images} * outputs);
    const uint64_t cycles = bench.run(configuration, bytes, logits);
    if (!pipes.write_all(logits.data(), logits.size() * sizeof(int32_t)) ||
        !pipes.write_all(&cycles, sizeof cycles))
      return 1;
  }
  return 0;
}
