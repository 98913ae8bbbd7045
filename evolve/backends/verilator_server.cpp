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

constexpr size_t kGenes = ROWS * COLS + ROWS + COLS + 1;
constexpr size_t kSwapAddress = kGenes;

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
      : pixels_(size_t{width} * height), images_(images), shadow_(kGenes, 0xff) {
    top_.rst = 1;
    top_.frame_width = width;
    top_.frame_height = height;
    cycle();
    top_.rst = 0;
  }

  // Streams one frame per circuit, back to back. The genes of a frame are written while the frame
  // before it runs; a frame waits for its commit. Keeps the last frame's pixels in `filtered`.
  void run(const uint8_t* batch, size_t count, uint32_t* saes, uint8_t* filtered) {
    size_t configured = 0;  // circuits committed
    size_t gene = 0;        // next gene of the circuit being written
    size_t started = 0;     // frames of which all noisy pixels are in
    size_t noisy = 0;
    size_t reference = 0;
    for (size_t done = 0; done < count;) {
      const uint8_t* circuit = batch + configured * kGenes;
      if (configured < count)
        while (gene < kGenes && shadow_[gene] == circuit[gene]) ++gene;
      top_.cfg_valid = configured < count;
      top_.cfg_address = gene < kGenes ? gene : kSwapAddress;
      top_.cfg_gene = gene < kGenes && configured < count ? circuit[gene] : 0;
      top_.s_noisy_valid = started < configured;
      top_.s_noisy_pixel = images_[noisy];
      top_.s_reference_valid = 1;
      top_.s_reference_pixel = images_[pixels_ + reference];
      top_.m_filtered_ready = 1;
      top_.clk = 0;
      top_.eval();

      if (top_.cfg_valid && top_.cfg_ready) {
        if (gene < kGenes) {
          shadow_[gene] = circuit[gene];
        } else {
          gene = 0;
          ++configured;
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
      if (top_.sae_valid) saes[done++] = top_.sae_sum;
      top_.clk = 1;
      top_.eval();
    }
  }

 private:
  void cycle() {
    top_.clk = 0;
    top_.eval();
    top_.clk = 1;
    top_.eval();
  }

  Vevaluator top_;
  const size_t pixels_;
  const Bytes& images_;
  Bytes shadow_;  // 0xff is no gene: every gene is written once
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
    Bytes batch(count * kGenes);
    std::vector<uint32_t> saes(count);
    if (!read_all(requests, batch.data(), batch.size())) return 1;
    bench.run(batch.data(), count, saes.data(), filtered.data());
    if (!write_all(replies, saes.data(), saes.size() * sizeof saes[0])) return 1;
    if (header[1] && !write_all(replies, filtered.data(), filtered.size())) return 1;
  }
  return 0;
}
