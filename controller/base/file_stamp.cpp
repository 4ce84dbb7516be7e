#include "base/file_stamp.h"

#include <sys/stat.h>

#include <chrono>

namespace apiclient {
namespace {

// Coarser than any file system's timestamps: two changes within it may carry one stamp.
constexpr std::chrono::seconds kGranularity{2};

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

FileStamp FileStamp::of(const std::string& path) {
  FileStamp stamp;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return stamp;
  stamp.device_ = status.st_dev;
  stamp.inode_ = status.st_ino;
  stamp.size_ = status.st_size;
  stamp.modified_ns_ = nanoseconds(status.st_mtim);
  stamp.changed_ns_ = nanoseconds(status.st_ctim);
  return stamp;
}

bool FileStamp::is_settled() const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::nanoseconds(changed_ns_) + kGranularity < now;
}

}  // namespace apiclient
