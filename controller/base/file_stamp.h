#pragma once
// Tells whether a file was replaced or changed since it was read, without reading it. Plain value.

#include <cstdint>
#include <string>

namespace apiclient {

class FileStamp {
 public:
  /// All zero when there is no such file. Take it before reading, so that a change in between is seen as one.
  static FileStamp of(const std::string& path);

  /// Old enough that a later change must show in it.
  [[nodiscard]] bool is_settled() const;
  bool operator==(const FileStamp&) const = default;

 private:
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
  std::int64_t size_ = 0;
  std::int64_t modified_ns_ = 0;
  std::int64_t changed_ns_ = 0;
};

}  // namespace apiclient
