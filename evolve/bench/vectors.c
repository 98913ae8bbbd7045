// SPDX-License-Identifier: Apache-2.0
// What a core does at best with the engine's loops: vectors that come from the nearest cache, and go
// back there.
#include <stdint.h>

enum { SIZE = 4096 };

void vectors(int64_t times) {
  uint8_t a[SIZE] = {1}, b[SIZE] = {2}, c[SIZE] = {3};
  for (int64_t n = 0; n < times; ++n) {
    for (int i = 0; i < SIZE; ++i) c[i] = a[i] < b[i] ? a[i] : b[i];
    __asm__ volatile("" : : "r"(c) : "memory");  // so that it is not done once for all
  }
}
