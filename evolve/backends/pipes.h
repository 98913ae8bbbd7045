// SPDX-License-Identifier: Apache-2.0
//
// The two pipes of evolve/backends/process.py, for servers in C++.

#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

// The numbers of both files, from EVOARRAY_REQUESTS and EVOARRAY_REPLIES.
class Pipes {
 public:
  // Whether the environment names them.
  static bool named() {
    return std::getenv("EVOARRAY_REQUESTS") && std::getenv("EVOARRAY_REPLIES");
  }

  // Return false where the request pipe has ended before.
  bool read_all(void* data, size_t size) const {
    for (uint8_t* to = static_cast<uint8_t*>(data); size > 0;) {
      const ssize_t got = read(requests_, to, size);
      if (got <= 0) return false;
      to += got;
      size -= got;
    }
    return true;
  }

  // Return false where nobody reads the replies any more.
  bool write_all(const void* data, size_t size) const {
    for (const uint8_t* from = static_cast<const uint8_t*>(data); size > 0;) {
      const ssize_t put = write(replies_, from, size);
      if (put <= 0) return false;
      from += put;
      size -= put;
    }
    return true;
  }

 private:
  const int requests_ = std::atoi(std::getenv("EVOARRAY_REQUESTS"));
  const int replies_ = std::atoi(std::getenv("EVOARRAY_REPLIES"));
};
