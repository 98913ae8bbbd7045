// SPDX-License-Identifier: Apache-2.0
//
// Runs the Verilated verilator_bench.v for evolve/filter/backends/verilator.py: requests in,
// fitness out. The protocol is described in evolve/filter/backends/simulated.py.
//
// Usage: verilator_bench WIDTH HEIGHT IMAGES, where the file IMAGES holds, row by row, the nine
// pixels of every window and then the reference pixels. EVOARRAY_REQUESTS and EVOARRAY_REPLIES are
// pipes.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <vector>

#include "Vverilator_bench.h"
#include "Vverilator_bench___024root.h"
#include "pipes.h"
#include "verilated.h"

// What Vverilator_bench::eval() comes down to at a rising edge of clk: registers take their next
// values, and what hangs on them is settled. As nothing hangs on an input (verilator_bench.v), it
// need not be asked three times a cycle whether there was an edge.
void Vverilator_bench___024root___eval_nba(Vverilator_bench___024root*);

namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kGenes = ROWS * COLS + ROWS + COLS + 1;  // also the address of the commit
constexpr size_t kWindow = 9;  // pixels
constexpr size_t kCentre = 4;

// A position in a batch of frames.
struct Place {
  size_t frame = 0;
  size_t pixel = 0;

  void advance(size_t pixels) {
    if (++pixel == pixels) *this = {frame + 1, 0};
  }
};

// The evaluator with its clock, its images, and the genes that its shadow holds.
class Bench {
 public:
  Bench(uint32_t width, uint32_t height, const Bytes& images)
      : pixels_(size_t{width} * height),
        windows_(images.data()),
        reference_(windows_ + kWindow * pixels_),
        errors_(pixels_),
        shadow_(kGenes, kNoGene) {
    ports_.frame_width = width;
    ports_.frame_height = height;
    top_.eval();                    // initializes
    ports_.__VnbaTriggered[0] = 1;  // a rising edge of clk
    ports_.rst = 1;
    edge();
  }

  // Streams one frame per circuit, back to back, and returns the clock cycles. The genes of a
  // frame are written while the frame before it runs; a frame waits for its commit. Frames whose
  // pixels are wanted come as pixels, row by row. Those that are only measured come as windows,
  // those first on which good circuits have erred most. A frame is dropped when it exceeds its
  // limit. Keeps the last frame's pixels in `filtered`.
  uint64_t run(const uint8_t* batch, const uint32_t* limits, size_t count, bool wanted,
               uint32_t* saes, uint8_t* filtered) {
    const uint64_t before = cycles_;
    const std::vector<uint32_t> order = wanted ? row_by_row() : worst_first();
    size_t committed = 0;  // circuits
    size_t gene = 0;       // the next one of the circuit that is being written
    Place in;              // the next noisy pixel or window
    Place out;             // the next filtered pixel
    for (size_t done = 0; done < count;) {
      const bool configures = committed < count;
      const uint8_t* circuit = batch + committed * kGenes;
      while (configures && gene < kGenes && shadow_[gene] == circuit[gene]) ++gene;
      ports_.cfg_valid = configures;
      ports_.cfg_address = gene;
      ports_.cfg_gene = configures && gene < kGenes ? circuit[gene] : 0;
      const bool streams = in.frame < committed;
      ports_.s_noisy_valid = streams && wanted;
      ports_.s_window_valid = streams && !wanted;
      ports_.s_window_last = in.pixel + 1 == pixels_;
      const uint8_t* window = windows_ + kWindow * order[in.pixel];
      std::memcpy(&ports_.s_window_pixels, window, kWindow);
      ports_.s_noisy_pixel = window[kCentre];
      const size_t leaving = order[out.pixel];
      ports_.s_reference_pixel = reference_[leaving];
      ports_.sae_limit = limits[done];
      edge();
      ports_.rst = 0;

      // What stands here now will happen at the next edge.
      if (ports_.cfg_valid && ports_.cfg_ready) {
        if (gene < kGenes) {
          shadow_[gene] = circuit[gene];
        } else {
          gene = 0;
          ++committed;
        }
      }
      if ((ports_.s_noisy_valid && ports_.s_noisy_ready) ||
          (ports_.s_window_valid && ports_.s_window_ready))
        in.advance(pixels_);
      if (ports_.m_filtered_valid) {
        filtered[leaving] = ports_.m_filtered_pixel;
        out.advance(pixels_);
      }
      if (ports_.sae_over) {
        saes[done] = limits[done] + 1;
        committed = ++done;
        in = out = {done, 0};
        gene = 0;
        ports_.rst = 1;
      } else if (ports_.sae_valid) {
        if (limits[done] != kNoLimit) learn(filtered);
        saes[done++] = ports_.sae_sum;
      }
    }
    return cycles_ - before;
  }

