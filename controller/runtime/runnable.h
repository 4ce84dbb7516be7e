#pragma once
// Something that the manager runs on a thread of its own until it is asked to stop.

#include <stop_token>
#include <string>

#include "base/result.h"

namespace apiclient::runtime {

class Runnable {
 public:
  Runnable() = default;
  Runnable(const Runnable&) = delete;
  Runnable& operator=(const Runnable&) = delete;
  virtual ~Runnable() = default;

  [[nodiscard]] virtual std::string name() const = 0;
  /// Blocks. Returning before stop is requested, with or without an error, ends the whole program.
  virtual Result<void> run(std::stop_token stop) = 0;
};

/// A cache that must be complete before controllers start.
class Syncable {
 public:
  Syncable() = default;
  Syncable(const Syncable&) = delete;
  Syncable& operator=(const Syncable&) = delete;
  virtual ~Syncable() = default;
  /// True once the first complete list has been stored and has reached every handler.
  [[nodiscard]] virtual bool has_synced() const = 0;
};

}  // namespace apiclient::runtime
