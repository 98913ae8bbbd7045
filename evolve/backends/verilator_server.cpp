// SPDX-License-Identifier: Apache-2.0
//
// Runs the Verilated evaluator for evolve/backends/verilator.py: requests in, fitness out.
// The protocol is described in evolve/backends/process.py.
//
// Usage: evaluator WIDTH HEIGHT IMAGES, where the file IMAGES holds the noisy and the reference
// pixels, one byte each, row by row. EVOARRAY_REQUESTS and EVOARRAY_REPLIES are pipes.

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "Vevaluator.h"
#include "verilated.h"

namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kGenes = ROWS * COLS + ROWS + COLS + 1;  // also the address of the commit

bool read_all(int file, void* data, size_t size) {
  for (uint8_t* to = static_cast<uint8_t*>(data); size > 0;) {
    const ssize_t got = read(file, to, size);
    if (got <= 0) return false;
    to += got;
    size -= got;
  }
  return true;
}

bool write_all(int file, const void* data, size_t size) {
  for (const uint8_t* from = static_cast<const uint8_t*>(data); size > 0;) {
    const ssize_t put = write(file, from, size);
    if (put <= 0) return false;
    from += put;
    size -= put;
  }
  return true;
}

// The evaluator with its clock, its two images, and the genes that its shadow holds.
class Bench {
 public:
  Bench(uint32_t width, uint32_t height, const Bytes& images)
      : pixels_(size_t{width} * height), images_(images), shadow_(kGenes, kNoGene) {
    top_.frame_width = width;
    top_.frame_height = height;
    top_.s_reference_valid = 1;
    top_.m_filtered_ready = 1;
    reset();
  }

  // Streams one frame per circuit, back to back, and returns the clock cycles. The genes of a
  // frame are written while the frame before it runs; a frame waits for its commit. A frame that
  // exceeds its limit is dropped. Keeps the last frame's pixels in `filtered`.
  uint64_t run(const uint8_t* batch, const uint32_t* limits, size_t count, uint32_t* saes,
               uint8_t* filtered) {
    const uint64_t before = cycles_;
    size_t committed = 0;  // circuits
    size_t started = 0;    // frames of which all noisy pixels are in
    size_t gene = 0;       // the next one of the circuit that is being written
    size_t noisy = 0;      // the next pixel of each stream
    size_t reference = 0;
    for (size_t done = 0; done < count;) {
      const bool configures = committed < count;
      const uint8_t* circuit = batch + committed * kGenes;
      while (configures && gene < kGenes && shadow_[gene] == circuit[gene]) ++gene;
      top_.cfg_valid = configures;
      top_.cfg_address = gene;
      top_.cfg_gene = configures && gene < kGenes ? circuit[gene] : 0;
      top_.s_noisy_valid = started < committed;
      top_.s_noisy_pixel = images_[noisy];
      top_.s_reference_pixel = images_[pixels_ + reference];
      top_.sae_limit = limits[done];
      low();

      if (top_.cfg_valid && top_.cfg_ready) {
        if (gene < kGenes) {
          shadow_[gene] = circuit[gene];
        } else {
          gene = 0;
          ++committed;
        }
      }
      if (top_.s_noisy_valid && top_.s_noisy_ready && ++noisy == pixels_) {
        noisy = 0;
        ++started;
      }
      if (top_.m_filtered_valid) {
        filtered[reference] = top_.m_filtered_pixel;
        if (++reference == pixels_) reference = 0;
      }
      const bool over = top_.sae_over;
      if (top_.sae_valid) saes[done++] = top_.sae_sum;
      high();
      if (over) {
        saes[done] = limits[done] + 1;
        committed = started = ++done;
        gene = noisy = reference = 0;
        reset();
      }
    }
    return cycles_ - before;
  }

 private:
  static constexpr uint8_t kNoGene = 0xff;  // so that every gene is written once

  void low() {
    top_.clk = 0;
    top_.eval();
  }

  void high() {
    top_.clk = 1;
    top_.eval();
    ++cycles_;
  }

  void reset() {
    top_.rst = 1;
    top_.cfg_valid = 0;
    low();
    high();
    top_.rst = 0;
  }

  Vevaluator top_;
  uint64_t cycles_ = 0;
  const size_t pixels_;
  const Bytes& images_;
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
  const char* request_pipe = std::getenv("EVOARRAY_REQUESTS");
  const char* reply_pipe = std::getenv("EVOARRAY_REPLIES");
  if (argc != 4 || !request_pipe || !reply_pipe) {
    std::fputs("usage: EVOARRAY_REQUESTS=fd EVOARRAY_REPLIES=fd evaluator WIDTH HEIGHT IMAGES\n",
               stderr);
    return 2;
  }
  const uint32_t width = std::atoi(argv[1]);
  const uint32_t height = std::atoi(argv[2]);
  const size_t pixels = size_t{width} * height;
  const int requests = std::atoi(request_pipe);
  const int replies = std::atoi(reply_pipe);
  const Bytes images = read_images(argv[3], 2 * pixels);

  Bench bench(width, height, images);
  Bytes filtered(pixels);
  for (uint32_t header[2]; read_all(requests, header, sizeof header);) {
    const uint32_t count = header[0];
    std::vector<uint32_t> limits(count);
    Bytes batch(count * kGenes);
    if (!read_all(requests, limits.data(), count * sizeof(uint32_t)) ||
        !read_all(requests, batch.data(), batch.size()))
      return 1;
    std::vector<uint32_t> saes(count);
    const uint64_t cycles =
        bench.run(batch.data(), limits.data(), count, saes.data(), filtered.data());
    if (!write_all(replies, saes.data(), count * sizeof(uint32_t)) ||
        !write_all(replies, &cycles, sizeof cycles) ||
        (header[1] && !write_all(replies, filtered.data(), filtered.size())))
      return 1;
  }
  return 0;
}