 private:
  static constexpr uint8_t kNoGene = 0xff;  // so that every gene is written once
  static constexpr uint32_t kNoLimit = 0xffffffff;
  static constexpr unsigned kMemory = 8;  // frames, about, after which errors are forgotten

  // Adds up the errors of a frame within its limit: its circuit is a parent now, and those that
  // follow err where their parents do. A memory serves several tribes better than the last frame.
  // The first pixels may already be of the next frame; this is only an order.
  void learn(const uint8_t* filtered) {
    for (size_t i = 0; i < pixels_; ++i)
      errors_[i] += std::abs(filtered[i] - reference_[i]) - errors_[i] / kMemory;
  }

  std::vector<uint32_t> row_by_row() const {
    std::vector<uint32_t> order(pixels_);
    std::iota(order.begin(), order.end(), 0);
    return order;
  }

  std::vector<uint32_t> worst_first() const {
    std::vector<size_t> ends(256 * kMemory);  // of the pixels with at least this error
    for (const uint16_t error : errors_) ++ends[error];
    std::partial_sum(ends.rbegin(), ends.rend(), ends.rbegin());
    std::vector<uint32_t> order(pixels_);
    for (size_t i = pixels_; i-- > 0;) order[--ends[errors_[i]]] = i;
    return order;
  }

  void edge() {
    Vverilator_bench___024root___eval_nba(&ports_);
    ++cycles_;
  }

  Vverilator_bench top_;
  Vverilator_bench___024root& ports_ = *top_.rootp;  // of top_, which only refers to them
  uint64_t cycles_ = 0;
  const size_t pixels_;
  const uint8_t* const windows_;
  const uint8_t* const reference_;
  std::vector<uint16_t> errors_;  // of each, by learn()
  Bytes shadow_;
};

Bytes read_images(const char* path, size_t size) {
  Bytes images(size);
  std::FILE* file = std::fopen(path, "rb");
  if (!file || std::fread(images.data(), 1, size, file) != size) {
    std::perror(path);
    std::exit(1);
  }
  std::fclose(file);
  return images;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 || !Pipes::named()) {
    std::fputs(
        "usage: EVOARRAY_REQUESTS=fd EVOARRAY_REPLIES=fd verilator_bench WIDTH HEIGHT IMAGES\n",
        stderr);
    return 2;
  }
  const uint32_t width = std::atoi(argv[1]);
  const uint32_t height = std::atoi(argv[2]);
  const size_t pixels = size_t{width} * height;
  const Pipes pipes;
  const Bytes images = read_images(argv[3], (kWindow + 1) * pixels);

  Bench bench(width, height, images);
  Bytes filtered(pixels);
  for (uint32_t header[2]; pipes.read_all(header, sizeof header);) {
    const uint32_t count = header[0];
    const bool wanted = header[1] != 0;
    std::vector<uint32_t> limits(count);
    Bytes batch(count * kGenes);
    if (!pipes.read_all(limits.data(), count * sizeof(uint32_t)) ||
        !pipes.read_all(batch.data(), batch.size()))
      return 1;
    std::vector<uint32_t> saes(count);
    const uint64_t cycles =
        bench.run(batch.data(), limits.data(), count, wanted, saes.data(), filtered.data());
    if (!pipes.write_all(saes.data(), count * sizeof(uint32_t)) ||
        !pipes.write_all(&cycles, sizeof cycles) ||
        (wanted && !pipes.write_all(filtered.data(), filtered.size())))
      return 1;
  }
  return 0;
}
