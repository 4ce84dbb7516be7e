#pragma once
// How long calls to a registry may take. A write that mints, sets or deletes must be over before another
// replica can hold the lease (design: 4 s).

#include <chrono>

namespace apiclient::backend {

inline constexpr std::chrono::milliseconds kWriteTimeout{4'000};
inline constexpr std::chrono::milliseconds kReadTimeout{10'000};

/// Where a write is a read and a write, each sent once: both together are over in that time.
inline constexpr std::chrono::milliseconds kReadBeforeWriteTimeout{1'500};
inline constexpr std::chrono::milliseconds kWriteAfterReadTimeout = kWriteTimeout - kReadBeforeWriteTimeout;

}  // namespace apiclient::backend
